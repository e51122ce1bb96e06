/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SummaryBitsTest {
    private static final int NR_PAGES = 1 << 22;
    private static final int NR_STEPS = 20_000;

    @ParameterizedTest
    @CsvSource({"1, 8", "64, 8", "65, 24", "4096, 520", "4097, 544", "262144, 33288"})
    void takesAWordPerWordOfTheLevelBelow(long nrBits, long nrBytes) {
        assertEquals(nrBytes, SummaryBits.bytes(nrBits));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 4095, 4096, 4097, 300_000})
    void theNextClearBitIsThatOfTheModel(int nrBits) {
        SplittableRandom random = TestSeed.random("theNextClearBitIsThatOfTheModel" + nrBits);
        try (PageArena arena = PageArena.open(NR_PAGES, 1, 1, Backing.AUTOMATIC)) {
            SummaryBits bits = new SummaryBits(arena.freeSwapSlotsBase(), nrBits);
            BitSet model = new BitSet(nrBits);
            for (int step = 0; step < NR_STEPS; step++) {
                change(bits, model, random, nrBits);
                int from = random.nextInt(nrBits);
                int clear = model.nextClearBit(from);
                assertEquals(clear < nrBits ? clear : SummaryBits.NONE, bits.nextClear(from), TestSeed.asOption());
            }
        }
    }

    /** Sets or clears up to a few thousand neighbours, so that words fill up and empty on all levels. */
    private static void change(SummaryBits bits, BitSet model, SplittableRandom random, int nrBits) {
        int first = random.nextInt(nrBits);
        int end = Math.min(nrBits, first + 1 + random.nextInt(1 << random.nextInt(random.nextInt(8) == 0 ? 13 : 5)));
        boolean set = random.nextInt(3) > 0;
        model.set(first, end, set);
        for (int bit = first; bit < end; bit++) {
            bits.assign(bit, set);
        }
    }

    @Test
    void thereIsNoClearBitWhereAllAreSetOrBehindTheEnd() {
        int nrBits = 2 * 4096 + 3;
        try (PageArena arena = PageArena.open(NR_PAGES, 1, 1, Backing.AUTOMATIC)) {
            SummaryBits bits = new SummaryBits(arena.freeSwapSlotsBase(), nrBits);
            for (int bit = 0; bit < nrBits; bit++) {
                assertEquals(bit, bits.nextClear(0));
                bits.assign(bit, true);
            }
            assertEquals(SummaryBits.NONE, bits.nextClear(0));
            bits.assign(5000, false);
            assertEquals(5000, bits.nextClear(0));
            assertEquals(SummaryBits.NONE, bits.nextClear(5001));
            assertEquals(SummaryBits.NONE, bits.nextClear(1L << 40));
            assertTrue(SummaryBits.bytes(nrBits) <= arena.freeSwapSlotsBytes());
        }
    }
}
