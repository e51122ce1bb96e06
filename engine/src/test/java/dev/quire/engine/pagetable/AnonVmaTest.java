/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.memory.Errno;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AnonVmaTest extends WholeEngineTest {
    private static final int ORDER = 4;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void adoptedFolioIsCountedUntilItIsSplitAndFreed(HeadMapKind headMap) {
        Quire engine = open(headMap);
        FolioCounters counters = engine.accounting().counters();
        try (AnonVma owner = engine.newAnonVma()) {
            long folio = engine.folios().allocate(ORDER);
            owner.adopt(folio, 0);
            assertEquals(1, counters.nrAnonymous(ORDER));

            engine.folios().lock(folio);
            assertEquals(Errno.OK, engine.splitter().splitUniform(folio, 0));
            engine.folios().unlock(folio);
            assertEquals(0, counters.nrAnonymous(ORDER));
            // Nobody mapped the other pages, so they are free.
            assertEquals(1, counters.nrAnonymous(0));

            engine.folios().unpin(folio);
            assertEquals(0, counters.nrAnonymous(0));
        }
    }
}
