/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Takes runs and gives slots back at random, beside a set of taken slots that is searched from one end to the other.
 */
class FreeSlotsModelTest {
    private static final int NR_STEPS = 6_000;
    private static final int STEPS_PER_PHASE = 500;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 511, 512, 4096, 4097, 70_001, 262_144, 300_001})
    void findsWhatASearchFromEndToEndFinds(int nrSlots) {
        SplittableRandom random = TestSeed.random("findsWhatASearchFromEndToEndFinds" + nrSlots);
        try (PageArena arena = PageArena.open(nrSlots, 1, 1, Backing.AUTOMATIC)) {
            FreeSlots slots = new FreeSlots(arena.freeSwapSlotsBase(), nrSlots);
            BitSet taken = new BitSet(nrSlots);
            for (int step = 0; step < NR_STEPS; step++) {
                boolean fills = step / STEPS_PER_PHASE % 2 == 0;
                if (random.nextInt(4) == 0 ^ fills) {
                    take(slots, taken, random, nrSlots);
                } else {
                    giveBack(slots, taken, random, nrSlots);
                }
            }
            giveBack(slots, taken, 0, nrSlots);
            assertEquals(0, taken.cardinality());
            int largest = Math.min(31 - Integer.numberOfLeadingZeros(nrSlots), Geometry.MAX_ORDER);
            assertEquals(0, slots.find(0, largest), "what is given back is whole again");
        }
    }

    private static void take(FreeSlots slots, BitSet taken, SplittableRandom random, int nrSlots) {
        int order = random.nextInt(random.nextInt(8) == 0 ? Geometry.NR_ORDERS : 10);
        long from = random.nextInt(nrSlots + 1);
        long expected = search(taken, from, order, nrSlots);
        assertEquals(expected, slots.find(from, order), () -> TestSeed.asOption() + ", from " + from);
        if (expected != FreeSlots.NONE) {
            slots.take(expected, order);
            taken.set((int) expected, (int) expected + (1 << order));
        }
    }

    private static long search(BitSet taken, long from, int order, int nrSlots) {
        int nrWanted = 1 << order;
        int nrRuns = nrSlots / nrWanted;
        int first = from / nrWanted < nrRuns ? (int) (from / nrWanted) : 0;
        for (int run = 0; run < nrRuns; run++) {
            int slot = (first + run) % nrRuns * nrWanted;
            int next = taken.nextSetBit(slot);
            if (next < 0 || next >= slot + nrWanted) {
                return slot;
            }
        }
        return FreeSlots.NONE;
    }

    private static void giveBack(FreeSlots slots, BitSet taken, SplittableRandom random, int nrSlots) {
        int first = random.nextInt(nrSlots);
        giveBack(slots, taken, first, Math.min(nrSlots, first + 1 + random.nextInt(1 << random.nextInt(14))));
    }

    /** Gives those of a range back that are taken. */
    private static void giveBack(FreeSlots slots, BitSet taken, int first, int end) {
        int slot = taken.nextSetBit(first);
        while (slot >= 0 && slot < end) {
            int block = slot >>> 6;
            long inBlock = 0;
            for (; slot >= 0 && slot < end && slot >>> 6 == block; slot = taken.nextSetBit(slot + 1)) {
                inBlock |= 1L << slot;
            }
            slots.giveBack(block, inBlock);
        }
        taken.clear(first, end);
    }

    @Test
    void aFullAreaHasNoRunAndOneHoleIsFound() {
        int nrSlots = 5 * 4096 + 100;
        try (PageArena arena = PageArena.open(nrSlots, 1, 1, Backing.AUTOMATIC)) {
            FreeSlots slots = new FreeSlots(arena.freeSwapSlotsBase(), nrSlots);
            List<Long> found = new ArrayList<>();
            for (long slot = slots.find(0, 0); slot != FreeSlots.NONE; slot = slots.find(slot, 0)) {
                slots.take(slot, 0);
                found.add(slot);
            }
            assertEquals(nrSlots, found.size());
            assertEquals(nrSlots - 1L, found.getLast());
            for (int order = 0; order <= Geometry.MAX_ORDER; order++) {
                assertEquals(FreeSlots.NONE, slots.find(nrSlots / 2, order));
            }
            slots.giveBack(7000 / 64, 0xffL << 7000 % 64);
            for (int order = 0; order <= 3; order++) {
                assertEquals(7000, slots.find(nrSlots, order));
            }
            assertEquals(FreeSlots.NONE, slots.find(0, 4));
        }
    }

    /** What the arena keeps for the map is enough for any number of slots. */
    @Test
    void fitsWhereTheArenaKeepsRoomForIt() {
        SplittableRandom random = TestSeed.random("fitsWhereTheArenaKeepsRoomForIt");
        for (int step = 0; step < 10_000; step++) {
            long nrSlots = 1 + random.nextLong(1L << random.nextInt(35));
            assertTrue(FreeSlots.bytes(nrSlots) <= nrSlots / 4 + 4096, "slots " + nrSlots);
        }
    }
}
