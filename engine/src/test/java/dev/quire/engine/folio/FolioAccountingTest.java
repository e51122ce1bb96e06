/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.DeferredSplitStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory groups, page owners and counters. */
class FolioAccountingTest extends WholeEngineTest {
    /** How long a thread gets to do what it must not: a thousand times what it takes. */
    private static final long WAIT_MILLIS = 100;

    @Test
    void aGroupIsChargedForWhatItsFoliosHoldUntilTheyAreFreed() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        MemoryGroups groups = engine.accounting().groups();
        long folio = folios.allocate(4);
        long other = folios.allocate(0);
        MemoryGroup group = groups.open(42);
        assertEquals(42, group.id());
        assertEquals(-1, groups.idOf(folio, -1));
        group.charge(folio);
        assertEquals(42, groups.idOf(folio, -1));
        assertEquals(16, group.nrChargedPages());
        assertEquals(2, group.nrReferences());
        assertThrows(IllegalStateException.class, () -> group.charge(folio));
        group.charge(other);
        folios.unpin(folio);
        assertEquals(1, group.nrChargedPages());
        group.close();
        group.close();
        assertThrows(IllegalStateException.class, () -> group.charge(folio));
        assertThrows(IllegalStateException.class, group::nrChargedPages);
        assertEquals(42, groups.idOf(other, -1), "lives on with its last folio");
        assertEquals(1, engine.leaks().nrAddressSpaces());
        folios.unpin(other);
        assertEquals(0, engine.leaks().nrAddressSpaces());
    }

    /** A folio changes its group only while it is on no queue, which may be one of the group's. */
    @Test
    void aQueuedFolioCannotBeCharged() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        long folio = engine.folios().allocate(2);
        engine.accounting().deferredSplits().add(folio, false);
        try (MemoryGroup group = engine.accounting().groups().open(1)) {
            assertThrows(IllegalStateException.class, () -> group.charge(folio));
            assertEquals(1, group.nrReferences());
        }
        engine.folios().unpin(folio);
    }

    @Test
    void everyPageKnowsTheOrderOfItsFolioAndEveryHeadItsTag() {
        Quire engine = open(Quire.builder().capacityBytes(1L << 30).pageOwners(true));
        PageOwners owners = Objects.requireNonNull(engine.accounting().owners());
        Folios folios = engine.folios();
        long folio = folios.allocate(4);
        folios.makeAnonymous(folio, 0x1000, 0);
        owners.tag(folio, PageOwners.MAX_TAG);
        assertEquals(4, owners.order(folio + 15 * PageStruct.BYTES));
        assertEquals(0, owners.tag(folio + 15 * PageStruct.BYTES));
        assertThrows(IllegalArgumentException.class, () -> owners.tag(folio, -1));
        assertThrows(IllegalArgumentException.class, () -> owners.tag(folio, PageOwners.MAX_TAG + 1));
        folios.lock(folio);
        assertEquals(
                0, engine.splitter().split(folio, SplitPolicies.NON_UNIFORM, 5, 6, 0, SplitPolicies.ALL_ORDERS, true));
        folios.unlock(folio);
        int page = 0;
        for (int order : new int[] {2, 0, 0, 0, 0, 3}) {
            long piece = folio + (long) page * PageStruct.BYTES;
            assertEquals(PageOwners.MAX_TAG, owners.tag(piece), "tag at page " + page);
            for (int inside = 0; inside < 1 << order; inside++) {
                assertEquals(order, owners.order(piece + (long) inside * PageStruct.BYTES));
            }
            folios.unpin(piece);
            assertEquals(PageOwners.FREE, owners.order(piece));
            page += 1 << order;
        }
    }

    @Test
    void aListOfFoliosIsGuardedAgainstMisuseAndClose() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        Quire other = Quire.builder().capacityBytes(1L << 30).open();
        FolioList pieces = new FolioList(other.folios());
        assertThrows(IllegalArgumentException.class, () -> pieces.append(0));
        long folio = other.folios().allocate(2);
        assertThrows(IllegalArgumentException.class, () -> pieces.append(folio + PageStruct.BYTES), "a tail");
        other.accounting().lru().add(folio);
        assertThrows(IllegalStateException.class, () -> pieces.append(folio), "on an LRU list");
        assertThrows(
                IllegalArgumentException.class,
                () -> engine.accounting().lru().isolateOldest(LruList.INACTIVE_FILE, 1, pieces));
        long own = folios.allocate(2);
        folios.lock(own);
        assertThrows(
                IllegalArgumentException.class,
                () -> engine.splitter().split(own, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, pieces));
        folios.unlock(own);
        folios.unpin(own);
        assertEquals(0, pieces.size());
        assertTrue(other.accounting().lru().isolate(folio));
        pieces.append(folio);
        other.folios().unpin(folio);
        other.close();
        assertThrows(IllegalStateException.class, pieces::poll);
        assertThrows(IllegalStateException.class, () -> pieces.append(folio));
        assertThrows(
                IllegalStateException.class,
                () -> other.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, pieces));
        assertEquals(1, pieces.size());
    }

    @Test
    void anonymousFoliosAreCountedByOrder() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        FolioCounters counters = engine.accounting().counters();
        long folio = folios.allocate(9);
        assertThrows(IllegalArgumentException.class, () -> folios.makeAnonymous(folio, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> folios.makeAnonymous(folio, 0x1001, 0));
        folios.makeAnonymous(folio, 0x1000, 512);
        assertThrows(IllegalArgumentException.class, () -> folios.makeAnonymous(folio, 0x1000, 512));
        assertEquals(1, counters.nrAnonymous(9));
        folios.lock(folio);
        FolioList pieces = new FolioList(folios);
        assertEquals(
                0,
                engine.splitter().split(folio, SplitPolicies.NON_UNIFORM, 2, 3, 0, SplitPolicies.ALL_ORDERS, pieces));
        folios.unlock(folio);
        assertEquals(0, counters.nrAnonymous(9));
        assertEquals(4, counters.nrAnonymous(0));
        assertEquals(0, counters.nrAnonymous(1));
        for (int order = 2; order < 9; order++) {
            assertEquals(1, counters.nrAnonymous(order));
        }
        assertEquals(10, pieces.size());
        for (long piece = pieces.poll(); piece != 0; piece = pieces.poll()) {
            assertEquals(1, folios.references(piece));
            folios.unpin(piece);
        }
        folios.unpin(folio);
        for (int order = 0; order < 9; order++) {
            assertEquals(0, counters.nrAnonymous(order));
        }
    }

    /** The caller has the folio off the lists, so that each piece can go on the caller's list instead. */
    @Test
    void aCallersListExcludesTheLruLists() {
        Quire engine = open(HeadMapKind.TAIL_WORDS);
        Folios folios = engine.folios();
        long folio = folios.allocate(3);
        folios.makeAnonymous(folio, 0x1000, 0);
        engine.accounting().lru().add(folio);
        folios.lock(folio);
        FolioList pieces = new FolioList(folios);
        FolioSplitter splitter = engine.splitter();
        assertThrows(
                IllegalStateException.class,
                () -> splitter.split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, pieces));
        assertTrue(engine.accounting().lru().isolate(folio));
        folios.unpin(folio);
        assertEquals(0, splitter.split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, pieces));
        for (long page = 1; page < 8; page++) {
            long piece = pieces.poll();
            assertEquals(folio + page * PageStruct.BYTES, piece);
            assertEquals(0, folios.order(piece));
            folios.unpin(piece);
        }
        assertEquals(0, pieces.poll());
        folios.unlock(folio);
        folios.unpin(folio);
    }

    /**
     * Between the first look and the freeze, in which nobody else has a reference, somebody has put it on a list and
     * let go.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFolioThatComesOntoAListBeforeTheFreezeIsNotSplitOntoTheCallers(boolean ofFile) {
        // The list changes within the attempt.
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        LruLists lru = engine.accounting().lru();
        try (var file = engine.newAddressSpace()) {
            long folio = folios.allocate(4);
            if (ofFile) {
                file.extend(16 << 12);
                assertEquals(0, file.add(folio, 0));
            } else {
                folios.makeAnonymous(folio, 0x1000, 0);
            }
            int nrReferences = folios.references(folio);
            folios.lock(folio);
            FolioList pieces = new FolioList(folios);
            SplitPolicy late = (plan, order, start, end, minimumOrder, allowedOrders) -> {
                SplitPolicies.UNIFORM.plan(plan, order, start, end, minimumOrder, allowedOrders);
                lru.add(folio);
            };
            assertEquals(Errno.EAGAIN, engine.splitter().split(folio, late, 0, 1, 0, SplitPolicies.ALL_ORDERS, pieces));
            assertEquals(0, pieces.size());
            assertEquals(4, folios.order(folio));
            assertEquals(nrReferences, folios.references(folio));
            assertEquals(16, lru.nrPages(ofFile ? LruList.INACTIVE_FILE : LruList.INACTIVE_ANONYMOUS));
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    @Test
    void hugeFoliosOfFilesAndSharedMemoryAreCountedInPages() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        FolioCounters counters = engine.accounting().counters();
        try (var file = engine.newAddressSpace();
                var memory = engine.newSharedMemory()) {
            file.extend(4096L << 11);
            memory.extend(4096L << 9);
            assertEquals(0, file.populate(0, 1 << 11, 11));
            assertEquals(0, memory.populate(0, 1 << 9, 9));
            assertEquals(2048, counters.fileThpPages());
            assertEquals(512, counters.sharedMemoryThpPages());
            file.punchHole(4096 * 700, 4096, SplitPolicies.RANGE);
            assertEquals(2048 - 512, counters.fileThpPages());
            memory.truncate(4096 * 300, SplitPolicies.NON_UNIFORM);
            assertEquals(0, counters.sharedMemoryThpPages());
            assertEquals(300, memory.nrChargedPages());
            assertEquals(0, file.nrChargedPages());
        }
        assertEquals(0, counters.fileThpPages());
    }

    /**
     * Whether a folio has a group is looked at and changed in one step: who charges it waits for the lock of the
     * deferred-split queue, and of two that charge it one gets it.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void aFolioIsChargedToOneGroup(int order) throws InterruptedException {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        long folio = engine.folios().allocate(order);
        long lock = DeferredSplitStruct.lock(engine.arena().deferredSplitBase());
        try (MemoryGroup first = engine.accounting().groups().open(1);
                MemoryGroup second = engine.accounting().groups().open(2)) {
            Thread charger = new Thread(() -> first.charge(folio));
            SpinLock.lock(lock);
            try {
                charger.start();
                charger.join(WAIT_MILLIS);
                assertTrue(charger.isAlive(), "charged beside somebody who has the lock");
                assertEquals(0, PageStruct.memcgData(folio));
            } finally {
                SpinLock.unlock(lock);
                charger.join();
            }
            IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> second.charge(folio));
            assertTrue(String.valueOf(refusal.getMessage())
                    .startsWith("folio is charged or queued for a split: folio=0x"));
            assertEquals(1L << order, first.nrChargedPages());
            assertEquals(2, first.nrReferences());
            assertEquals(0, second.nrChargedPages());
            assertEquals(1, second.nrReferences());
            engine.folios().unpin(folio);
            assertEquals(0, first.nrChargedPages());
            assertEquals(1, first.nrReferences());
        }
    }

    @Test
    void aMergeUndoesWhatASplitDid() {
        Quire engine = open(Quire.builder().capacityBytes(1L << 30).pageOwners(true));
        Folios folios = engine.folios();
        PageOwners owners = Objects.requireNonNull(engine.accounting().owners());
        FolioCounters counters = engine.accounting().counters();
        try (var memory = engine.newSharedMemory();
                MemoryGroup group = engine.accounting().groups().open(5);
                MemoryGroup other = engine.accounting().groups().open(6)) {
            memory.extend(4096L << 9);
            long folio = folios.allocate(9);
            owners.tag(folio, 8);
            group.charge(folio);
            assertEquals(0, memory.add(folio, 0));
            folios.lock(folio);
            assertEquals(0, engine.splitter().splitNonUniform(folio, folio, 0));
            assertEquals(11, group.nrReferences());
            assertEquals(0, counters.sharedMemoryThpPages());
            engine.accounting().deferredSplits().add(folio + 256 * PageStruct.BYTES, true);
            long last = folio + 4 * PageStruct.BYTES;
            long charged = PageStruct.memcgData(last);
            PageStruct.memcgData(last, 0);
            assertEquals(-16, engine.merger().merge(folio, 9), "another group");
            PageStruct.memcgData(last, charged);
            assertEquals(0, engine.merger().merge(folio, 9));
            assertEquals(2, group.nrReferences());
            assertEquals(512, group.nrChargedPages());
            assertEquals(1, other.nrReferences());
            assertEquals(512, counters.sharedMemoryThpPages());
            assertEquals(0, engine.accounting().deferredSplits().nrFolios());
            assertEquals(0, counters.nrPartiallyMapped());
            assertEquals(9, owners.order(folio + 511 * PageStruct.BYTES));
            assertEquals(8, owners.tag(folio));
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }
}
