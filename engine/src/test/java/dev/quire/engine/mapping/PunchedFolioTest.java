/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Compares what a hole in one folio leaves under the three policies. */
@SuppressWarnings("NullAway.Init")
class PunchedFolioTest extends WholeEngineTest {
    private static final int EXHAUSTIVE_ORDER = 6;
    private static final int SAMPLES_PER_ORDER = 400;

    private Quire engine;

    /** Folios of all sizes that are left, dropped ones not counted. */
    private long foliosLeft(int order, long start, long end, SplitPolicy policy) {
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096L << order);
            long folio = engine.folios().allocate(order);
            assertEquals(0, space.add(folio, 0));
            engine.folios().unpin(folio);
            space.punchHole(start << 12, (end - start) << 12, policy);
            checkFolios(engine, space);
            assertEquals((1L << order) - (end - start), space.nrPages(), "pages left");
            return FolioLayout.count(space);
        }
    }

    private void compare(int order, long start, long end) {
        long uniform = foliosLeft(order, start, end, SplitPolicies.UNIFORM);
        long nonUniform = foliosLeft(order, start, end, SplitPolicies.NON_UNIFORM);
        long range = foliosLeft(order, start, end, SplitPolicies.RANGE);
        String where = "order " + order + ", hole " + start + ":" + end + ": range " + range + ", non-uniform "
                + nonUniform + ", uniform " + uniform + " " + TestSeed.asOption();
        assertTrue(range <= nonUniform && nonUniform <= uniform, where);
        boolean whole = end - start == 1L << order;
        assertEquals(whole ? 0 : (1L << order) - (end - start), uniform, where);
    }

    @Test
    void rangeLeavesFewestFoliosForEveryHoleInASmallFolio() {
        engine = open(HeadMapKind.HEAD_BITS);
        for (int order = 0; order <= EXHAUSTIVE_ORDER; order++) {
            for (long start = 0; start < 1L << order; start++) {
                for (long end = start + 1; end <= 1L << order; end++) {
                    compare(order, start, end);
                }
            }
        }
    }

    @Test
    void rangeLeavesFewestFoliosForSampledHolesInLargerFolios() {
        engine = open(HeadMapKind.HEAD_BITS);
        SplittableRandom random = TestSeed.random("rangeLeavesFewestFoliosForSampledHolesInLargerFolios");
        for (int order = EXHAUSTIVE_ORDER + 1; order <= 9; order++) {
            for (int sample = 0; sample < SAMPLES_PER_ORDER; sample++) {
                long start = random.nextLong(1L << order);
                compare(order, start, random.nextLong(start + 1, (1L << order) + 1));
            }
        }
    }

    @Test
    void rangeDoesNotSplitForBytesThatCoverNoWholePage() {
        engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096L << 9);
            long folio = engine.folios().allocate(9);
            assertEquals(0, space.add(folio, 0));
            var bytes = engine.folios().bytes(folio);
            bytes.fill((byte) 7);
            space.punchHole(5000, 4000, SplitPolicies.RANGE);
            assertEquals("9", FolioLayout.text(space, 0, 512));
            for (long offset = 4096; offset < 12_288; offset++) {
                byte expected = (byte) (offset >= 5000 && offset < 9000 ? 0 : 7);
                assertEquals(expected, bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset), "byte " + offset);
            }
            engine.folios().unpin(folio);
        }
    }

    @Test
    void whatCannotBeSplitIsZeroedAndStays() {
        engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096L << 4);
            long pinned = engine.folios().allocate(4);
            assertEquals(0, space.add(pinned, 0));
            var bytes = engine.folios().bytes(pinned);
            bytes.fill((byte) 9);
            space.punchHole(4096, 3 * 4096, SplitPolicies.RANGE);
            assertEquals("4", FolioLayout.text(space, 0, 16));
            assertEquals(-1, bytes.asSlice(0, 4096).mismatch(bytes.asSlice(4 * 4096, 4096)));
            assertEquals(0, bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 4096));
            assertEquals(0, bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 4 * 4096 - 1));
            assertEquals(9, bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 4 * 4096));
            engine.folios().unpin(pinned);
        }
    }
}
