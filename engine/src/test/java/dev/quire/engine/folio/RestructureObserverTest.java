/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCutCheckTest.Cut;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an observer throws comes when all folios can be had again, and ends nothing half way. */
class RestructureObserverTest extends WholeEngineTest {
    private static final int ORDER = 5;
    private static final long NR_PAGES = 1L << ORDER;

    private Quire open(SplitObserver observer) {
        return open(Quire.builder().capacityBytes(64L << 20).splitObserver(observer));
    }

    private static AddressSpace newSpace(Quire engine) {
        AddressSpace space = engine.newAddressSpace();
        space.extend(4 * NR_PAGES * Geometry.PAGE_BYTES);
        return space;
    }

    private static long add(Quire engine, AddressSpace space, long index) {
        long folio = engine.folios().allocate(ORDER);
        assertEquals(Errno.OK, space.add(folio, index));
        engine.folios().unpin(folio);
        return folio;
    }

    private static void requirePieces(Quire engine, AddressSpace space, long folio) {
        long index = PageStruct.index(folio);
        assertEquals("2,2,2,2,2,2,2,2", FolioLayout.text(space, index, index + NR_PAGES));
        for (long page = 0; page < NR_PAGES; page += 1 << Cut.PIECE_ORDER) {
            assertEquals(1 << Cut.PIECE_ORDER, engine.folios().references(folio + page * PageStruct.BYTES));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsRestructuredIsSoToItsEnd(boolean atBegin) {
        ThrowingObserver observer = new ThrowingObserver(atBegin);
        Quire engine = open(observer);
        try (AddressSpace space = newSpace(engine)) {
            long[] folioAt = new long[3];
            for (int i = 0; i < folioAt.length; i++) {
                folioAt[i] = add(engine, space, i * NR_PAGES);
            }
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            observer.throwAfter(0);
            RuntimeException thrown = assertThrows(
                    IllegalStateException.class, () -> restructurer.restructure(0, 3 * NR_PAGES, Cut.GOOD, () -> {}));
            assertEquals("1", thrown.getMessage(), "the first");
            assertEquals(3, observer.nrThrown(), "told of all");
            for (long folio : folioAt) {
                requirePieces(engine, space, folio);
            }
            checkFolios(engine, space);

            observer.stop();
            assertEquals(Errno.OK, restructurer.restructure(0, 3 * NR_PAGES, Cut.GOOD, () -> {}));
        }
    }

    /** Nor does it hide what the caller's change has thrown, or come with the next call. */
    @Test
    void theFirstThatIsThrownComesThrough() {
        ThrowingObserver observer = new ThrowingObserver(false);
        Quire engine = open(observer);
        try (AddressSpace space = newSpace(engine)) {
            long folio = add(engine, space, 0);
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            observer.throwAfter(0);
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> restructurer.restructure(0, NR_PAGES, Cut.GOOD, () -> {
                        throw new UnsupportedOperationException();
                    }));
            assertEquals(1, observer.nrThrown());
            requirePieces(engine, space, folio);
            observer.stop();
            assertEquals(Errno.OK, restructurer.restructure(0, NR_PAGES, Cut.GOOD, () -> {}));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsInsertedIsTheOwners(boolean atBegin) {
        ThrowingObserver observer = new ThrowingObserver(atBegin);
        Quire engine = open(observer);
        try (AddressSpace space = newSpace(engine)) {
            long folio = engine.folios().allocate(ORDER);
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            observer.throwAfter(0);
            assertThrows(IllegalStateException.class, () -> restructurer.insert(folio, NR_PAGES, 0, Cut.GOOD));
            assertEquals(space.address(), PageStruct.mapping(folio));
            requirePieces(engine, space, folio);
            assertEquals(NR_PAGES, space.nrPages());
            checkFolios(engine, space);
        }
    }

    @Test
    void aSplitThatThrowsWhenItBeginsChangesNothing() {
        ThrowingObserver observer = new ThrowingObserver(true);
        Quire engine = open(observer);
        try (AddressSpace space = newSpace(engine)) {
            long folio = add(engine, space, 0);
            assertTrue(engine.folios().tryPin(folio));
            engine.folios().lock(folio);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            observer.throwAfter(0);
            assertThrows(IllegalStateException.class, () -> engine.splitter().splitUniform(folio, 0));
            observer.stop();
            invariants.afterFailure();
            assertEquals(Errno.OK, engine.splitter().splitUniform(folio, 0));
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
        }
    }
}
