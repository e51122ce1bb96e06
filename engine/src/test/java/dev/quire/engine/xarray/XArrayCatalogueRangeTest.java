/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import org.junit.jupiter.api.Test;

/** Stores over any range and entries of any alignment, as the kernel's own suite checks them. */
class XArrayCatalogueRangeTest extends XArrayCatalogue {
    /** check_store_range. */
    @Test
    void aRangeLoadsAtItsEndsAndNowhereElse() {
        for (long base : new long[] {0, 128, 4095, 4096, 123456, 1 << 24}) {
            for (int first = 0; first < 128; first++) {
                for (int last = first; last < 128; last++) {
                    storeAndErase(base + first, base + last);
                }
            }
        }
    }

    private void storeAndErase(long first, long last) {
        assertEquals(Errno.OK, array.storeRange(first, last, value(first)));
        assertEquals(value(first), load(first));
        assertEquals(value(first), load(last));
        assertEquals(value(first), load(first + ((last - first) >>> 1)));
        assertEquals(0, load(first - 1));
        assertEquals(0, load(last + 1));
        assertEquals(Errno.OK, array.storeRange(first, last, 0));
        assertTrue(isEmpty());
    }

    @Test
    void aRangeToTheLastIndex() {
        for (long first : new long[] {MAX, MAX - 1, MAX - 63, MAX - 64, Long.MIN_VALUE, Long.MAX_VALUE, 1}) {
            storeAndErase(first, MAX);
        }
    }

    @Test
    void aRangeThatEndsBeforeItBeginsIsRefused() {
        storeIndex(5);
        String before = text();
        assertEquals(Errno.EINVAL, array.storeRange(7, 6, value(7)));
        assertEquals(before, text());
        eraseIndex(5);
    }

    @Test
    void internalEntriesAreRefusedEverywhere() {
        long tagged = pointer(1) | 2;
        assertThrows(IllegalArgumentException.class, () -> array.store(0, tagged));
        assertThrows(IllegalArgumentException.class, () -> array.store(0, XaEntry.sibling(1, 7)));
        assertThrows(IllegalArgumentException.class, () -> array.store(0, XaEntry.RETRY));
        assertThrows(IllegalArgumentException.class, () -> array.insert(0, tagged));
        assertThrows(IllegalArgumentException.class, () -> array.storeOrder(0, 2, tagged));
        assertThrows(IllegalArgumentException.class, () -> array.storeRange(0, 2, tagged));
        assertThrows(IllegalArgumentException.class, () -> array.compareExchange(0, 0, tagged));
        assertTrue(isEmpty());
    }

    @Test
    void misalignedIndicesAndBadOrdersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> array.storeOrder(1, 1, value(1)));
        assertThrows(IllegalArgumentException.class, () -> array.storeOrder(0, 64, value(1)));
        assertThrows(IllegalArgumentException.class, () -> array.storeOrder(0, -1, value(1)));
        assertThrows(IllegalArgumentException.class, () -> array.setMark(0, 3));
        assertThrows(IllegalArgumentException.class, () -> array.clearMark(0, -1));
        assertTrue(isEmpty());
    }

    /** check_align. */
    @Test
    void taggedPointersAreNoErrors() {
        for (int tag : new int[] {0, 1, 3}) {
            long word = pointer(7) | tag;
            for (int i = 0; i < 8; i++) {
                assertEquals(0, store(i, word));
            }
            for (Found found : findAll(0, XArray.PRESENT)) {
                assertEquals(word, found.word());
                assertTrue(!XaEntry.isError(word));
            }
            array.destroy();
        }
    }
}
