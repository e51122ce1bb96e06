/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Geometry;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random allocations, cuts and frees beside a bitmap of allocated pages. Because free buddies are always merged, the
 * bitmap alone tells how many free blocks of each order there must be, and so which allocations must fail.
 */
class ZoneModelTest {
    private static final int NR_STEPS = 1_000_000;
    private static final int CHECK_EVERY = 5_000;

    private record Block(long pfn, int order) {}

    /** Allocated blocks in no order; removes any of them in constant time. */
    private static final class Blocks {
        private final Block[] blocks;
        private int nrBlocks;

        Blocks(int capacity) {
            blocks = new Block[capacity];
        }

        void add(Block block) {
            blocks[nrBlocks++] = block;
        }

        Block removeAny(SplittableRandom random) {
            int chosen = random.nextInt(nrBlocks);
            Block block = blocks[chosen];
            blocks[chosen] = blocks[--nrBlocks];
            return block;
        }

        boolean isEmpty() {
            return nrBlocks == 0;
        }
    }

    @ParameterizedTest
    @CsvSource({"16384, true", "16384, false", "10007, true", "5000, false"})
    void freeBlocksAreWhatTheBitmapSays(int nrPages, boolean withHeadBits) {
        SplittableRandom random = TestSeed.random("ZoneModelTest " + nrPages + ' ' + withHeadBits);
        BitSet allocated = new BitSet(nrPages);
        Blocks blocks = new Blocks(nrPages);
        try (ZoneFixture fixture =
                withHeadBits ? ZoneFixture.withHeadBits(nrPages) : ZoneFixture.withoutHeadBits(nrPages)) {
            int fillPercent = 50;
            for (int step = 1; step <= NR_STEPS; step++) {
                if (blocks.isEmpty() || random.nextInt(100) < fillPercent) {
                    allocate(fixture, random, allocated, blocks);
                } else {
                    free(fixture, blocks.removeAny(random), allocated);
                }
                if (step % CHECK_EVERY == 0) {
                    check(fixture, allocated);
                    // Alternate between a nearly full and a nearly empty zone.
                    fillPercent = 20 + random.nextInt(60);
                }
            }
            while (!blocks.isEmpty()) {
                free(fixture, blocks.removeAny(random), allocated);
            }
            assertArrayEquals(ZoneFixture.maximalBlocks(nrPages), fixture.freeBlocks(), TestSeed.asOption());
        }
    }

    private static void allocate(ZoneFixture fixture, SplittableRandom random, BitSet allocated, Blocks blocks) {
        int order = Integer.numberOfTrailingZeros(random.nextInt() | 1 << random.nextInt(Geometry.NR_ORDERS));
        int nrPages = 1 << order;
        int smallest = smallestSufficient(fixture, order);
        long pfn = fixture.allocate(order);
        if (smallest > Geometry.MAX_ORDER) {
            assertEquals(-1, pfn, "allocated order " + order + " from nothing, " + TestSeed.asOption());
            return;
        }
        assertTrue(Geometry.isAligned(pfn, order), "alignment, " + TestSeed.asOption());
        int next = allocated.nextSetBit((int) pfn);
        assertTrue(next < 0 || next >= pfn + nrPages, "handed out twice: pfn=" + pfn + ", " + TestSeed.asOption());
        assertTrue(pfn + nrPages <= fixture.arena.nrPages(), "beyond the arena, " + TestSeed.asOption());
        allocated.set((int) pfn, (int) pfn + nrPages);
        blocks.add(new Block(pfn, order));
    }

    /** Order of the block that the zone must take, above the largest if it must fail. */
    private static int smallestSufficient(ZoneFixture fixture, int order) {
        int smallest = order;
        while (smallest <= Geometry.MAX_ORDER && fixture.zone.nrFree(smallest) == 0) {
            smallest++;
        }
        return smallest;
    }

    private static void free(ZoneFixture fixture, Block block, BitSet allocated) {
        fixture.free(block.pfn, block.order);
        allocated.clear((int) block.pfn, (int) block.pfn + (1 << block.order));
    }

    private static void check(ZoneFixture fixture, BitSet allocated) {
        long nrPages = fixture.arena.nrPages();
        assertArrayEquals(freeBlocks(allocated, nrPages), fixture.freeBlocks(), TestSeed.asOption());
        assertEquals(nrPages - allocated.cardinality(), fixture.zone.nrFreePages(), TestSeed.asOption());
        ZoneChecker.check(fixture.zone);
    }

    /** The free pages as maximal aligned blocks. */
    private static long[] freeBlocks(BitSet allocated, long nrPages) {
        long[] nrFree = new long[Geometry.NR_ORDERS];
        long pfn = 0;
        while (pfn < nrPages) {
            int order = Math.min(Long.numberOfTrailingZeros(pfn), Geometry.MAX_ORDER);
            int next = allocated.nextSetBit((int) pfn);
            long end = next < 0 ? nrPages : next;
            while (order >= 0 && pfn + Geometry.pagesIn(order) > end) {
                order--;
            }
            if (order >= 0) {
                nrFree[order]++;
                pfn += Geometry.pagesIn(order);
            } else {
                pfn = allocated.nextClearBit((int) pfn);
            }
        }
        return nrFree;
    }
}
