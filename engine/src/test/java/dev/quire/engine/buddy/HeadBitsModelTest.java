/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Cuts blocks and makes them whole at random, beside a BitSet that holds the same heads. */
class HeadBitsModelTest {
    private static final int NR_PAGES = 2 << Geometry.PUD_ORDER;
    private static final int NR_STEPS = 500_000;
    private static final int CHECK_EVERY = 5_000;

    private final SplittableRandom random = TestSeed.random("HeadBitsModelTest");
    private final BitSet heads = new BitSet(NR_PAGES);

    @Test
    void sameHeadsAsTheModel() {
        try (PageArena arena = PageArena.open(NR_PAGES, 1, 1, Backing.AUTOMATIC)) {
            HeadBits headBits = new HeadBits(arena);
            for (int first = 0; first < NR_PAGES; first += 1 << Geometry.PUD_ORDER) {
                headBits.setHead(first, Geometry.PUD_ORDER);
                heads.set(first);
            }
            for (int step = 1; step <= NR_STEPS; step++) {
                step(headBits);
                if (step % CHECK_EVERY == 0) {
                    checkAll(headBits, step);
                }
            }
        }
    }

    private void step(HeadBits headBits) {
        int pfn = random.nextInt(NR_PAGES);
        int start = heads.previousSetBit(pfn);
        int order = orderAt(start);
        switch (random.nextInt(5)) {
            case 0 -> cutUniformly(headBits, start, order);
            case 1, 2 -> cutAround(headBits, start, order, pfn);
            case 3 -> makeWhole(headBits, pfn);
            default -> mergeBuddies(headBits, start, order);
        }
        assertEquals(heads.previousSetBit(pfn), headBits.headOf(pfn), TestSeed.asOption());
    }

    private void cutUniformly(HeadBits headBits, int start, int order) {
        int newOrder = random.nextInt(order + 1);
        headBits.setUniform(start, order, newOrder);
        for (int head = start; head < start + (1 << order); head += 1 << newOrder) {
            heads.set(head);
        }
    }

    private void cutAround(HeadBits headBits, int start, int order, int splitAt) {
        int newOrder = random.nextInt(order + 1);
        int first = start;
        for (int half = order - 1; half >= newOrder; half--) {
            int upper = first + (1 << half);
            headBits.setHead(upper, order);
            heads.set(upper);
            first = splitAt >= upper ? upper : first;
        }
    }

    /** Makes a random aligned range one block, if it consists of whole blocks. */
    private void makeWhole(HeadBits headBits, int pfn) {
        int order = random.nextInt(Geometry.PUD_ORDER + 1);
        int start = (int) Geometry.alignDown(pfn, order);
        if (heads.get(start)) {
            heads.clear(start + 1, start + Math.max(1 << order, 1 << orderAt(start)));
            int whole = Math.max(order, orderAt(start));
            headBits.clearInside(start, whole);
        }
    }

    private void mergeBuddies(HeadBits headBits, int start, int order) {
        int buddy = start ^ 1 << order;
        if (order < Geometry.PUD_ORDER && heads.get(buddy) && orderAt(buddy) == order) {
            headBits.clearHead(Math.max(start, buddy), order + 1);
            heads.clear(Math.max(start, buddy));
        }
    }

    private int orderAt(int start) {
        int next = heads.nextSetBit(start + 1);
        return Integer.numberOfTrailingZeros((next < 0 ? NR_PAGES : next) - start);
    }

    private void checkAll(HeadBits headBits, int step) {
        int head = 0;
        for (int pfn = 0; pfn < NR_PAGES; pfn++) {
            boolean expected = heads.get(pfn);
            head = expected ? pfn : head;
            if (headBits.isHead(pfn) != expected || headBits.headOf(pfn) != head) {
                assertEquals(expected, headBits.isHead(pfn), "step=" + step + ", pfn=" + pfn + TestSeed.asOption());
                assertEquals(head, headBits.headOf(pfn), "step=" + step + ", pfn=" + pfn + TestSeed.asOption());
            }
        }
    }
}
