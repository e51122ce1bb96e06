/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageCacheTargetTest {
    private static final long GIBIBYTE = 1L << 30;

    /** More than an engine has room for unless it is told. */
    @Test
    void aTraceMayHaveThousandsOfFiles() {
        ReplaySettings settings = new ReplaySettings(SplitPolicies.RANGE, Geometry.PMD_ORDER, HeadMapKind.HEAD_BITS);
        try (PageCacheTarget target = new PageCacheTarget(settings)) {
            for (int file = 0; file < 4200; file++) {
                assertEquals(file, target.open("a", 0));
            }
            target.write(4199, 0, 1);
            assertEquals(1, target.measure().nrFolios());
        }
    }

    /**
     * Folios of order 0, of order 9, and of larger ones, that are left of 1 GiB without one page, or without all but
     * the first.
     */
    @ParameterizedTest
    @CsvSource({
        "UNIFORM,     175053, 1,      262143, 0,   0",
        "STAGED,      175053, 1,      511,    511, 0",
        "NON_UNIFORM, 175053, 1,      3,      1,   8",
        "RANGE,       175053, 1,      1,      1,   8",
        "UNIFORM,     1,      262143, 1,      0,   0",
        "STAGED,      1,      262143, 1,      0,   0",
        "RANGE,       1,      262143, 1,      0,   0"
    })
    void aHoleInOneGibibyteLeavesWhatThePolicySays(
            SplitPolicies policy, long firstPage, long nrPages, long nrSmall, long nrHuge, long nrLarger) {
        try (PageCacheTarget target =
                new PageCacheTarget(new ReplaySettings(policy, Geometry.PUD_ORDER, HeadMapKind.HEAD_BITS))) {
            int file = target.open("a", 0);
            target.allocate(file, 0, GIBIBYTE, false);
            target.punchHole(file, firstPage * Geometry.PAGE_BYTES, nrPages * Geometry.PAGE_BYTES);
            Measurements measured = target.measure();
            long nrLargerFound = 0;
            for (int order = Geometry.PMD_ORDER + 1; order < Geometry.NR_ORDERS; order++) {
                nrLargerFound += measured.nrFolios(order);
            }
            assertEquals(nrSmall, measured.nrFolios(0));
            assertEquals(nrHuge, measured.nrFolios(Geometry.PMD_ORDER));
            assertEquals(nrLarger, nrLargerFound);
        }
    }
}
