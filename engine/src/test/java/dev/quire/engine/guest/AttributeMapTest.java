/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AttributeMapTest {
    private static final int NR_PAGES = 40;

    @Test
    void rangesAreJoinedAndCut() {
        AttributeMap map = AttributeMap.allPrivate(100);
        assertEquals("0:private", map.toString());
        map = map.with(10, 20, true);
        assertEquals("0:private 10:shared 20:private", map.toString());
        map = map.with(20, 30, true);
        assertEquals("0:private 10:shared 30:private", map.toString());
        map = map.with(12, 14, false);
        assertEquals("0:private 10:shared 12:private 14:shared 30:private", map.toString());
        map = map.with(5, 25, true);
        assertEquals("0:private 5:shared 30:private", map.toString());
        map = map.with(5, 30, false);
        assertEquals("0:private", map.toString());
    }

    @Test
    void bothEndsAreRangesLikeOthers() {
        AttributeMap map = AttributeMap.allPrivate(100).with(0, 1, true).with(99, 100, true);
        assertEquals("0:shared 1:private 99:shared", map.toString());
        assertEquals("0:shared", map.with(1, 99, true).toString());
        assertEquals("0:private", map.with(0, 100, false).toString());
        assertTrue(map.isShared(0));
        assertFalse(map.isShared(1));
        assertTrue(map.isShared(99));
        assertEquals(1, map.endOfRangeAt(0));
        assertEquals(99, map.endOfRangeAt(1));
        assertEquals(100, map.endOfRangeAt(99));
    }

    @Test
    void aChangeLeavesTheOldMapAsItWas() {
        AttributeMap before = AttributeMap.allPrivate(100).with(10, 20, true);
        before.with(0, 100, true);
        before.with(15, 16, false);
        assertEquals("0:private 10:shared 20:private", before.toString());
    }

    @Test
    void agreesWithAnArray() {
        SplittableRandom random = TestSeed.random("agreesWithAnArray");
        for (int run = 0; run < 200; run++) {
            boolean[] shared = new boolean[NR_PAGES];
            AttributeMap map = AttributeMap.allPrivate(NR_PAGES);
            for (int step = 0; step < 20; step++) {
                int start = random.nextInt(NR_PAGES);
                int end = start + 1 + random.nextInt(NR_PAGES - start);
                boolean state = random.nextBoolean();
                java.util.Arrays.fill(shared, start, end, state);
                map = map.with(start, end, state);
                compare(shared, map);
            }
        }
    }

    private static void compare(boolean[] shared, AttributeMap map) {
        int nrRanges = 1;
        for (int index = 0; index < NR_PAGES; index++) {
            assertEquals(shared[index], map.isShared(index), () -> TestSeed.asOption());
            nrRanges += index > 0 && shared[index] != shared[index - 1] ? 1 : 0;
            int end = index + 1;
            while (end < NR_PAGES && shared[end] == shared[index]) {
                end++;
            }
            assertEquals(end, map.endOfRangeAt(index), () -> TestSeed.asOption());
            assertTrue(map.isAll(index, end, shared[index]), () -> TestSeed.asOption());
            assertFalse(map.isAll(index, end, !shared[index]), () -> TestSeed.asOption());
            assertFalse(end < NR_PAGES && map.isAll(index, end + 1, shared[index]), () -> TestSeed.asOption());
        }
        assertEquals(nrRanges, map.nrRanges(), () -> TestSeed.asOption());
    }
}
