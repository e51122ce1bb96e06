/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two owners of neighbouring blocks in the same words do not disturb each other. */
class HeadBitsRaceTest {
    private static final int NR_ROUNDS = 1_000_000;
    private static final int NR_SEEN = 1_000;

    /** Order 3 shares level 0 words, order 9 level 1 words, order 15 the level 2 word. */
    @ParameterizedTest
    @ValueSource(ints = {3, 9, 15})
    void neighboursShareAWord(int order) throws Exception {
        try (PageArena arena = PageArena.open(1 << Geometry.PUD_ORDER, 1, 1, Backing.AUTOMATIC);
                ExecutorService owners = Executors.newFixedThreadPool(2)) {
            HeadBits headBits = new HeadBits(arena);
            headBits.setHead(0, Geometry.PUD_ORDER);
            headBits.setUniform(0, Geometry.PUD_ORDER, order);
            CyclicBarrier start = new CyclicBarrier(2);
            List<Future<?>> runs = List.of(
                    owners.submit(() -> cutAndMakeWhole(headBits, start, 2L << order, order)),
                    owners.submit(() -> cutAndMakeWhole(headBits, start, 3L << order, order)));
            for (Future<?> run : runs) {
                run.get();
            }
            for (long block = 0; block < 1L << (Geometry.PUD_ORDER - order); block++) {
                assertTrue(headBits.isWhole(block << order, order), "block=" + block);
                assertEquals(block << order, headBits.headOf(((block + 1) << order) - 1), "block=" + block);
            }
        }
    }

    /** A reader that looks on may be named any piece of the block that is being cut, but nothing outside. */
    @ParameterizedTest
    @ValueSource(ints = {5, 9, 15, 18})
    @Timeout(60)
    void searchesStayInsideTheBlockBeingCut(int order) throws Exception {
        long first = order == Geometry.PUD_ORDER ? 0 : 1L << order;
        try (PageArena arena = PageArena.open(1 << Geometry.PUD_ORDER, 1, 1, Backing.AUTOMATIC);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            HeadBits headBits = new HeadBits(arena);
            headBits.setHead(0, Geometry.PUD_ORDER);
            headBits.setUniform(0, Geometry.PUD_ORDER, order);
            AtomicBoolean done = new AtomicBoolean();
            Future<?> owner = threads.submit(() -> {
                for (int round = 0; !done.get(); round++) {
                    headBits.setUniform(first, order, Math.max(order - 1 - round % 9, 0));
                    headBits.clearInside(first, order);
                }
            });
            Future<?> reader = threads.submit(() -> {
                try {
                    searchUntilPiecesSeen(headBits, first, order);
                } finally {
                    done.set(true);
                }
            });
            reader.get();
            owner.get();
            assertTrue(headBits.isWhole(first, order));
        }
    }

    private static void searchUntilPiecesSeen(HeadBits headBits, long first, int order) {
        long last = first + Geometry.pagesIn(order) - 1;
        int nrPieces = 0;
        int nrWhole = 0;
        for (long step = 0; nrPieces < NR_SEEN || nrWhole < NR_SEEN; step += 77) {
            long pfn = last - (step & (Geometry.pagesIn(order) - 1));
            long head = headBits.headOf(pfn);
            assertTrue(head >= first && head <= pfn, "pfn=" + pfn + ", head=" + head);
            nrPieces += head > first ? 1 : 0;
            nrWhole += headBits.headOf(last) == first ? 1 : 0;
        }
    }

    /** Cuts an owned block around its last page and in equal parts; nobody but the owner changes what is inside. */
    private static Void cutAndMakeWhole(HeadBits headBits, CyclicBarrier start, long pfn, int order) throws Exception {
        long last = pfn + Geometry.pagesIn(order) - 1;
        start.await();
        for (int round = 0; round < NR_ROUNDS; round++) {
            int half = order - 1 - round % 3;
            long head = pfn + Geometry.pagesIn(order) - Geometry.pagesIn(half);
            headBits.setHead(head, order);
            assertEquals(head, headBits.headOf(last));
            assertEquals(pfn, headBits.headOf(head - 1));
            headBits.clearHead(head, order);
            assertEquals(pfn, headBits.headOf(last));
            headBits.setUniform(pfn, order, half);
            assertEquals(head, headBits.headOf(last));
            headBits.clearInside(pfn, order);
            assertEquals(pfn, headBits.headOf(last));
        }
        return null;
    }
}
