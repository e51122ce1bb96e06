/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is printed of a split in stages is what then happens: its pieces, and its freezes one after the other. */
class SplitStagesTest extends WholeEngineTest {
    /**
     * Steps of so many orders.
     *
     * @param step orders from one stage to the next
     * @param uniform whether all pieces have the minimum order, and not only those around the range
     */
    private record Steps(int step, boolean uniform) implements SplitPolicy {
        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            long stages = 0;
            for (int stage = order; stage > minimumOrder; stage = next(stage, minimumOrder, allowedOrders)) {
                stages |= Geometry.pagesIn(stage);
            }
            if (uniform) {
                plan.resetUniform(order, minimumOrder);
            } else {
                SplitPolicies.RANGE.plan(plan, order, start, end, minimumOrder, stages);
            }
        }

        private int next(int order, int minimumOrder, long allowedOrders) {
            int stage = order - step;
            while (stage > minimumOrder && (allowedOrders >>> stage & 1) == 0) {
                stage--;
            }
            return Math.max(stage, minimumOrder);
        }

        @Override
        public int stageOrder(int order, int minimumOrder, long allowedOrders) {
            return next(order, minimumOrder, allowedOrders);
        }
    }

    /** Notes each freeze as {@link SplitStages} prints it. */
    private static final class FreezeLog implements SplitObserver {
        final List<String> freezes = new ArrayList<>();
        Runnable afterFreeze = () -> {};
        long whole;
        private @Nullable FolioSplitter splitter;

        @Override
        public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {
            FolioSplit split = Objects.requireNonNull(splitter).splitOfThread();
            String refused = result == Errno.OK ? "" : " " + Errno.name(result);
            freezes.add((split.folio - whole) / PageStruct.BYTES + ": " + order + " -> " + split.plan + refused);
            afterFreeze.run();
        }

        static List<String> of(SplitStages stages) {
            return stages.freezes().stream()
                    .map(freeze -> freeze.offset() + ": " + freeze.plan().order() + " -> " + freeze.plan())
                    .toList();
        }
    }

    private final FreezeLog log = new FreezeLog();

    private Quire openLogged(HeadMapKind headMap) {
        Quire engine =
                open(Quire.builder().capacityBytes(4L << 30).headMap(headMap).splitObserver(log));
        log.splitter = engine.splitter();
        return engine;
    }

    private static SplitStages planned(SplitKind kind, SplitPolicy policy, int order, long start, long end, int min) {
        long allowed = kind.anonymous ? SplitPolicies.ANONYMOUS_ORDERS : SplitPolicies.ALL_ORDERS;
        return SplitStages.of(policy, order, start, end, min, allowed);
    }

    /** Splits one folio, and compares; the watch over splits looks at all the rest. */
    private void splitOne(SplitSubject subject, SplitPolicy policy, int order, long start, long end, int min) {
        long folio = subject.make(order);
        log.whole = folio;
        log.freezes.clear();
        SplitStages stages = planned(subject.kind, policy, order, start, end, min);
        int result = subject.splitter.split(folio, policy, start, end, min, SplitPolicies.ALL_ORDERS, false);
        String what = policy + " " + order + " -> " + min + " around " + start + " to " + end;
        assertEquals(Errno.OK, result, what);
        assertEquals(FreezeLog.of(stages), log.freezes, what);
        requirePieces(subject, stages.pieces(), what);
        assertTrue(subject.folios.isLocked(folio), what);
        subject.release(folio);
    }

    private static void requirePieces(SplitSubject subject, SplitPlan pieces, String what) {
        long offset = 0;
        for (int run = 0; run < pieces.nrRuns(); run++) {
            for (long count = 0; count < pieces.runCount(run); count++) {
                long piece = subject.folio + offset * PageStruct.BYTES;
                assertEquals(piece, subject.folios.headOf(piece), what);
                assertEquals(pieces.runOrder(run), subject.folios.order(piece), what);
                offset += Geometry.pagesIn(pieces.runOrder(run));
            }
        }
        assertEquals(Geometry.pagesIn(subject.order), offset, what);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void allRangesOfFoliosUpToOrder4(HeadMapKind headMap) {
        try (SplitSubject subject = new SplitSubject(openLogged(headMap), headMap, SplitKind.FILE)) {
            for (int order = 1; order <= 4; order++) {
                for (int min = 0; min < order; min++) {
                    for (int step = 1; step <= 3; step++) {
                        for (long start = 0; start < 1 << order; start++) {
                            for (long end = start + 1; end <= 1 << order; end++) {
                                splitOne(subject, new Steps(step, false), order, start, end, min);
                            }
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7, 8, 9})
    void allPagesOfFoliosUpToOrder9(int order) {
        HeadMapKind headMap = HeadMapKind.HEAD_BITS;
        try (SplitSubject subject = new SplitSubject(openLogged(headMap), headMap, SplitKind.FILE)) {
            for (int min = 0; min < order; min++) {
                for (int step = 1; step <= 3; step++) {
                    for (long page = 0; page < 1 << order; page++) {
                        splitOne(subject, new Steps(step, false), order, page, page + 1, min);
                    }
                }
            }
        }
    }

    /** Each kind, mapped ones too, by both kinds of steps; pieces beyond the end are not asked about any more. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {
                "ANONYMOUS_IN_PAGE_TABLES",
                "FILE",
                "FILE_IN_PAGE_TABLES",
                "SHARED_MEMORY",
                "SHARED_MEMORY_IN_PAGE_TABLES"
            })
    void allKindsOfFolios(SplitKind kind) {
        HeadMapKind headMap = HeadMapKind.TAIL_WORDS;
        try (SplitSubject subject = new SplitSubject(openLogged(headMap), headMap, kind)) {
            for (int order = 4; order <= 9; order++) {
                for (int step = 2; step <= 4; step++) {
                    long middle = Geometry.pagesIn(order) / 2;
                    splitOne(subject, new Steps(step, true), order, 0, 1, 0);
                    splitOne(subject, new Steps(step, false), order, middle - 1, middle + 1, 0);
                    splitOne(subject, new Steps(step, false), order, 5, 6, 2);
                }
            }
        }
    }

    @Test
    void theSwapCacheIsSplitAtOnceOnly() {
        HeadMapKind headMap = HeadMapKind.HEAD_BITS;
        try (SplitSubject subject = new SplitSubject(openLogged(headMap), headMap, SplitKind.ANONYMOUS_SWAP_CACHED)) {
            long folio = subject.make(6);
            SplitPolicy steps = new Steps(2, true);
            assertEquals(Errno.EINVAL, subject.splitter.split(folio, steps, 0, 1, 0, SplitPolicies.ALL_ORDERS, false));
            assertEquals(6, subject.folios.order(folio));
            subject.release(folio);
        }
    }

    /** The caller has a reference to each piece, of whatever stage. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void piecesThatAreKept(boolean onList) {
        Quire engine = openLogged(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64 << 12);
            long folio = folios.allocate(6);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.lock(folio);
            log.whole = folio;
            FolioSplitter splitter = engine.splitter();
            SplitPolicy steps = new Steps(2, false);
            FolioList list = new FolioList(folios);
            int result = onList
                    ? splitter.split(folio, steps, 21, 22, 0, SplitPolicies.ALL_ORDERS, list)
                    : splitter.split(folio, steps, 21, 22, 0, SplitPolicies.ALL_ORDERS, true);
            assertEquals(Errno.OK, result);
            assertEquals(List.of("0: 6 -> 4x4", "16: 4 -> 4x2", "20: 2 -> 4x0"), log.freezes);
            assertEquals("4,2,0,0,0,0,2,2,4,4", FolioLayout.text(space, 0, 64));
            folios.unlock(folio);
            folios.unpin(folio);
            if (onList) {
                long[] offsets = {16, 32, 48, 20, 24, 28, 21, 22, 23};
                assertEquals(offsets.length, list.size());
                for (long offset : offsets) {
                    assertEquals(folio + offset * PageStruct.BYTES, list.poll());
                    folios.unpin(folio + offset * PageStruct.BYTES);
                }
            } else {
                for (long offset : new long[] {16, 20, 21, 22, 23, 24, 28, 32, 48}) {
                    folios.unpin(folio + offset * PageStruct.BYTES);
                }
            }
            checkFolios(engine, space);
        }
    }

    /** The first stage drops what lies beyond the end of the file: it is the caller's, and split on. */
    @Test
    void whatIsDroppedAndKeptIsSplitToo() {
        Quire engine = openLogged(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64 << 12);
            long folio = folios.allocate(6);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.lock(folio);
            log.whole = folio;
            AddressSpaceStruct.sizeBytesRelease(space.address(), 20 << 12);
            assertEquals(
                    Errno.OK,
                    engine.splitter().split(folio, new Steps(4, true), 0, 1, 0, SplitPolicies.ALL_ORDERS, true));
            assertEquals(List.of("0: 6 -> 16x2", "0: 2 -> 4x0", "4: 2 -> 4x0"), log.freezes.subList(0, 3));
            assertEquals(17, log.freezes.size());
            folios.unlock(folio);
            for (long page = 0; page < 64; page++) {
                long piece = folio + page * PageStruct.BYTES;
                assertEquals(0, folios.order(piece));
                assertEquals(page < 20 ? 2 : 1, folios.references(piece));
                assertEquals(page < 20 ? space.address() : 0, PageStruct.mapping(piece));
                folios.unpin(piece);
            }
            assertEquals(20, space.nrPages());
            checkFolios(engine, space);
        }
    }

    /** Somebody holds a piece of the first stage, which the second was to split. */
    @Test
    void whatSomebodyHoldsStaysAndIsReported() {
        Quire engine = openLogged(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64 << 12);
            long folio = folios.allocate(6);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.lock(folio);
            log.whole = folio;
            long held = folio + 16 * PageStruct.BYTES;
            log.afterFreeze = () -> {
                if (log.freezes.size() == 1) {
                    assertTrue(folios.tryPin(held));
                }
            };
            int result = engine.splitter().split(folio, new Steps(2, true), 0, 1, 2, SplitPolicies.ALL_ORDERS, false);
            assertEquals(Errno.EAGAIN, result);
            assertEquals(
                    List.of("0: 6 -> 4x4", "0: 4 -> 4x2", "16: 4 -> 4x2 EAGAIN", "32: 4 -> 4x2", "48: 4 -> 4x2"),
                    log.freezes);
            folios.unpin(held);
            folios.unlock(folio);
            folios.unpin(folio);
            assertEquals("2,2,2,2,4,2,2,2,2,2,2,2,2", FolioLayout.text(space, 0, 64));
        }
    }

    @Test
    void anObserverOfAStageSplitsNoOther() {
        Quire engine = openLogged(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64 << 12);
            long folio = folios.allocate(6);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.lock(folio);
            log.whole = folio;
            List<String> refusals = new ArrayList<>();
            log.afterFreeze = () -> refusals.add(assertThrows(
                            IllegalStateException.class,
                            () -> engine.splitter()
                                    .split(folio, new Steps(1, true), 0, 1, 0, SplitPolicies.ALL_ORDERS, false))
                    .getMessage());
            assertEquals(
                    Errno.OK,
                    engine.splitter().split(folio, new Steps(3, true), 0, 1, 3, SplitPolicies.ALL_ORDERS, false));
            folios.unlock(folio);
            folios.unpin(folio);
            assertEquals(1, refusals.size());
            assertEquals("a folio is split in stages by who is told of a stage of another", refusals.getFirst());
        }
    }

    @Test
    void aHoleInAHugePageCostsTwoFreezes() {
        Quire engine = openLogged(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 30);
            long folio = folios.allocate(Geometry.PUD_ORDER);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.unpin(folio);
            log.whole = folio;
            space.punchHole(175_053L << 12, 1 << 12, SplitPolicies.STAGED);
            assertEquals(List.of("0: 18 -> 512x9", "174592: 9 -> 512x0"), log.freezes);
            assertEquals((1 << 18) - 1, space.nrPages());
            checkFolios(engine, space);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        STAGED      | 18 | 175053 | 175054 | 0 | 0: 18 -> 512x9;174592: 9 -> 512x0         | 341x9,512x0,170x9
        STAGED      | 18 | 1      | 262143 | 0 | 0: 18 -> 512x9;0: 9 -> 512x0;261632: 9 -> 512x0 | 512x0,510x9,512x0
        STAGED      | 18 | 0      | 262144 | 0 | 18 stays whole                            | 18
        STAGED      | 18 | 0      | 512    | 0 | 0: 18 -> 512x9                            | 512x9
        STAGED      | 12 | 5      | 6      | 0 | 0: 12 -> 8x9;0: 9 -> 512x0                | 512x0,7x9
        STAGED      | 12 | 5      | 6      | 3 | 0: 12 -> 512x3                            | 512x3
        STAGED      | 9  | 5      | 6      | 0 | 0: 9 -> 512x0                             | 512x0
        UNIFORM     | 18 | 5      | 6      | 0 | 0: 18 -> 262144x0                         | 262144x0
        NON_UNIFORM | 5  | 9      | 10     | 0 | 0: 5 -> 3,0,0,1,2,4                       | 3,0,0,1,2,4
        """)
    void whatIsPrinted(SplitPolicies policy, int order, long start, long end, int min, String text, String pieces) {
        SplitStages stages = SplitStages.of(policy, order, start, end, min, SplitPolicies.ALL_ORDERS);
        assertEquals(text.replace(";", "\n"), stages.toString());
        assertEquals(pieces, stages.pieces().toString());
    }

    @Test
    void whatIsPrintedOfAUniformSplit() {
        assertEquals(
                "0: 18 -> 512x9\n0 to 261632 (512 times): 9 -> 512x0",
                SplitStages.uniform(18, 0).toString());
        assertEquals(513, SplitStages.uniform(18, 0).freezes().size());
        assertEquals("0: 9 -> 512x0", SplitStages.uniform(9, 0).toString());
        assertEquals("0: 11 -> 10,10", SplitStages.uniform(11, 10).toString());
    }

    /** Where its own order is not allowed it takes the smallest that keeps the bound, or the next smaller one. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        0x40200 | 0: 18 -> 512x9;0: 9 -> 512x0
        0x40400 | 0: 18 -> 256x10;0: 10 -> 1024x0
        0x42400 | 0: 18 -> 256x10;0: 10 -> 1024x0
        0x40010 | 0: 18 -> 16384x4;0: 4 -> 16x0
        0x40000 | 0: 18 -> 262144x0
        """)
    void stagesHaveAllowedOrdersOnly(String allowedOrders, String text) {
        SplitStages stages = SplitStages.of(SplitPolicies.STAGED, 18, 5, 6, 0, Long.decode(allowedOrders));
        assertEquals(text.replace(";", "\n"), stages.toString());
    }

    /** A policy with stages that do not lead to its pieces; nothing has changed then. */
    @ParameterizedTest
    @CsvSource({
        "1, 'stage order out of range: order=6, stageOrder=1, min=2, max=6'",
        "7, 'stage order out of range: order=6, stageOrder=7, min=2, max=6'",
        "3, 'order not allowed: stageOrder=3, allowedOrders=0x54, plan=16x2'"
    })
    void stagesThatDoNotLeadThereAreRefused(int stage, String message) {
        SplitPolicy policy = new SplitPolicy() {
            @Override
            public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
                plan.resetUniform(order, minimumOrder);
            }

            @Override
            public int stageOrder(int order, int minimumOrder, long allowedOrders) {
                return stage;
            }
        };
        HeadMapKind headMap = HeadMapKind.HEAD_BITS;
        try (SplitSubject subject = new SplitSubject(openLogged(headMap), headMap, SplitKind.FILE)) {
            long folio = subject.make(6);
            FolioInvariants invariants = new FolioInvariants(subject);
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class, () -> subject.splitter.split(folio, policy, 0, 1, 2, 0x54, false));
            assertEquals(message, refusal.getMessage());
            invariants.afterFailure();
            assertEquals(List.of(), log.freezes);
            subject.release(folio);
        }
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> SplitStages.of(policy, 6, 0, 1, 2, 0x54))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "19, 0, 1, 0, 'order out of range: order=19, max=18'",
        "5, 0, 1, 5, 'newOrder out of range: newOrder=5, max=4'",
        "5, -1, 1, 0, 'range out of range: start=-1, end=1, max=32'",
        "5, 3, 3, 0, 'range out of range: start=3, end=3, max=32'",
        "5, 0, 33, 0, 'range out of range: start=0, end=33, max=32'"
    })
    void badQuestions(int order, long start, long end, int min, String message) {
        assertEquals(
                message,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> SplitStages.of(SplitPolicies.STAGED, order, start, end, min, 1))
                        .getMessage());
    }
}
