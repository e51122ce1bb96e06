/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The three levels, by example; two GiBs and a part of a third. */
class HeadBitsTest {
    private static final long GIBIBYTE = Geometry.pagesIn(Geometry.PUD_ORDER);

    private PageArena arena;
    private HeadBits headBits;

    @BeforeEach
    void open() {
        arena = PageArena.open(2 * GIBIBYTE + 5, 1, 1, Backing.AUTOMATIC);
        headBits = new HeadBits(arena);
    }

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void pagesInNoBlockHaveNoHead() {
        for (long pfn : new long[] {0, 1, 63, 64, 4096, GIBIBYTE - 1, GIBIBYTE, 2 * GIBIBYTE + 4}) {
            assertEquals(HeadBits.NONE, headBits.headOf(pfn), "pfn=" + pfn);
            assertFalse(headBits.isHead(pfn));
        }
    }

    @Test
    void gibibytesKnowNothingOfEachOther() {
        headBits.setHead(0, Geometry.PUD_ORDER);
        assertEquals(0, headBits.headOf(GIBIBYTE - 1));
        assertEquals(HeadBits.NONE, headBits.headOf(GIBIBYTE));
        headBits.setHead(GIBIBYTE, Geometry.PUD_ORDER);
        assertEquals(GIBIBYTE, headBits.headOf(2 * GIBIBYTE - 1));
        assertEquals(0, headBits.headOf(GIBIBYTE - 1));
    }

    @Test
    void nonUniformSplitOfAGibibyteWritesAFewWords() {
        headBits.setHead(0, Geometry.PUD_ORDER);
        // Halves around page 0x2abcd; the part that holds it is cut on. Upper halves get the bits.
        long start = 0;
        int nrWords = 0;
        for (int order = 17; order >= 0; order--) {
            long upper = start + Geometry.pagesIn(order);
            nrWords += headBits.setHead(upper, order + 1);
            start = 0x2abcd >= upper ? upper : start;
        }
        assertEquals(0x2abcd, start);
        // Orders 17 to 12 write all three levels, 11 to 6 two, 5 to 0 one.
        assertEquals(6 * 3 + 6 * 2 + 6, nrWords);

        long[] heads = {
            0, 0x20000, 0x28000, 0x2a000, 0x2a800, 0x2aa00, 0x2ab00, 0x2ab80, 0x2abc0, 0x2abc8, 0x2abcc, 0x2abcd,
            0x2abce, 0x2abd0, 0x2abe0, 0x2ac00, 0x2b000, 0x2c000, 0x30000
        };
        for (int piece = 0; piece < heads.length; piece++) {
            long last = (piece + 1 < heads.length ? heads[piece + 1] : GIBIBYTE) - 1;
            assertTrue(headBits.isHead(heads[piece]));
            assertEquals(heads[piece], headBits.headOf(heads[piece]));
            assertEquals(heads[piece], headBits.headOf((heads[piece] + last) / 2));
            assertEquals(heads[piece], headBits.headOf(last));
        }
        // Beside the first of each level, 12 words of level 0 and 6 of level 1 are not empty, and 1 of level 2 leads
        // there.
        assertEquals(12 + 6 + 1, headBits.clearInside(0, Geometry.PUD_ORDER));
        assertTrue(headBits.isWhole(0, Geometry.PUD_ORDER));
        assertEquals(0, headBits.headOf(GIBIBYTE - 1));
    }

    @ParameterizedTest
    @CsvSource({
        // order, newOrder, words written: level 0 + level 1 + level 2
        "3, 0, 1",
        "5, 4, 1",
        "6, 0, 1",
        "6, 5, 1",
        "6, 6, 0",
        "7, 6, 3",
        "7, 0, 3",
        "9, 0, 9",
        "9, 6, 9",
        "9, 8, 3",
        "12, 0, 65",
        "12, 9, 9",
        "12, 11, 3",
        "13, 12, 5",
        "18, 0, 4161",
        "18, 5, 4161",
        "18, 6, 4161",
        "18, 9, 577",
        "18, 12, 129",
        "18, 17, 5",
    })
    void uniformSplit(int order, int newOrder, int nrWords) {
        long first = GIBIBYTE + Geometry.pagesIn(order) % GIBIBYTE;
        headBits.setHead(GIBIBYTE, Geometry.PUD_ORDER);
        if (order < Geometry.PUD_ORDER) {
            headBits.setUniform(GIBIBYTE, Geometry.PUD_ORDER, order);
        }

        assertEquals(nrWords, headBits.setUniform(first, order, newOrder), "words written");

        long end = first + Geometry.pagesIn(order);
        for (long pfn = first; pfn < end; pfn++) {
            assertEquals(Geometry.alignDown(pfn, newOrder), headBits.headOf(pfn), "pfn=" + pfn);
            assertEquals(Geometry.isAligned(pfn, newOrder), headBits.isHead(pfn), "pfn=" + pfn);
        }
        if (order < Geometry.PUD_ORDER) {
            assertEquals(GIBIBYTE, headBits.headOf(first - 1), "block before");
        }
        if (end < 2 * GIBIBYTE) {
            assertEquals(end, headBits.headOf(end), "block after");
        }
        headBits.clearInside(first, order);
        assertTrue(headBits.isWhole(first, order));
        assertEquals(first, headBits.headOf(end - 1));
    }

    @Test
    void isWholeTellsSmallerBlocks() {
        headBits.setHead(0, Geometry.PUD_ORDER);
        for (int order = 0; order < Geometry.PUD_ORDER; order++) {
            assertTrue(headBits.isWhole(0, Geometry.PUD_ORDER));
            headBits.setHead(Geometry.pagesIn(order), Geometry.PUD_ORDER);
            for (int asked = 0; asked <= Geometry.PUD_ORDER; asked++) {
                assertEquals(asked <= order, headBits.isWhole(0, asked), "order=" + order + ", asked=" + asked);
            }
            assertEquals(order == 0, headBits.isWhole(1, 0), "page 1 starts a block");
            headBits.clearHead(Geometry.pagesIn(order), Geometry.PUD_ORDER);
        }
    }

    @Test
    void shortLastGibibyte() {
        headBits.setHead(2 * GIBIBYTE, 2);
        headBits.setHead(2 * GIBIBYTE + 4, 0);
        assertEquals(2 * GIBIBYTE, headBits.headOf(2 * GIBIBYTE + 3));
        assertEquals(2 * GIBIBYTE + 4, headBits.headOf(2 * GIBIBYTE + 4));
    }
}
