/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The invariants of guest memory, each by its number in docs/kernel-map.md. */
class GuestInvariantTest extends GuestTest {
    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m01TheStructureFollowsFromTheAttributes(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        assertEquals("2x9", layout());
        check();
        assertEquals(ConversionResult.OK, toShared(3, 2));
        // Pages 2 and 5 stand alone as well: their buddies are shared.
        String around = policy == GuestSplitPolicy.NON_UNIFORM ? "1 4x0 1 3 4 5 6 7 8 9" : "512x0 9";
        assertEquals(around, layout());
        check();

        long held = pinPrivate(700);
        String before = state();
        assertEquals(refused(Errno.EAGAIN, 512), toShared(511, 2));
        unpin(held);
        assertEquals(before, state());
        check();

        assertEquals(ConversionResult.OK, toPrivate(3, 1));
        assertEquals(policy == GuestSplitPolicy.NON_UNIFORM ? "2 2x0 1 3 4 5 6 7 8 9" : "512x0 9", layout());
        check();
        assertEquals(ConversionResult.OK, toPrivate(4, 1));
        assertEquals("2x9", layout());
        check();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m02NodesAreBackToWhatTheyWereAfterTheMerge(GuestSplitPolicy policy) {
        open(policy, 4);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        String before = state();
        for (int round = 0; round < 3; round++) {
            assertEquals(ConversionResult.OK, toShared(500, 100));
            assertTrue(nrNodes() > 1);
            assertEquals(ConversionResult.OK, toPrivate(500, 100));
            assertEquals(before, state());
        }
    }

    @Test
    void m03SmallFoliosHaveOneReferenceHugeOnesOnePerPageAndNoneIsFrozen() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(ConversionResult.OK, toShared(10, 1));
        assertEquals(1, engine.folios().references(page(10)));
        assertEquals(1, engine.folios().references(page(511)));
        assertEquals(512, engine.folios().references(page(512)));
        assertEquals(ConversionResult.OK, toPrivate(10, 1));
        assertEquals(512, engine.folios().references(page(0)));
        check();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m04EveryPageKeepsItsBytes(GuestSplitPolicy policy) {
        openPopulated(policy, 3);
        assertEquals(ConversionResult.OK, toShared(500, 700));
        assertStamped();
        assertEquals(ConversionResult.OK, toPrivate(600, 10));
        assertStamped();
        assertEquals(ConversionResult.OK, toPrivate(0, 3 * HUGE));
        assertStamped();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m05AHeldPageIsReportedAndNothingHasChanged(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        assertEquals(ConversionResult.OK, toShared(100, 600));
        long first = pinShared(200);
        long second = pinShared(600);
        String before = state();
        assertEquals(refused(Errno.EAGAIN, 200), toPrivate(0, 2 * HUGE));
        assertEquals(refused(Errno.EAGAIN, 600), toPrivate(201, 2 * HUGE - 201));
        unpin(first);
        assertEquals(refused(Errno.EAGAIN, 600), toPrivate(0, 2 * HUGE));
        assertEquals(before, state());
        unpin(second);
        assertEquals(ConversionResult.OK, toPrivate(0, 2 * HUGE));
        assertEquals("2x9", layout());
        assertStamped();
        check();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m06WithoutMemoryForAnyOneAllocationNothingHasChanged(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        int nrFailures = nrFailuresUntilDone(() -> toShared(0, HUGE + 1), 0);
        // One map of attributes, 8 nodes for the first huge page, and 8 or, around one page, 1 for the second.
        assertEquals(policy == GuestSplitPolicy.NON_UNIFORM ? 10 : 17, nrFailures);
        assertStamped();
        check();
    }

    /** The other direction: a merge of two whole huge pages, and one that leaves a shared page in between. */
    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m06WithoutMemoryForAnyOneAllocationNothingIsMerged(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        assertEquals(ConversionResult.OK, toShared(0, 2 * HUGE));
        assertTrue(nrFailuresUntilDone(() -> toPrivate(0, HUGE + 7), 0) > 0);
        assertTrue(nrFailuresUntilDone(() -> toPrivate(HUGE + 8, HUGE - 8), HUGE + 8) > 0);
        assertTrue(nrFailuresUntilDone(() -> toPrivate(HUGE + 7, 1), HUGE + 7) > 0);
        assertEquals("2x9", layout());
        assertStamped();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m06WithoutMemoryAGibibyteIsNeitherSplitNorMerged(GuestSplitPolicy policy) {
        open(policy, 1, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        assertTrue(nrFailuresUntilDone(() -> toShared(77_777, 1), 77_777) > 3);
        assertTrue(nrFailuresUntilDone(() -> toPrivate(77_777, 1), 77_777) > 0);
        assertEquals("18", layout());
    }

    /** Makes one allocation of a conversion after the other fail, until it succeeds; returns how often it did not. */
    private int nrFailuresUntilDone(Supplier<ConversionResult> conversion, long reportedIndex) {
        String before = state();
        int nrFailures = 0;
        failures.failAfter(nrFailures);
        ConversionResult result = conversion.get();
        while (!result.isOk()) {
            failures.stop();
            assertEquals(refused(Errno.ENOMEM, reportedIndex), result);
            assertEquals(before, state());
            check();
            failures.failAfter(++nrFailures);
            result = conversion.get();
        }
        failures.stop();
        check();
        return nrFailures;
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m07AnyPageAnyRangeHolesAndRepetition(GuestSplitPolicy policy) {
        openPopulated(policy, 4);
        assertEquals(ConversionResult.OK, guest.punchHole(HUGE * PAGE, HUGE * PAGE));
        assertEquals("9 - 2x9", layout());
        long last = 4 * HUGE - 1;
        for (long page : new long[] {0, 255, 256, 511, 2 * HUGE, last}) {
            assertConvertsAndBack(page, 1);
        }
        for (long start : new long[] {0, 1, 500, 511}) {
            for (long end : new long[] {512, 513, 1023, 1024, 1025, last, last + 1}) {
                assertConvertsAndBack(start, end - start);
            }
        }
    }

    private void assertConvertsAndBack(long index, long nrPages) {
        assertEquals(ConversionResult.OK, toShared(index, nrPages));
        check();
        String shared = state();
        assertEquals(ConversionResult.OK, toShared(index, nrPages));
        assertEquals(shared, state());
        assertTrue(guest.isShared(index));
        assertTrue(guest.isShared(index + nrPages - 1));
        assertEquals(ConversionResult.OK, toPrivate(index, nrPages));
        check();
        assertEquals("9 - 2x9", layout());
        assertEquals("0:private", attributes());
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m08FromIndex0FailuresInTheFirstAndTheSecondHugePage(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        String before = state();
        for (long heldIndex : new long[] {0, 7, HUGE, HUGE + 7}) {
            long held = pinPrivate(heldIndex);
            assertEquals(refused(Errno.EAGAIN, heldIndex < HUGE ? 0 : HUGE), toShared(0, 2 * HUGE));
            unpin(held);
            assertEquals(before, state());
        }
        assertEquals(ConversionResult.OK, toShared(0, 2 * HUGE));
        String shared = state();
        for (long heldIndex : new long[] {0, 7, HUGE, HUGE + 7}) {
            long held = pinShared(heldIndex);
            assertEquals(refused(Errno.EAGAIN, heldIndex), toPrivate(0, 2 * HUGE));
            unpin(held);
            assertEquals(shared, state());
        }
        assertEquals(ConversionResult.OK, toPrivate(0, 2 * HUGE));
        assertEquals(before, state());
        check();
    }

    @Test
    void m09AFaultDuringAConversionWaitsAndSeesTheNewState() throws InterruptedException {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(5, 1));
        List<Long> seen = new ArrayList<>();
        Thread host = new Thread(() -> {
            try (var hostReader = engine.newReader()) {
                seen.add(guest.newAccess(hostReader).hostFault(5));
            }
        });
        mmu.whileZapping = () -> {
            host.start();
            while (host.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertTrue(isInvalidated(5));
            assertFalse(isInvalidated(6));
            assertEquals(0, engine.folios().references(page(5)), "frozen");
        };
        assertEquals(ConversionResult.OK, toPrivate(5, 1));
        host.join();
        assertEquals(List.of((long) Errno.EACCES), seen);
        assertEquals(Errno.EACCES, access.hostFault(5));
        assertFalse(isInvalidated(5));
    }

    @Test
    void m10PagesGivenBackLateReturnToTheAllocatorWhereTheyAreMerged() {
        open(GuestSplitPolicy.UNIFORM, 1, Geometry.PUD_ORDER);
        assertEquals(ConversionResult.OK, toShared(0, 1));
        long first = pinShared(0);
        assertEquals(ConversionResult.OK, toShared(99, 1));
        long late = pinShared(99);
        guest.close();
        assertEquals(2, engine.leaks().nrPages());
        assertEquals(0, PageStruct.mapping(late));
        unpin(first);
        unpin(late);
        assertEquals(0, engine.leaks().nrPages());
        long block = engine.folios().allocate(Geometry.PUD_ORDER);
        assertEquals(first, block, "the same GiB, whole again");
        unpin(block);
    }

    @Test
    void m11AttributesHaveNoGapsAndNoTwoEqualNeighbours() {
        open(GuestSplitPolicy.UNIFORM, 4);
        assertEquals(ConversionResult.OK, toShared(10, 10));
        assertEquals(ConversionResult.OK, toShared(30, 10));
        assertEquals("0:private 10:shared 20:private 30:shared 40:private", attributes());
        assertEquals(5, guest.nrAttributeRanges());
        assertEquals(ConversionResult.OK, toShared(20, 10));
        assertEquals("0:private 10:shared 40:private", attributes());
        assertEquals(ConversionResult.OK, toPrivate(0, 4 * HUGE));
        assertEquals("0:private", attributes());
        assertEquals(ConversionResult.OK, toShared(0, 4 * HUGE));
        assertEquals("0:shared", attributes());
        check();
    }
}
