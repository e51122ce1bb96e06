/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Anybody can bring a cut: one whose plan does not fit a folio is told so, and nothing has changed. */
class FolioCutCheckTest extends WholeEngineTest {
    private static final int ORDER = 5;
    private static final long NR_PAGES = 1L << ORDER;
    private static final long FIRST_INDEX = 64;

    /** Uniform cuts that name order 2 everywhere. */
    enum Cut implements FolioCut {
        GOOD {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.resetUniform(order, PIECE_ORDER);
            }
        },
        OTHER_ORDER {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.resetUniform(order + 1, PIECE_ORDER);
            }
        },
        HALF_OF_IT {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.reset(order);
                plan.append(PIECE_ORDER, 1L << (order - PIECE_ORDER - 1));
            }
        },
        WHOLE {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.reset(order);
                plan.append(order, 1);
            }
        },
        /** Right at the first index only. */
        SMALLER_AT_THE_END {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.reset(order);
                plan.append(PIECE_ORDER, (1L << (order - PIECE_ORDER)) - 1);
                plan.append(0, 1L << PIECE_ORDER);
            }
        },
        MISALIGNED {
            @Override
            public void plan(SplitPlan plan, long startIndex, int order) {
                plan.reset(order);
                plan.append(PIECE_ORDER, 1);
                plan.append(PIECE_ORDER + 1, 1);
            }
        };

        static final int PIECE_ORDER = 2;

        @Override
        public int orderAt(long index) {
            return PIECE_ORDER;
        }

        @Override
        public boolean changes(long startIndex, int order) {
            return false;
        }
    }

    private FolioRestructurer restructurer(Quire engine, AddressSpace space) {
        return new FolioRestructurer(engine.splitter(), space);
    }

    private static final String REFUSALS = """
        OTHER_ORDER        | plan for another order: plan.order=6, order=5
        HALF_OF_IT         | plan not complete: covered=16, want=32, plan=4x2
        WHOLE              | cut plans another order than it names: index=64, orderAt=2, pieceOrder=5, plan=5
        SMALLER_AT_THE_END | cut plans another order than it names: index=92, orderAt=2, pieceOrder=0, plan=7x2,4x0
        MISALIGNED         | piece not aligned: offset=4, pieceOrder=3
        """;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = REFUSALS)
    void aPlanThatDoesNotFitIsRefusedAndChangesNothing(Cut bad, String message) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = newFolio(engine, space);
            assertEquals(Errno.OK, space.add(folio, FIRST_INDEX));
            engine.folios().unpin(folio);
            FolioRestructurer restructurer = restructurer(engine, space);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            AtomicBoolean committed = new AtomicBoolean();
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> restructurer.restructure(
                            FIRST_INDEX, FIRST_INDEX + NR_PAGES, bad, () -> committed.set(true)));
            assertEquals(message, refusal.getMessage());
            assertFalse(committed.get());
            invariants.afterFailure();

            assertEquals(
                    Errno.OK,
                    restructurer.restructure(FIRST_INDEX, FIRST_INDEX + NR_PAGES, Cut.GOOD, () -> committed.set(true)));
            checkFolios(engine, space);
            assertEquals(Cut.PIECE_ORDER, engine.folios().order(folio));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = REFUSALS)
    void whatIsInsertedIsCheckedToo(Cut bad, String message) {
        Quire engine = open(HeadMapKind.TAIL_WORDS);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = newFolio(engine, space);
            FolioRestructurer restructurer = restructurer(engine, space);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            IllegalArgumentException refusal =
                    assertThrows(IllegalArgumentException.class, () -> restructurer.insert(folio, FIRST_INDEX, 0, bad));
            assertEquals(message, refusal.getMessage());
            invariants.afterFailure();
            assertEquals(0, space.nrPages());

            assertEquals(Errno.OK, restructurer.insert(folio, FIRST_INDEX, 0, Cut.GOOD));
            checkFolios(engine, space);
            assertEquals(NR_PAGES, space.nrPages());
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void anOrderThatIsNoneIsRefused(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            FolioCut noOrder = new FolioCut() {
                @Override
                public int orderAt(long index) {
                    return Geometry.MAX_ORDER + 1;
                }

                @Override
                public void plan(SplitPlan plan, long startIndex, int order) {
                    plan.resetUniform(order, 0);
                }

                @Override
                public boolean changes(long startIndex, int order) {
                    return false;
                }
            };
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> restructurer(engine, space).restructure(0, 1, noOrder, () -> {}));
            assertEquals("order out of range: order=19, max=18", refusal.getMessage());
        }
    }

    /** It is asked while folios are frozen. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aCutThatThrowsAtTheSecondFolioLeavesNoneFrozen(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend((FIRST_INDEX + 2 * NR_PAGES) * Geometry.PAGE_BYTES);
            long[] folioAt = new long[2];
            for (int i = 0; i < 2; i++) {
                folioAt[i] = engine.folios().allocate(Cut.PIECE_ORDER);
                assertEquals(Errno.OK, space.add(folioAt[i], i << Cut.PIECE_ORDER));
                engine.folios().unpin(folioAt[i]);
            }
            FolioCut cut = new FolioCut() {
                @Override
                public int orderAt(long index) {
                    return Cut.PIECE_ORDER;
                }

                @Override
                public void plan(SplitPlan plan, long startIndex, int order) {
                    plan.resetUniform(order, Cut.PIECE_ORDER);
                }

                @Override
                public boolean changes(long startIndex, int order) {
                    if (startIndex > 0) {
                        throw new UnsupportedOperationException();
                    }
                    return true;
                }
            };
            AtomicBoolean committed = new AtomicBoolean();
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> restructurer(engine, space)
                            .restructure(0, 2 << Cut.PIECE_ORDER, cut, () -> committed.set(true)));
            assertFalse(committed.get());
            for (long folio : folioAt) {
                assertEquals(1 << Cut.PIECE_ORDER, engine.folios().references(folio));
            }
            checkFolios(engine, space);
        }
    }

    /**
     * Wants one folio of order 4 that changes, and order 2 after it, by way of order 4, of folios of order 0 one of
     * order 3, and one of order 1 as it is; until its answers have been taken.
     */
    private static final class Fickle implements FolioCut {
        boolean isOver;

        private void ask() {
            if (isOver) {
                throw new UnsupportedOperationException();
            }
        }

        @Override
        public int orderAt(long index) {
            ask();
            return index < 16 ? 4 : index < 64 ? 2 : index < 72 ? 3 : 1;
        }

        @Override
        public void plan(SplitPlan plan, long startIndex, int order) {
            ask();
            plan.reset(order);
            plan.append(4, 1);
            plan.append(2, 12);
        }

        @Override
        public int stageOrder(int order) {
            ask();
            return Math.min(order, 4);
        }

        @Override
        public boolean changes(long startIndex, int order) {
            ask();
            return startIndex == 0 || startIndex == 72;
        }
    }

    /** What it has answered before the change is what comes about. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aCutThatThrowsAfterTheChangeIsNotAskedAnyMore(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 20);
            long block = engine.folios().allocate(7);
            engine.folios().lock(block);
            assertEquals(Errno.OK, space.add(block, 0));
            assertEquals(
                    Errno.OK,
                    engine.splitter().split(block, SplitPolicies.RANGE, 64, 73, 0, SplitPolicies.ALL_ORDERS, false));
            engine.folios().unlock(block);
            engine.folios().unpin(block);
            assertEquals("6,3,0,0,1,2,4,5", FolioLayout.text(space, 0, 128));
            space.punchHole(74L << 12, 54L << 12, SplitPolicies.RANGE);
            long first = block + 64L * PageStruct.BYTES;
            assertTrue(engine.folios().tryPin(first));
            engine.folios().lock(first);
            assertEquals(Errno.OK, engine.splitter().splitUniform(first, 0));
            engine.folios().unlock(first);
            engine.folios().unpin(first);
            long pair = block + 72L * PageStruct.BYTES;
            assertTrue(engine.folios().tryPin(pair));
            engine.folios().lock(pair);
            assertEquals(Errno.OK, engine.merger().merge(pair, 1));
            engine.folios().unlock(pair);
            engine.folios().unpin(pair);
            assertEquals("6,0,0,0,0,0,0,0,0,1", FolioLayout.text(space, 0, 74));

            Fickle cut = new Fickle();
            assertEquals(Errno.OK, restructurer(engine, space).restructure(0, 74, cut, () -> cut.isOver = true));
            assertEquals("4,2,2,2,2,2,2,2,2,2,2,2,2,3,1", FolioLayout.text(space, 0, 74));
            checkFolios(engine, space);
        }
    }

    /** Names one order, and plans what it names; says something else, or does something, when it is asked for more. */
    private abstract static class Contrary implements FolioCut {
        @Nullable
        SplitPlan kept;

        @Override
        public void plan(SplitPlan plan, long startIndex, int order) {
            kept = plan;
            plan.resetUniform(order, orderAt(startIndex));
        }

        @Override
        public boolean changes(long startIndex, int order) {
            return false;
        }
    }

    /** Two folios that a cut wants to be one reach beyond the range, whose end it wants to be a folio of its own. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void foliosThatOverlapAreRefusedAndChangeNothing(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = newFolio(engine, space);
            assertEquals(Errno.OK, restructurer(engine, space).insert(folio, FIRST_INDEX, 0, Cut.GOOD));
            Contrary cut = new Contrary() {
                @Override
                public int orderAt(long index) {
                    return index < FIRST_INDEX + 4 ? 5 : 2;
                }
            };
            AtomicBoolean committed = new AtomicBoolean();
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> restructurer(engine, space)
                            .restructure(FIRST_INDEX, FIRST_INDEX + 8, cut, () -> committed.set(true)));
            assertEquals(
                    "cut names folios that overlap: index=64, orderAt=5, end of the last one=72", refusal.getMessage());
            assertFalse(committed.get());
            assertEquals("2,2,2,2,2,2,2,2", FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + NR_PAGES));
            assertEquals(4, engine.folios().references(folio));
            checkFolios(engine, space);
        }
    }

    /** When it is asked for the stages of a folio it writes smaller pieces into the plan that it has filled. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aPlanThatIsChangedOnceItIsCheckedIsCarriedOutAsItWas(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            long folio = newFolio(engine, space);
            assertEquals(Errno.OK, space.add(folio, FIRST_INDEX));
            engine.folios().unpin(folio);
            Contrary cut = new Contrary() {
                @Override
                public int orderAt(long index) {
                    return 2;
                }

                @Override
                public int stageOrder(int order) {
                    Objects.requireNonNull(kept).resetUniform(order, 0);
                    return order;
                }
            };
            assertEquals(
                    Errno.OK,
                    restructurer(engine, space).restructure(FIRST_INDEX, FIRST_INDEX + NR_PAGES, cut, () -> {}));
            assertEquals("2,2,2,2,2,2,2,2", FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + NR_PAGES));
            checkFolios(engine, space);
        }
    }

    /**
     * The stage of the first folio holds for the second, of the same order, though the cut would then say another: that
     * takes more nodes than the first folio needs.
     */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void theStageOfAnOrderIsAskedForOnce(HeadMapKind headMap) {
        Quire engine = open(headMap);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(Geometry.bytesIn(13));
            for (int i = 0; i < 2; i++) {
                long folio = engine.folios().allocate(12);
                assertEquals(Errno.OK, space.add(folio, i << 12));
                engine.folios().unpin(folio);
            }
            Contrary cut = new Contrary() {
                private int stageOrder = 11;

                @Override
                public int orderAt(long index) {
                    return index < 1 << 12 ? 11 : 2;
                }

                @Override
                public int stageOrder(int order) {
                    int answer = Math.min(order, stageOrder);
                    stageOrder = 3;
                    return answer;
                }
            };
            // One to halve the first folio; as many for pieces of order 2 in the second as a stage of order 3 takes.
            failures.failAfter(1 + 1 + 64);
            assertEquals(Errno.OK, restructurer(engine, space).restructure(0, 1 << 13, cut, () -> {}));
            failures.stop();
            assertEquals("11,11", FolioLayout.text(space, 0, 1 << 12));
            assertEquals(2 + 1024, FolioLayout.count(space));
            checkFolios(engine, space);
        }
    }

    private static long newFolio(Quire engine, AddressSpace space) {
        space.extend((FIRST_INDEX + NR_PAGES) * Geometry.PAGE_BYTES);
        return engine.folios().allocate(ORDER);
    }
}
