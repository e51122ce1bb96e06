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
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernel shipped each of these bugs, or found it in review: one test for each invariant that was broken. The table
 * in docs/kernel-map.md says which is which, and where those are tested that need page tables.
 */
@SuppressWarnings("NullAway.Init")
class SplitHistoryTest extends WholeEngineTest {
    /** Folios that a reader beside splits has to pin for the test to say something. */
    private static final long MIN_PINNED = 100;

    private static final int MAX_ROUNDS_FACTOR = 1000;
    private static final long INDEX = 5L << 18;
    private static final long OWNER = 0x1000;

    private Quire engine;
    private Folios folios;
    private FolioSplitter splitter;
    private AddressSpace space;

    private void openEngine(HeadMapKind headMap) {
        engine = open(headMap);
        folios = engine.folios();
        splitter = engine.splitter();
    }

    private long lockedFileFolio(HeadMapKind headMap, int order, int minimumOrder) {
        openEngine(headMap);
        space = engine.newAddressSpace(minimumOrder);
        return lockedFolioOf(order);
    }

    private long lockedFolioOf(int order) {
        space.extend((INDEX + (1L << order)) << 12);
        long folio = folios.allocate(order);
        assertEquals(Errno.OK, space.add(folio, INDEX));
        folios.lock(folio);
        return folio;
    }

    private long lockedAnonymousFolio(int order) {
        openEngine(HeadMapKind.HEAD_BITS);
        return lockedAnonymousFolioOf(order);
    }

    private long lockedAnonymousFolioOf(int order) {
        long folio = folios.allocate(order);
        folios.makeAnonymous(folio, OWNER, INDEX);
        folios.lock(folio);
        return folio;
    }

    private void release(long folio) {
        folios.unlock(folio);
        folios.unpin(folio);
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    /**
     * Runs a reader that pins index after index, and the first one so often before each, and checks them, while folios
     * are split and removed.
     */
    private void readBesideSplits(int order, int nrRounds, long nrLooksAtFirstOfEach) throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        openEngine(HeadMapKind.HEAD_BITS);
        space = engine.newAddressSpace();
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<String> wrong = new AtomicReference<>("");
        AtomicLong nrPinned = new AtomicLong();
        Thread reading = new Thread(() -> {
            try (RcuReader reader = engine.newReader()) {
                FolioLookup lookup = space.newLookup(reader);
                for (long look = 0; !done.get(); look++) {
                    boolean atFirst = look % (nrLooksAtFirstOfEach + 1) != 0;
                    long offset = atFirst ? 0 : look / (nrLooksAtFirstOfEach + 1) & ((1L << order) - 1);
                    nrPinned.addAndGet(checkPinned(lookup, INDEX + offset, wrong) ? 1 : 0);
                }
            }
        });
        space.extend((INDEX + (1L << order)) << 12);
        reading.start();
        // More rounds, within reason, if the reader gets its processor late.
        boolean isEnough = false;
        for (int round = 0; !isEnough && round < MAX_ROUNDS_FACTOR * nrRounds; round++) {
            isEnough = round >= nrRounds && nrPinned.get() >= MIN_PINNED;
            long folio = lockedFolioOf(order);
            // The reader may have it pinned right now.
            while (splitter.splitNonUniform(folio, page(folio, round * 37L & ((1L << order) - 1)), 0) != Errno.OK) {
                Thread.onSpinWait();
            }
            release(folio);
            space.punchHole(INDEX << 12, 4096L << order, SplitPolicies.UNIFORM);
        }
        done.set(true);
        reading.join();
        space.close();
        assertEquals("", wrong.get());
        assertTrue(nrPinned.get() >= MIN_PINNED, () -> "the reader pinned " + nrPinned);
    }

    private boolean checkPinned(FolioLookup lookup, long index, AtomicReference<String> wrong) {
        long folio = lookup.pin(index);
        if (folio != 0) {
            long first = folios.index(folio);
            long end = first + (1L << folios.order(folio));
            // Removed since it was found, perhaps: then it has no owner, but still the pages that it had.
            if (index < first || index >= end) {
                wrong.set("index " + index + " led to the folio of " + first + ".." + end);
            }
            folios.unpin(folio);
        }
        return folio != 0;
    }

    @Test
    void b01NoIndexLeadsToAnotherPieceDuringASplit() throws InterruptedException {
        readBesideSplits(9, 400, 0);
    }

    /** The first index is the one that a folio unfrozen too early would be found at from everywhere. */
    @Test
    void b02TheFirstFolioIsUnfrozenLast() throws InterruptedException {
        readBesideSplits(1, 4000, 3);
    }

    @Test
    void b03TheFirstFolioIsNeverDropped() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 4, 0);
        AddressSpaceStruct.sizeBytesRelease(space.address(), 0);
        assertEquals(Errno.OK, splitter.splitNonUniform(folio, page(folio, 3), 0));
        assertEquals("1,-", FolioLayout.text(space, INDEX, INDEX + 16));
        assertEquals(space.address(), PageStruct.mapping(folio));
        release(folio);
        space.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 5})
    void b04AFolioDroppedBeyondTheEndGivesBackAReferencePerPage(int minimumOrder) {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 6, minimumOrder);
        AddressSpaceStruct.sizeBytesRelease(space.address(), (INDEX + 1) << 12);
        long named = page(folio, 33);
        assertEquals(Errno.OK, splitter.splitUniform(named, minimumOrder));
        long holder = page(folio, 33 >>> minimumOrder << minimumOrder);
        assertEquals(1, folios.references(holder), "the caller's");
        release(holder);
        assertEquals(1L << minimumOrder, engine.leaks().nrPages(), "the rest is freed");
        assertEquals(1L << minimumOrder, space.nrPages());
        space.close();
    }

    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void b05NothingIsSplitBehindARangeThatReachesTheFoliosEnd(SplitPolicies policy) {
        openEngine(HeadMapKind.HEAD_BITS);
        space = engine.newAddressSpace();
        space.extend(32 << 12);
        assertEquals(Errno.OK, space.populate(0, 32, 4));
        long nrSplits = engine.splitStatistics().nrSplits();
        space.punchHole(8 << 12, 8 << 12, policy);
        assertEquals(nrSplits + 1, engine.splitStatistics().nrSplits());
        boolean isUniform = policy == SplitPolicies.UNIFORM || policy == SplitPolicies.STAGED;
        assertEquals(isUniform ? "0,0,0,0,0,0,0,0,-,4" : "3,-,4", FolioLayout.text(space, 0, 32));
        space.close();
    }

    @Test
    void b06AnOrderBelowTheMinimumIsRefusedNotRaised() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 4, 2);
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 0));
        assertEquals(Errno.EINVAL, splitter.splitNonUniform(folio, folio, 1));
        assertEquals("4", FolioLayout.text(space, INDEX, INDEX + 16));
        release(folio);
        space.close();
    }

    /** Who reaches a piece through one of its pages sees it complete: locked, while its migration entries are there. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void b08AHeadThatIsFoundIsLockedUntilItIsMappedAgain(HeadMapKind headMap) {
        openEngine(headMap);
        try (SplitSubject subject = new SplitSubject(engine, headMap, SplitKind.ANONYMOUS_MAPPED)) {
            long folio = subject.make(4);
            subject.mappers.beforeRemap = () -> {
                for (long offset = 0; offset < 16; offset++) {
                    long head = folios.headOf(page(folio, offset));
                    assertTrue(PageFlag.LOCKED.isSet(PageStruct.flagsAcquire(head)), "page " + offset);
                    assertEquals(1, folios.references(head), "nothing maps it yet: page " + offset);
                }
            };
            assertEquals(Errno.OK, subject.splitter.splitNonUniform(folio, page(folio, 9), 0));
            for (long offset = 8; offset < 16; offset++) {
                assertFalse(folios.isLocked(folios.headOf(page(folio, offset))));
            }
            subject.release(folio);
        }
    }

    /** The kept folio lies beyond the end, so nothing keeps the address space once the first is unlocked. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void b09TheMappingIsNotTouchedAfterTheFirstUnlock(boolean sharedMemory) {
        openEngine(HeadMapKind.HEAD_BITS);
        space = sharedMemory ? engine.newSharedMemory() : engine.newAddressSpace();
        long folio = lockedFolioOf(3);
        AddressSpaceStruct.sizeBytesRelease(space.address(), 0);
        GuardedOwner guarded = new GuardedOwner(space, () -> assertTrue(folios.isLocked(folio), "first folio locked"));
        FolioOwners owners = new FolioOwners(new ObjectSlab(engine.arena()), 4096);
        owners.add(guarded);
        FolioContext own = splitter.context();
        FolioContext context = new FolioContext(
                own.arena(),
                own.folios(),
                own.headMap(),
                own.folioLock(),
                owners,
                own.swapTable(),
                own.accounting(),
                own.mappers(),
                own.lifetime());
        SplitStatistics statistics = engine.splitStatistics();
        assertEquals(Errno.OK, new FolioSplitter(context, statistics, null).splitUniform(page(folio, 7), 0));
        assertTrue(guarded.nrCalls > 0);
        assertEquals(sharedMemory ? 7 : 0, engine.accounting().counters().sharedMemoryPagesDropped());
        assertFalse(folios.isLocked(folio));
        release(page(folio, 7));
        space.close();
    }

    /** Whoever comes first, nothing is left of it. */
    @Test
    void b09AnAddressSpaceIsClosedBesideASplitOfItsLastFolio() throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        openEngine(HeadMapKind.HEAD_BITS);
        for (int round = 0; round < 50; round++) {
            space = engine.newSharedMemory();
            long folio = lockedFolioOf(3);
            AddressSpaceStruct.sizeBytesRelease(space.address(), 0);
            Thread closing = new Thread(space::close);
            closing.start();
            long named = page(folio, 7);
            int result = splitter.splitUniform(named, 0);
            // Closing may have pinned the folio when the split looked at its references.
            long holder = result == Errno.OK ? named : folio;
            assertTrue(result == Errno.OK || result == Errno.EAGAIN, () -> Errno.name(result));
            release(holder);
            closing.join();
            assertEquals(0, engine.leaks().nrPages());
        }
    }

    @Test
    void b10ATruncatedFolioIsBusyWhateverElseIsAsked() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 4, 2);
        space.index().lock();
        PageStruct.mapping(folio, 0);
        space.index().unlock();
        assertEquals(Errno.EBUSY, splitter.splitUniform(folio, 0));
        assertEquals(Errno.EBUSY, splitter.splitNonUniform(folio, folio, 3));
        PageStruct.mapping(folio, space.address());
        release(folio);
        space.close();
    }

    @Test
    void b11AFolioInTheSwapCacheSplitsOnlyUniformlyToOrderZero() {
        long folio = lockedAnonymousFolio(4);
        long slot = engine.swapTable().allocate(4);
        assertEquals(Errno.OK, engine.swapTable().add(folio, slot));
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 2));
        assertEquals(Errno.EINVAL, splitter.splitNonUniform(folio, folio, 0));
        assertEquals(Errno.OK, splitter.splitUniform(folio, 0));
        for (long offset = 0; offset < 16; offset++) {
            assertEquals(page(folio, offset), engine.swapTable().pin(slot + offset));
            folios.unpin(page(folio, offset));
            engine.swapTable().remove(page(folio, offset));
        }
        engine.swapTable().free(slot, 16);
        release(folio);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void b12AFolioKnowsWhetherOneOfItsPagesIsPoisoned(HeadMapKind headMap) {
        openEngine(headMap);
        for (long poisoned = 0; poisoned < 32; poisoned++) {
            space = engine.newAddressSpace();
            long folio = lockedFolioOf(5);
            folios.markPoisoned(page(folio, poisoned));
            assertTrue(PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(folio)));
            assertEquals(Errno.OK, splitter.splitUniform(folio, 2));
            for (long first = 0; first < 32; first += 4) {
                boolean inside = poisoned >= first && poisoned < first + 4;
                assertEquals(inside, PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(page(folio, first))));
            }
            assertTrue(PageFlag.HWPOISON.isSet(PageStruct.flags(page(folio, poisoned))), "the page's own mark");
            release(folio);
            space.close();
            engine.awaitReclaim();
            assertEquals(poisoned + 1, folios.nrPagesPoisoned(), "frames that nobody gets any more");
        }
    }

    @Test
    void b13MarksAreOnOneSlotPerPiece() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 9, 0);
        space.index().setMark(INDEX, 1);
        assertEquals(Errno.OK, splitter.splitUniform(folio, 2));
        space.index().lock();
        XaCursor cursor = new XaCursor(space.index());
        long nrFound = 0;
        for (long entry = cursor.findMarked(-1, 1); entry != 0; entry = cursor.findMarked(-1, 1)) {
            assertEquals(page(folio, 4 * nrFound), entry);
            nrFound++;
        }
        space.index().unlock();
        assertEquals(128, nrFound);
        release(folio);
        space.close();
    }

    @Test
    void b14NoPieceIsPartiallyMappedThoughTheShrinkerHadDequeuedTheFolio() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 6, 0);
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        queue.add(folio, true);
        long[] taken = new long[1];
        assertEquals(1, queue.take(taken, 1));
        folios.unpin(taken[0]);
        assertTrue(PageFlag.PARTIALLY_MAPPED.isSet(FolioStruct.flags1(folio)));
        assertEquals(Errno.OK, splitter.splitNonUniform(folio, page(folio, 40), 2));
        space.forEachFolio((index, order, piece) -> {
            assertFalse(PageFlag.PARTIALLY_MAPPED.isSet(FolioStruct.flags1(piece)), "index " + index);
            assertFalse(DeferredSplitQueue.isQueued(piece), "index " + index);
        });
        assertEquals(0, engine.accounting().counters().nrPartiallyMapped());
        release(folio);
        space.close();
    }

    @Test
    void b15TheQueueIsWholeAndAFolioLeavesItBeforeItsGroupCanChange() {
        long first = lockedFileFolio(HeadMapKind.HEAD_BITS, 3, 0);
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        long other = folios.allocate(3);
        long last = folios.allocate(3);
        queue.add(other, false);
        queue.add(first, true);
        queue.add(last, false);
        try (MemoryGroup group = engine.accounting().groups().open(3)) {
            assertThrows(IllegalStateException.class, () -> group.charge(first));
            assertEquals(Errno.OK, splitter.splitUniform(first, 2));
            group.charge(first);
            assertEquals(4, group.nrChargedPages());
            release(first);
            space.close();
        }
        long[] taken = new long[4];
        assertEquals(2, queue.take(taken, 4));
        assertEquals(other, taken[0]);
        assertEquals(last, taken[1]);
        for (long folio : new long[] {other, last}) {
            folios.unpin(folio);
            folios.unpin(folio);
        }
    }

    /** No owner is looked up for a mapping word that is tagged: the address in it is none of an address space. */
    @Test
    void b18TheMappingOfAnAnonymousFolioIsNotFollowed() {
        long folio = lockedAnonymousFolio(4);
        PageStruct.mapping(folio, 0x7fff_ffff_f000L | AddressSpaceStruct.ANONYMOUS_TAG);
        assertEquals(Errno.OK, splitter.splitNonUniform(folio, page(folio, 5), 2));
        release(folio);
    }

    @Test
    void b19EveryHeadKeepsTheAllocationTag() {
        engine = open(Quire.builder().capacityBytes(1L << 30).pageOwners(true));
        folios = engine.folios();
        space = engine.newAddressSpace();
        PageOwners owners = Objects.requireNonNull(engine.accounting().owners());
        long folio = lockedFolioOf(6);
        owners.tag(folio, 99);
        assertEquals(Errno.OK, engine.splitter().splitUniform(folio, 2));
        for (long offset = 0; offset < 64; offset++) {
            assertEquals(offset % 4 == 0 ? 99 : 0, owners.tag(page(folio, offset)));
            assertEquals(2, owners.order(page(folio, offset)));
        }
        release(folio);
        space.close();
    }

    @Test
    void b20CountersMoveOnlyWithASplitThatHappens() {
        long folio = lockedAnonymousFolio(9);
        FolioCounters counters = engine.accounting().counters();
        assertTrue(folios.tryPin(folio));
        assertEquals(Errno.EAGAIN, splitter.splitUniform(folio, 2));
        assertEquals(1, counters.nrAnonymous(9));
        assertEquals(0, counters.nrAnonymous(2));
        assertEquals(0, engine.splitStatistics().nrSplits());
        folios.unpin(folio);
        assertEquals(Errno.OK, splitter.split(folio, SplitPolicies.UNIFORM, 0, 1, 2, SplitPolicies.ALL_ORDERS, true));
        assertEquals(0, counters.nrAnonymous(9));
        assertEquals(128, counters.nrAnonymous(2));
        assertEquals(1, engine.splitStatistics().nrSplits(9));
        folios.unlock(folio);
        for (long offset = 0; offset < 512; offset += 4) {
            folios.unpin(page(folio, offset));
        }
        assertEquals(0, counters.nrAnonymous(2));
    }

    @Test
    void b21IndexNodesAreChargedToTheFoliosGroup() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 9, 0);
        MemoryGroups groups = engine.accounting().groups();
        try (MemoryGroup group = groups.open(1);
                MemoryGroup other = groups.open(2)) {
            group.charge(folio);
            assertEquals(Errno.OK, splitter.splitUniform(folio, 0));
            assertEquals(8, group.nrIndexNodes());
            assertEquals(0, other.nrIndexNodes());
            assertEquals(512 + 1, group.nrReferences());
            assertEquals(512, group.nrChargedPages());
            release(folio);
            space.close();
        }
    }

    /** With the grace period over at once, a piece that is freed is part of a larger free block before the next is. */
    @Test
    void b22FreeingAPieceDoesNotLoseTheNext() {
        openEngine(HeadMapKind.HEAD_BITS);
        for (int round = 0; round < 200; round++) {
            long folio = lockedAnonymousFolioOf(9);
            assertEquals(Errno.OK, splitter.splitUniform(page(folio, 511), 0));
            release(page(folio, 511));
            assertEquals(0, engine.leaks().nrPages());
            assertEquals(engine.arena().nrPages(), engine.zone().nrFreePages());
        }
    }

    /** An anonymous folio is mapped again whether it was split or not; a file's pages come back by faults only. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"ANONYMOUS_MAPPED", "FILE_MAPPED"})
    void b23OnlyAnonymousFoliosAreMappedAgain(SplitKind kind) {
        openEngine(HeadMapKind.HEAD_BITS);
        try (SplitSubject subject = new SplitSubject(engine, HeadMapKind.HEAD_BITS, kind)) {
            long folio = subject.make(4);
            boolean anonymous = kind == SplitKind.ANONYMOUS_MAPPED;
            subject.mappers.failUnmap = true;
            FolioInvariants invariants = new FolioInvariants(subject);
            assertEquals(Errno.EAGAIN, subject.splitter.splitUniform(folio, 0));
            invariants.afterFailedSplit();
            assertEquals(anonymous ? 1 : 0, subject.mappers.nrRemaps);
            subject.mappers.failUnmap = false;
            assertEquals(Errno.OK, subject.splitter.splitUniform(folio, 0));
            assertEquals(anonymous ? 2 : 0, subject.mappers.nrRemaps);
            for (long offset = 0; offset < 16; offset++) {
                assertEquals(anonymous, subject.mappers.isMapped(page(folio, offset)));
            }
            subject.release(folio);
        }
    }
}
