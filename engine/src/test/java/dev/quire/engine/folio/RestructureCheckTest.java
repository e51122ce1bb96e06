/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCutCheckTest.Cut;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be restructured, and what cannot be inserted, is told so before anything has changed. */
class RestructureCheckTest extends WholeEngineTest {
    private static final int ORDER = 5;
    private static final long NR_PAGES = 1L << ORDER;

    private final Quire engine = open(HeadMapKind.HEAD_BITS);
    private boolean committed;

    private int restructure(AddressSpace space, long startIndex, long endIndex) {
        return new FolioRestructurer(engine.splitter(), space)
                .restructure(startIndex, endIndex, Cut.GOOD, () -> committed = true);
    }

    private int insert(AddressSpace space, long folio, long startIndex) {
        return new FolioRestructurer(engine.splitter(), space).insert(folio, startIndex, 0, Cut.GOOD);
    }

    private AddressSpace newSpaceOf(long nrPages) {
        AddressSpace space = engine.newAddressSpace();
        space.extend(nrPages * Geometry.PAGE_BYTES);
        return space;
    }

    private long add(AddressSpace space, long index) {
        long folio = engine.folios().allocate(ORDER);
        assertEquals(Errno.OK, space.add(folio, index));
        engine.folios().unpin(folio);
        return folio;
    }

    @Test
    void aRangeThatIsNoneIsRefused() {
        try (AddressSpace space = newSpaceOf(NR_PAGES)) {
            long folio = add(space, 0);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            for (long[] range :
                    new long[][] {{-1, 1}, {0, 0}, {4, 3}, {0, Long.MAX_VALUE}, {Long.MIN_VALUE, Long.MIN_VALUE + 1}}) {
                IllegalArgumentException refusal =
                        assertThrows(IllegalArgumentException.class, () -> restructure(space, range[0], range[1]));
                assertEquals(
                        "range out of range: startIndex=" + range[0] + ", endIndex=" + range[1] + ", max=" + (1L << 51),
                        refusal.getMessage());
            }
            assertFalse(committed);
            invariants.afterFailure();
        }
    }

    /** Its pieces beyond the end would have to be dropped. */
    @Test
    void aFolioThatReachesBeyondTheEndIsNotSplit() {
        try (AddressSpace space = newSpaceOf(8)) {
            long folio = add(space, 0);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            assertEquals(Errno.EINVAL, restructure(space, 0, NR_PAGES));
            assertFalse(committed);
            invariants.afterFailure();
            assertEquals(NR_PAGES, space.nrPages());
            checkFolios(engine, space);
        }
    }

    @Test
    void noFolioGetsSmallerThanItsOwnerHasThem() {
        try (AddressSpace space = engine.newAddressSpace(Cut.PIECE_ORDER + 1)) {
            space.extend(4 * NR_PAGES * Geometry.PAGE_BYTES);
            long folio = add(space, NR_PAGES);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            assertEquals(Errno.EINVAL, restructurer.restructure(0, 4 * NR_PAGES, Cut.GOOD, () -> committed = true));
            assertEquals(NR_PAGES, restructurer.refusedIndex());
            assertFalse(committed);
            invariants.afterFailure();

            long other = engine.folios().allocate(ORDER);
            assertEquals(Errno.EINVAL, insert(space, other, 0));
            assertEquals(1, engine.folios().references(other));
            engine.folios().unpin(other);
            assertEquals(NR_PAGES, space.nrPages());
            checkFolios(engine, space);
        }
    }

    @Test
    void whatIsInSwapIsNoFolio() {
        try (AddressSpace space = engine.newSharedMemory()) {
            space.extend(2 * NR_PAGES * Geometry.PAGE_BYTES);
            add(space, 0);
            long folio = engine.folios().allocate(ORDER);
            assertEquals(Errno.OK, space.add(folio, NR_PAGES));
            engine.folios().lock(folio);
            assertEquals(0, space.swapEntries().swapOut(folio) % NR_PAGES);
            engine.swapTable().remove(folio);
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);

            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            assertEquals(Errno.EBUSY, restructurer.restructure(0, 2 * NR_PAGES, Cut.GOOD, () -> committed = true));
            assertEquals(NR_PAGES, restructurer.refusedIndex());
            assertFalse(committed);
            assertEquals(ORDER, space.swapEntries().orderAt(NR_PAGES));
            assertEquals(Errno.OK, restructure(space, 0, NR_PAGES));
            checkFolios(engine, space);
        }
    }

    /** Its struct may be another's by then. */
    @Test
    void aClosedOwnerGetsNoFolio() {
        AddressSpace closed = newSpaceOf(NR_PAGES);
        closed.close();
        try (AddressSpace next = newSpaceOf(NR_PAGES)) {
            assertEquals(closed.address(), next.address(), "structs are reused last in, first out");
            long folio = engine.folios().allocate(ORDER);
            assertThrows(IllegalStateException.class, () -> insert(closed, folio, 0));
            assertThrows(IllegalStateException.class, () -> restructure(closed, 0, NR_PAGES));
            assertFalse(committed);
            assertEquals(1, engine.folios().references(folio));
            engine.folios().unpin(folio);
            assertEquals(0, next.nrPages());
        }
    }

    /** Nothing is split, so that the owner need not drop anything, and yet it may not have them. */
    @Test
    void whatStaysWholeIsNotInsertedWhereItsOwnerHasNoSuchFolios() {
        try (AddressSpace space = engine.newAddressSpace(Cut.PIECE_ORDER + 1);
                AddressSpace small = newSpaceOf(8)) {
            space.extend(NR_PAGES * Geometry.PAGE_BYTES);
            long folio = engine.folios().allocate(Cut.PIECE_ORDER);
            assertEquals(Errno.EINVAL, insert(space, folio, 0), "smaller than the owner's");
            assertEquals(Errno.EINVAL, insert(small, folio, 8), "beyond the end");
            assertEquals(1, engine.folios().references(folio));
            assertEquals(0, space.nrPages());
            assertEquals(0, small.nrPages());
            assertEquals(Errno.OK, insert(small, folio, 4));
            checkFolios(engine, small);
        }
    }

    /** They say of a folio that it is large, or on a list, which it is not; or only the first piece would get them. */
    @ParameterizedTest
    @EnumSource(
            value = PageFlag.class,
            names = {"LRU", "HEAD", "LOCKED", "WAITERS", "WRITEBACK", "HWPOISON", "OWNER_PRIV_1"})
    void flagsThatNoPieceInheritsAreRefused(PageFlag flag) {
        try (AddressSpace space = newSpaceOf(NR_PAGES)) {
            for (int order : new int[] {Cut.PIECE_ORDER, ORDER}) {
                long folio = engine.folios().allocate(order);
                FolioInvariants invariants =
                        new FolioInvariants(engine.splitter().context(), folio);
                long flags = flag.mask() | PageFlag.UPTODATE.mask();
                IllegalArgumentException refusal = assertThrows(
                        IllegalArgumentException.class,
                        () -> new FolioRestructurer(engine.splitter(), space).insert(folio, 0, flags, Cut.GOOD));
                assertEquals(
                        "flags that no piece inherits: flags=0x" + Long.toHexString(flags) + ", refused=0x"
                                + Long.toHexString(flag.mask()),
                        refusal.getMessage());
                invariants.afterFailure();
                assertEquals(1, engine.folios().references(folio));
                assertEquals(0, space.nrPages());
                engine.folios().unpin(folio);
            }
        }
    }

    /** Each has them, not just the first. */
    @Test
    void flagsOfAnInsertedFolioAreThoseOfItsPieces() {
        try (AddressSpace space = newSpaceOf(NR_PAGES)) {
            long folio = engine.folios().allocate(ORDER);
            long flags = PageFlag.UPTODATE.mask() | PageFlag.DIRTY.mask();
            assertEquals(Errno.OK, new FolioRestructurer(engine.splitter(), space).insert(folio, 0, flags, Cut.GOOD));
            space.forEachFolio((index, order, piece) -> assertEquals(flags, PageStruct.flags(piece) & flags));
            checkFolios(engine, space);
        }
    }

    /** A thread has one plan at a time, and would otherwise carry out that of the other folio on this one. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPolicyThatRestructuresIsRefusedAndChangesNothing(boolean inserts) {
        try (AddressSpace space = newSpaceOf(3 * NR_PAGES)) {
            long folio = add(space, 0);
            long other = add(space, NR_PAGES);
            long fresh = engine.folios().allocate(ORDER);
            assertTrue(engine.folios().tryPin(folio));
            engine.folios().lock(folio);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            FolioInvariants invariantsOfOther =
                    new FolioInvariants(engine.splitter().context(), other);
            SplitPolicy policy = (plan, order, start, end, minimumOrder, allowedOrders) -> {
                plan.resetUniform(order, minimumOrder);
                int result = inserts ? insert(space, fresh, 2 * NR_PAGES) : restructure(space, NR_PAGES, 2 * NR_PAGES);
                assertEquals(Errno.OK, result);
            };
            IllegalStateException refusal = assertThrows(
                    IllegalStateException.class,
                    () -> engine.splitter().split(folio, policy, 0, 1, 0, SplitPolicies.ALL_ORDERS, false));
            assertEquals("a policy or cut splits a folio while it plans", refusal.getMessage());
            assertFalse(committed);
            invariants.afterFailure();
            invariantsOfOther.afterFailure();
            assertEquals(2 * NR_PAGES, space.nrPages());
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            engine.folios().unpin(fresh);
            checkFolios(engine, space);
        }
    }

    /** The same of a cut, whatever it is asked. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCutThatSplitsIsRefusedAndChangesNothing(boolean whilePlanning) {
        try (AddressSpace space = newSpaceOf(2 * NR_PAGES)) {
            long folio = add(space, 0);
            assertTrue(engine.folios().tryPin(folio));
            engine.folios().lock(folio);
            long fresh = engine.folios().allocate(ORDER);
            FolioInvariants invariants = new FolioInvariants(engine.splitter().context(), folio);
            FolioCut cut = new FolioCut() {
                @Override
                public int orderAt(long index) {
                    split(!whilePlanning);
                    return 0;
                }

                @Override
                public void plan(SplitPlan plan, long startIndex, int order) {
                    plan.resetUniform(order, 0);
                    split(whilePlanning);
                }

                private void split(boolean now) {
                    if (now) {
                        engine.splitter().splitUniform(folio, 2);
                    }
                }

                @Override
                public boolean changes(long startIndex, int order) {
                    return false;
                }
            };
            FolioRestructurer restructurer = new FolioRestructurer(engine.splitter(), space);
            assertThrows(IllegalStateException.class, () -> restructurer.insert(fresh, NR_PAGES, 0, cut));
            assertEquals(1, engine.folios().references(fresh));
            invariants.afterFailure();
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            engine.folios().unpin(fresh);
            checkFolios(engine, space);
        }
    }

    /** Shared memory pays for its pages, which an insertion does not count. */
    @Test
    void sharedMemoryGetsNoFolio() {
        try (AddressSpace space = engine.newSharedMemory()) {
            space.extend(NR_PAGES * Geometry.PAGE_BYTES);
            long folio = engine.folios().allocate(ORDER);
            assertThrows(IllegalArgumentException.class, () -> insert(space, folio, 0));
            engine.folios().unpin(folio);
        }
    }

    @Test
    void aNewFolioThatSomebodyHoldsIsNotInserted() {
        try (AddressSpace space = newSpaceOf(2 * NR_PAGES)) {
            long folio = engine.folios().allocate(ORDER);
            assertEquals(folio, engine.folios().tryPinFolioOf(folio));
            assertEquals(Errno.EAGAIN, insert(space, folio, 0));
            assertEquals(2, engine.folios().references(folio));
            assertEquals(0, space.nrPages());
            engine.folios().unpin(folio);
            assertEquals(Errno.OK, insert(space, folio, 0));
            checkFolios(engine, space);

            IllegalArgumentException refusal =
                    assertThrows(IllegalArgumentException.class, () -> insert(space, folio, NR_PAGES));
            assertEquals(
                    "folio belongs to somebody, or nobody holds it: folio=0x" + Long.toHexString(folio),
                    refusal.getMessage());
            assertEquals(NR_PAGES, space.nrPages());
        }
    }
}
