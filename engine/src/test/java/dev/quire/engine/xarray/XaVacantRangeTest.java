/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A range stored where nothing is leaves the very tree that the general way leaves, which an array goes whose changed
 * nodes somebody wants to hear of.
 */
class XaVacantRangeTest extends XArrayCatalogue {
    private static final int NR_STEPS = 3_000;

    /** Ranges that stand at a time, so that some are stored beside, over and between others. */
    private static final int MAX_RANGES = 12;

    @ParameterizedTest
    @ValueSource(ints = {6, 9, 13, 20, 34, 63, 64})
    void theTreeIsThatOfTheGeneralWay(int bits) {
        SplittableRandom random = TestSeed.random("theTreeIsThatOfTheGeneralWay, " + bits + " bits");
        XArray general = engine.newArray(0);
        general.lock();
        general.update(node -> {});
        general.unlock();
        int nrVacant = 0;
        for (int step = 0; step < NR_STEPS; step++) {
            long any = random.nextLong() >>> (Long.SIZE - bits);
            long other = any ^ (random.nextLong() >>> random.nextInt(Long.SIZE - bits, Long.SIZE));
            long first = Long.compareUnsigned(any, other) < 0 ? any : other;
            long last = first == any ? other : any;
            long word = random.nextBoolean() ? XaEntry.value(step) : pointer(step);
            if (step % MAX_RANGES == 0) {
                array.destroy();
                general.destroy();
            } else if (random.nextInt(4) == 0) {
                word = XaEntry.EMPTY;
            }
            nrVacant += isStoredAsVacant(first, last, word) ? 1 : 0;
            assertEquals(Errno.OK, general.storeRange(first, last, word));
            String range = "0x" + Long.toHexString(first) + " to 0x" + Long.toHexString(last);
            assertEquals(XaText.tree(general), XaText.tree(array), range);
            XaChecker.check(array);
            engine.rcu.poll();
        }
        assertTrue(nrVacant > NR_STEPS / 20, "nrVacant=" + nrVacant);
        general.destroy();
    }

    /** Stores a range, and tells whether that took the way that is tested. */
    private boolean isStoredAsVacant(long first, long last, long word) {
        XaCursor cursor = new XaCursor(array);
        array.lock();
        try {
            int result =
                    word == XaEntry.EMPTY ? XaVacantRange.NOT_VACANT : XaVacantRange.store(cursor, first, last, word);
            if (result != XaVacantRange.NOT_VACANT) {
                assertEquals(Errno.OK, result);
                return true;
            }
        } finally {
            array.unlock();
            cursor.destroy();
        }
        assertEquals(Errno.OK, array.storeRange(first, last, word));
        return false;
    }
}
