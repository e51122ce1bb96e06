/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.SplitPlan;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Anybody can bring a policy: one whose plan does not fit the folio is told so, and nothing has changed. */
class SplitPlanCheckTest extends WholeEngineTest {
    private static final int ORDER = 5;

    /** Policies that plan something else than they were asked for. */
    enum BadPolicy implements SplitPolicy {
        OTHER_ORDER {
            @Override
            public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
                plan.resetUniform(order + 1, minimumOrder);
            }
        },
        HALF_OF_IT {
            @Override
            public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
                plan.reset(order);
                plan.append(order - 1, 1);
            }
        },
        TOO_SMALL {
            @Override
            public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
                plan.resetUniform(order, minimumOrder - 1);
            }
        },
        /** The first two pieces have order 1, which no anonymous folio may have. */
        NOT_ALLOWED {
            @Override
            public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
                plan.reset(order);
                plan.append(1, 2);
                plan.append(2, (1L << (order - 2)) - 1);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ANONYMOUS          | OTHER_ORDER | 0 | -1 | plan for another order: plan.order=6, order=5
        ANONYMOUS          | HALF_OF_IT  | 0 | -1 | plan not complete: covered=16, want=32, plan=4
        ANONYMOUS          | TOO_SMALL   | 3 | -1 | piece too small: pieceOrder=2, min=3, plan=8x2
        ANONYMOUS          | NOT_ALLOWED | 0 | -1 | order not allowed: pieceOrder=1, allowedOrders=0x7fffd, plan=1,1,7x2
        ANONYMOUS_MAPPED   | HALF_OF_IT  | 0 | -1 | plan not complete: covered=16, want=32, plan=4
        FILE               | OTHER_ORDER | 0 | -1 | plan for another order: plan.order=6, order=5
        FILE               | HALF_OF_IT  | 0 | -1 | plan not complete: covered=16, want=32, plan=4
        FILE               | TOO_SMALL   | 3 | -1 | piece too small: pieceOrder=2, min=3, plan=8x2
        FILE               | NOT_ALLOWED | 0 | 5  | order not allowed: pieceOrder=1, allowedOrders=0x5, plan=1,1,7x2
        FILE               | NOT_ALLOWED | 1 | 0  | order not allowed: pieceOrder=2, allowedOrders=0x2, plan=1,1,7x2
        FILE_MAPPED        | HALF_OF_IT  | 0 | -1 | plan not complete: covered=16, want=32, plan=4
        FILE_MINIMUM_ORDER | TOO_SMALL   | 2 | -1 | piece too small: pieceOrder=1, min=2, plan=16x1
        SHARED_MEMORY      | OTHER_ORDER | 0 | -1 | plan for another order: plan.order=6, order=5
        """)
    void aPlanThatDoesNotFitIsRefusedAndChangesNothing(
            SplitKind kind, BadPolicy policy, int newOrder, long allowedOrders, String message) {
        try (SplitSubject subject = new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, kind)) {
            subject.make(ORDER);
            FolioInvariants invariants = new FolioInvariants(subject);
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> subject.splitter.split(subject.folio, policy, 0, 1, newOrder, allowedOrders, false));
            assertEquals(message, refusal.getMessage());
            assertStillWhole(subject, invariants);
        }
    }

    /** What the policy itself throws comes through. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"ANONYMOUS", "FILE"})
    void aPolicyThatThrowsChangesNothing(SplitKind kind) {
        try (SplitSubject subject = new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, kind)) {
            subject.make(ORDER);
            FolioInvariants invariants = new FolioInvariants(subject);
            SplitPolicy policy = (plan, order, start, end, minimumOrder, allowedOrders) -> {
                plan.reset(order);
                plan.append(2, 1);
                plan.append(3, 1);
            };
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> subject.splitter.split(subject.folio, policy, 0, 1, 0, SplitPolicies.ALL_ORDERS, false));
            assertEquals("piece not aligned: offset=4, pieceOrder=3", refusal.getMessage());
            assertStillWhole(subject, invariants);
        }
    }

    /** A thread has one plan at a time, and would otherwise carry out that of the other folio on this one. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"ANONYMOUS", "FILE"})
    void aPolicyThatSplitsIsRefusedAndChangesNothing(SplitKind kind) {
        try (SplitSubject subject = new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, kind)) {
            subject.make(ORDER);
            FolioInvariants invariants = new FolioInvariants(subject);
            SplitPolicy policy = (plan, order, start, end, minimumOrder, allowedOrders) -> {
                plan.resetUniform(order, minimumOrder);
                subject.splitter.splitUniform(subject.folio, 3);
            };
            IllegalStateException refusal = assertThrows(
                    IllegalStateException.class,
                    () -> subject.splitter.split(subject.folio, policy, 0, 1, 0, SplitPolicies.ALL_ORDERS, false));
            assertEquals("a policy or cut splits a folio while it plans", refusal.getMessage());
            assertStillWhole(subject, invariants);
        }
    }

    /** It keeps the plan that it has filled, and writes pieces into it that are too small once it is asked for a stage. */
    private static final class PlanKeeper implements SplitPolicy {
        private @Nullable SplitPlan kept;

        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            kept = plan;
            plan.resetUniform(order, minimumOrder);
        }

        @Override
        public int stageOrder(int order, int minimumOrder, long allowedOrders) {
            Objects.requireNonNull(kept).resetUniform(order, minimumOrder - 1);
            return order;
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"ANONYMOUS", "FILE"})
    void aPlanThatIsChangedOnceItIsCheckedIsCarriedOutAsItWas(SplitKind kind) {
        try (SplitSubject subject = new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, kind)) {
            subject.make(ORDER);
            FolioInvariants invariants = new FolioInvariants(subject);
            assertEquals(
                    Errno.OK,
                    subject.splitter.split(subject.folio, new PlanKeeper(), 0, 1, 3, SplitPolicies.ALL_ORDERS, false));
            invariants.afterSuccess(SplitLayouts.uniform(ORDER, 3), 0, 0);
            subject.release(subject.folio);
            assertEquals(
                    "4x3",
                    SplitStages.of(new PlanKeeper(), ORDER, 0, 1, 3, SplitPolicies.ALL_ORDERS)
                            .toString()
                            .replace("0: 5 -> ", ""));
        }
    }

    /** Nothing is frozen or locked: the next split of the same folio works. */
    private static void assertStillWhole(SplitSubject subject, FolioInvariants invariants) {
        invariants.afterFailure();
        int newOrder = subject.kind.minimumOrder;
        assertEquals(Errno.OK, subject.splitter.splitUniform(subject.folio, newOrder));
        invariants.afterSuccess(SplitLayouts.uniform(ORDER, newOrder), 0, 0);
        subject.release(subject.folio);
    }

    @Test
    void aFolioMayStayWholeThoughItsOrderIsNotAllowed() {
        try (SplitSubject subject =
                new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, SplitKind.FILE)) {
            subject.make(ORDER);
            FolioInvariants invariants = new FolioInvariants(subject);
            assertEquals(Errno.OK, subject.splitter.split(subject.folio, SplitPolicies.RANGE, 0, 32, 0, 1, false));
            invariants.afterFailure();
            subject.release(subject.folio);
        }
    }
}
