/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageStruct;
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

    /** Whoever goes through all frames may hold a folio that a fault has just allocated. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aFolioThatSomebodyPassesByIsAdopted(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma()) {
            long folio = folios.allocate(2);
            assertEquals(folio, folios.tryPinFolioOf(folio + PageStruct.BYTES));
            owner.adopt(folio, 8);
            assertEquals(owner.mappingWord(), PageStruct.mapping(folio));
            assertEquals(1, engine.accounting().counters().nrAnonymous(2));
            assertThrows(IllegalArgumentException.class, () -> owner.adopt(folio, 8), "has an owner");
            assertThrows(IllegalArgumentException.class, () -> owner.adopt(folio + PageStruct.BYTES, 8), "a tail");
            folios.unpin(folio);
            folios.unpin(folio);
        }
    }
}
