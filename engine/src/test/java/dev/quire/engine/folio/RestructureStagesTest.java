/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCutCheckTest.Cut;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Folios that are split in stages: what they become, and which stages are refused. */
class RestructureStagesTest extends WholeEngineTest {
    private static final int MAX_ORDER = 12;

    /**
     * Folios of one order everywhere.
     *
     * @param wanted the order
     * @param stages order of the pieces after the first stage, by that before
     */
    private record Staged(int wanted, IntUnaryOperator stages) implements FolioCut {
        @Override
        public int orderAt(long index) {
            return wanted;
        }

        @Override
        public void plan(SplitPlan plan, long startIndex, int order) {
            plan.resetUniform(order, wanted);
        }

        @Override
        public int stageOrder(int order) {
            return stages.applyAsInt(order);
        }

        @Override
        public boolean changes(long startIndex, int order) {
            return false;
        }
    }

    private static long add(Quire engine, AddressSpace space, int order) {
        space.extend(Geometry.bytesIn(MAX_ORDER));
        long folio = engine.folios().allocate(order);
        assertEquals(Errno.OK, space.add(folio, 0));
        engine.folios().unpin(folio);
        return folio;
    }

    /** Every folio is split, and nobody's: none is still frozen. */
    private static void requireFolios(Quire engine, AddressSpace space, int order, String layout) {
        assertEquals(layout, FolioLayout.text(space, 0, Geometry.pagesIn(order)));
        space.forEachFolio((index, pieceOrder, folio) ->
                assertEquals(Geometry.pagesIn(pieceOrder) + 1, engine.folios().references(folio), "folio " + index));
        checkFolios(engine, space);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void whatIsBesideTheRangeCanBeHadAfterTheFirstStage(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = add(engine, space, 5);
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            FolioCut cut = new Staged(Cut.PIECE_ORDER, order -> Math.min(order, 4));
            assertEquals(Errno.OK, restructurer.restructure(0, 1, cut, () -> {}));
            assertEquals(16, engine.folios().references(folio + 16 * PageStruct.BYTES));
            requireFolios(engine, space, 5, "2,2,2,2,4");
            assertEquals(Errno.OK, restructurer.restructure(0, 32, cut, () -> {}));
            requireFolios(engine, space, 5, "2,2,2,2,2,2,2,2");
        }
    }

    /** The step is the orders between two stages. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        5 | 2 | 1 | 0    | 1    | 2,2,3,4
        5 | 2 | 1 | 28   | 29   | 4,3,2,2
        5 | 2 | 1 | 17   | 18   | 4,2,2,3
        5 | 2 | 1 | 14   | 18   | 3,2,2,2,2,3
        5 | 2 | 1 | 0    | 32   | 2,2,2,2,2,2,2,2
        5 | 2 | 1 | 3    | 29   | 2,2,2,2,2,2,2,2
        6 | 0 | 3 | 9    | 10   | 3,0,0,0,0,0,0,0,0,3,3,3,3,3,3
        6 | 0 | 2 | 9    | 10   | 2,2,0,0,0,0,2,4,4,4
        12 | 9 | 2 | 4095 | 4096 | 10,10,10,9,9
        12 | 9 | 3 | 100  | 200  | 9,9,9,9,9,9,9,9
        """)
    void whatBecomesOfAFolio(int order, int wanted, int step, long startIndex, long endIndex, String layout) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            add(engine, space, order);
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            FolioCut cut = new Staged(wanted, from -> Math.max(wanted, from - step));
            assertEquals(Errno.OK, restructurer.restructure(startIndex, endIndex, cut, () -> {}));
            requireFolios(engine, space, order, layout);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Below the pieces, for which alone nodes are reserved; none; above the folio; in the second stage.
        "12, 6, 12, 0, 12",
        "5, 2, 5, -1, 5",
        "5, 2, 5, 6, 5",
        "5, 2, 4, 1, 4"
    })
    void stagesThatDoNotLeadThereAreRefusedAndChangeNothing(
            int order, int wanted, int badFrom, int badStageOrder, int max) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = add(engine, space, order);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            boolean[] committed = {false};
            FolioCut cut = new Staged(wanted, from -> from == badFrom ? badStageOrder : Math.max(wanted, from - 1));
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> new FolioRestructurer(engine.splitter(), space)
                            .restructure(0, 1, cut, () -> committed[0] = true));
            assertEquals(
                    "stage order out of range: order=" + badFrom + ", stageOrder=" + badStageOrder + ", min=" + wanted
                            + ", max=" + max,
                    refusal.getMessage());
            assertFalse(committed[0]);
            invariants.afterFailure();
        }
    }
}
