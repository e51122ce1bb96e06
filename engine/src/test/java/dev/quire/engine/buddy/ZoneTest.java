/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.ZoneStruct;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the zone hands out, what it keeps, and in which state. */
class ZoneTest {
    private static final long GIBIBYTE = Geometry.pagesIn(Geometry.PUD_ORDER);

    @Test
    void expandKeepsOneBlockOfEachOrderBelow() {
        for (int high = 0; high <= Geometry.MAX_ORDER; high++) {
            for (int low = 0; low <= high; low++) {
                try (ZoneFixture fixture = ZoneFixture.withHeadBits(Geometry.pagesIn(high))) {
                    long[] expected = new long[Geometry.NR_ORDERS];
                    Arrays.fill(expected, low, high, 1);

                    assertEquals(0, fixture.allocate(low), "lowest address first");
                    assertArrayEquals(expected, fixture.freeBlocks(), "high=" + high + ", low=" + low);
                    assertEquals(Geometry.pagesIn(high) - Geometry.pagesIn(low), fixture.zone.nrFreePages());
                    for (int order = low; order < high; order++) {
                        long page = fixture.arena.pageAt(Geometry.pagesIn(order));
                        assertEquals(order, PageStruct.privateWord(page), "upper half of order " + order);
                    }
                }
            }
        }
    }

    @Test
    void onlyTheFirstPagesOfBlocksAreWritten() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(GIBIBYTE)) {
            fixture.allocate(9);
            for (long pfn = 0; pfn < GIBIBYTE; pfn++) {
                boolean head = fixture.headBits.isHead(pfn);
                long page = fixture.arena.pageAt(pfn);
                int type = pfn == 0 ? PageStruct.MAPCOUNT_NONE : head ? PageStruct.TYPE_BUDDY : 0;
                assertEquals(type, PageStruct.mapcount(page), "pfn=" + pfn);
                assertEquals(head, ListHead.next(PageStruct.list(page)) != 0, "pfn=" + pfn);
            }
        }
    }

    @Test
    void firstPageOfAnAllocatedBlockIsFrozenAndClean() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            // The page comes back from inside a larger block, where its struct held what a tail holds.
            long tail = fixture.arena.pageAt(32);
            assertEquals(0, fixture.allocate(6));
            PageStruct.flags(tail, 0x55 | PageFlag.HWPOISON.mask());
            PageStruct.mapping(tail, 0xdead_0000_0000_0400L);
            PageStruct.index(tail, 77);
            PageStruct.privateWord(tail, 5);
            PageStruct.memcgData(tail, 9);
            fixture.free(0, 6);
            assertEquals(0, fixture.allocate(5));
            assertEquals(32, fixture.allocate(5));

            assertAll(
                    () -> assertEquals(PageFlag.HWPOISON.mask(), PageStruct.flags(tail), "flags"),
                    () -> assertEquals(0, PageStruct.mapping(tail), "mapping"),
                    () -> assertEquals(0, PageStruct.index(tail), "index"),
                    () -> assertEquals(0, PageStruct.privateWord(tail), "private"),
                    () -> assertEquals(0, PageStruct.memcgData(tail), "memcg data"),
                    () -> assertEquals(0, PageStruct.refcountOpaque(tail), "refcount"),
                    () -> assertEquals(PageStruct.MAPCOUNT_NONE, PageStruct.mapcount(tail), "map count"),
                    () -> assertTrue(ListHead.isEmpty(PageStruct.list(tail)), "list"));
        }
    }

    @Test
    void takesTheSmallestSufficientBlockAndTheLastFreedFirst() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            for (long pfn = 0; pfn < 64; pfn += 4) {
                assertEquals(pfn, fixture.allocate(2));
            }
            fixture.free(16, 2);
            fixture.free(40, 2);
            assertEquals(40, fixture.allocate(2), "last freed first");
            fixture.free(20, 2);
            assertEquals(1, fixture.zone.nrFree(3), "pages 16 to 23 are one block now");
            fixture.free(60, 2);
            assertEquals(60, fixture.allocate(1), "order 2 rather than order 3");
            assertEquals(62, fixture.allocate(1));
            assertEquals(16, fixture.allocate(3));
        }
    }

    @Test
    void blockWhoseParentsBuddyIsFreeGoesToTheTail() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            for (long pfn = 0; pfn < 64; pfn++) {
                assertEquals(pfn, fixture.allocate(0));
            }
            fixture.free(2, 0);
            fixture.free(3, 0);
            fixture.free(32, 0);
            // Its parent's buddy (pages 2 and 3) is free: freeing page 1 next would make a block of four.
            fixture.free(0, 0);

            long list = ZoneStruct.freeList(fixture.arena.zoneBase(), 0);
            assertEquals(32, fixture.arena.pfnOf(PageStruct.pageOfList(ListHead.next(list))));
            assertEquals(0, fixture.arena.pfnOf(PageStruct.pageOfList(ListHead.prev(list))));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 63, 64, 65, 100, 4095, 4097, 12345, 262143, 262144, 262145, 600_001, 786_431})
    void arenaOfAnyLengthIsItsMaximalBlocks(long nrPages) {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(nrPages)) {
            assertArrayEquals(ZoneFixture.maximalBlocks(nrPages), fixture.freeBlocks(), "untouched");
            assertEquals(0, fixture.zone.untouchedPfn());
            int smallest = Long.numberOfTrailingZeros(nrPages);

            long pfn = 0;
            while (pfn < nrPages) {
                int order = Math.min(63 - Long.numberOfLeadingZeros(nrPages - pfn), Geometry.MAX_ORDER);
                assertEquals(pfn, fixture.allocate(order), "order=" + order);
                pfn += Geometry.pagesIn(order);
                assertEquals(pfn, fixture.zone.untouchedPfn());
            }
            assertEquals(0, fixture.zone.nrFreePages());
            assertEquals(-1, fixture.allocate(0), "exhausted");

            while (pfn > 0) {
                int order = Math.min(Long.numberOfTrailingZeros(pfn), Geometry.MAX_ORDER);
                pfn -= Geometry.pagesIn(order);
                fixture.free(pfn, order);
            }
            assertArrayEquals(ZoneFixture.maximalBlocks(nrPages), fixture.freeBlocks(), "all freed");
            assertEquals(nrPages, fixture.zone.nrFreePages());
            assertTrue(fixture.zone.nrFree(Math.min(smallest, Geometry.MAX_ORDER)) > 0);
        }
    }

    @Test
    void untouchedBlocksEnterOneAtATimeAndNeverTooSmallOnes() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(2 * GIBIBYTE + 8)) {
            assertEquals(0, fixture.allocate(0));
            assertEquals(GIBIBYTE, fixture.zone.untouchedPfn(), "the first GiB serves all until it is used up");
            assertEquals(1 << 17, fixture.allocate(17));
            assertEquals(GIBIBYTE, fixture.zone.untouchedPfn());
            assertEquals(GIBIBYTE, fixture.allocate(18));
            assertEquals(-1, fixture.allocate(17));
            assertEquals(2 * GIBIBYTE, fixture.zone.untouchedPfn(), "the rest of 8 pages is too small for order 17");
            assertEquals(1, fixture.zone.nrFree(16));
            assertEquals(2, fixture.zone.nrFree(3), "one listed, one untouched");
        }
    }

    @Test
    void exhaustedThenFreedInRandomOrderIsOneBlockAgain() {
        SplittableRandom random = TestSeed.random("exhaustedThenFreedInRandomOrderIsOneBlockAgain");
        long nrPages = GIBIBYTE / 4;
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(nrPages)) {
            long[] pfns = new long[(int) nrPages];
            for (int page = 0; page < pfns.length; page++) {
                pfns[page] = fixture.allocate(0);
            }
            assertEquals(-1, fixture.allocate(0));
            for (int left = pfns.length; left > 0; left--) {
                int chosen = random.nextInt(left);
                fixture.free(pfns[chosen], 0);
                pfns[chosen] = pfns[left - 1];
            }
            assertArrayEquals(ZoneFixture.maximalBlocks(nrPages), fixture.freeBlocks(), TestSeed.asOption());
        }
    }

    @Test
    void everySecondPageHeldLeavesOnlySinglePages() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(1024)) {
            for (long pfn = 0; pfn < 1024; pfn++) {
                assertEquals(pfn, fixture.allocate(0));
            }
            for (long pfn = 0; pfn < 1024; pfn += 2) {
                fixture.free(pfn, 0);
            }
            assertEquals(512, fixture.zone.nrFree(0));
            assertEquals(-1, fixture.allocate(1));
            fixture.free(511, 0);
            assertEquals(511, fixture.zone.nrFree(0));
            assertEquals(510, fixture.allocate(1));
        }
    }

    @Test
    void piecesOfACutBlockReassembleInAnyOrder() {
        SplittableRandom random = TestSeed.random("piecesOfACutBlockReassembleInAnyOrder");
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(GIBIBYTE)) {
            for (int round = 0; round < 200; round++) {
                assertEquals(0, fixture.allocate(Geometry.MAX_ORDER));
                long splitAt = random.nextLong(GIBIBYTE);
                int newOrder = random.nextInt(Geometry.MAX_ORDER);
                long[][] pieces = cutAround(fixture.headBits, splitAt, newOrder);
                for (long[] piece : pieces) {
                    PageStruct.mapcount(fixture.arena.pageAt(piece[0]), PageStruct.MAPCOUNT_NONE);
                }
                for (int left = pieces.length; left > 0; left--) {
                    int chosen = random.nextInt(left);
                    fixture.free(pieces[chosen][0], (int) pieces[chosen][1]);
                    pieces[chosen] = pieces[left - 1];
                }
                assertEquals(1, fixture.zone.nrFree(Geometry.MAX_ORDER), TestSeed.asOption());
                ZoneChecker.check(fixture.zone);
            }
        }
    }

    /** Cuts block 0 of order 18 in halves around a page; returns the pieces as page number and order. */
    private static long[][] cutAround(HeadBits headBits, long splitAt, int newOrder) {
        long[][] pieces = new long[Geometry.MAX_ORDER - newOrder + 1][];
        long start = 0;
        for (int order = Geometry.MAX_ORDER - 1; order >= newOrder; order--) {
            long upper = start + Geometry.pagesIn(order);
            headBits.setHead(upper, order + 1);
            boolean keepUpper = splitAt >= upper;
            pieces[order - newOrder] = new long[] {keepUpper ? start : upper, order};
            start = keepUpper ? upper : start;
        }
        pieces[Geometry.MAX_ORDER - newOrder] = new long[] {start, newOrder};
        return pieces;
    }

    @Test
    void injectedFailureChangesNothing() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(100)) {
            assertEquals(0, fixture.allocate(3));
            long[] before = fixture.freeBlocks();
            fixture.failures.failAfter(0);
            for (int order = 0; order <= Geometry.MAX_ORDER; order++) {
                assertEquals(-1, fixture.allocate(order));
            }
            assertArrayEquals(before, fixture.freeBlocks());
            fixture.failures.failAfter(1);
            assertEquals(8, fixture.allocate(3));
            assertEquals(-1, fixture.allocate(3));
            fixture.failures.stop();
            assertEquals(16, fixture.allocate(3));
        }
    }

    @Test
    void zoneWithoutHeadBitsDoesNotTouchThem() {
        try (ZoneFixture fixture = ZoneFixture.withoutHeadBits(128)) {
            assertEquals(0, fixture.allocate(0));
            fixture.free(0, 0);
            for (long pfn = 0; pfn < 128; pfn++) {
                assertFalse(fixture.headBits.isHead(pfn));
            }
            assertEquals(1, fixture.zone.nrFree(7));
        }
    }

    @Test
    void worksUnchecked() {
        try (ZoneFixture fixture = ZoneFixture.unchecked(128)) {
            assertEquals(0, fixture.allocate(4));
            fixture.free(0, 4);
            assertEquals(1, fixture.zone.nrFree(7));
        }
    }
}
