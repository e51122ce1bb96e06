/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway.Init")
class LruListsTest extends WholeEngineTest {
    /** How long two threads may take on a machine that has other things to do. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Quire engine;
    private Folios folios;
    private LruLists lru;

    @BeforeEach
    void openEngine() {
        engine = open(HeadMapKind.TAIL_WORDS);
        folios = engine.folios();
        lru = engine.accounting().lru();
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, false, INACTIVE_FILE",
        "false, true, false, ACTIVE_FILE",
        "true, false, false, INACTIVE_ANONYMOUS",
        "true, true, false, ACTIVE_ANONYMOUS",
        "true, true, true, UNEVICTABLE",
        "false, false, true, UNEVICTABLE"
    })
    void theFlagsSayWhichList(boolean swapBacked, boolean active, boolean unevictable, LruList expected) {
        long folio = folios.allocate(3);
        if (swapBacked) {
            PageStruct.getAndSetFlags(folio, PageFlag.SWAPBACKED.mask());
        }
        lru.setActive(folio, active);
        lru.setUnevictable(folio, unevictable);
        lru.add(folio);
        for (LruList list : LruList.values()) {
            assertEquals(list == expected ? 8 : 0, lru.nrPages(list), list.toString());
        }
        folios.unpin(folio);
        assertEquals(0, lru.nrPages(expected), "the last reference takes the folio off");
    }

    @Test
    void theOldestAreTakenFirst() {
        long[] made = {folios.allocate(0), folios.allocate(1), folios.allocate(2)};
        for (long folio : made) {
            lru.add(folio);
        }
        FolioList taken = new FolioList(folios);
        assertEquals(2, lru.isolateOldest(LruList.INACTIVE_FILE, 2, taken));
        assertEquals(2, taken.size());
        assertEquals(4, lru.nrPages(LruList.INACTIVE_FILE));
        assertEquals(made[0], taken.poll());
        assertEquals(made[1], taken.poll());
        assertEquals(0, taken.poll());
        assertEquals(2, folios.references(made[0]), "the caller's and the list's");
        assertFalse(lru.isolate(made[0]), "isolated already");
        assertTrue(lru.isolate(made[2]));
        assertEquals(0, lru.nrPages(LruList.INACTIVE_FILE));
        for (long folio : made) {
            folios.unpin(folio);
            folios.unpin(folio);
        }
    }

    @Test
    void aFolioMovesToTheListOfItsFlags() {
        long folio = folios.allocate(4);
        lru.add(folio);
        lru.setActive(folio, true);
        assertEquals(0, lru.nrPages(LruList.INACTIVE_FILE));
        assertEquals(16, lru.nrPages(LruList.ACTIVE_FILE));
        lru.setUnevictable(folio, true);
        assertEquals(16, lru.nrPages(LruList.UNEVICTABLE));
        assertEquals(0, lru.isolateOldest(LruList.UNEVICTABLE, 9, new FolioList(folios)));
        lru.setUnevictable(folio, false);
        lru.setActive(folio, false);
        assertEquals(16, lru.nrPages(LruList.INACTIVE_FILE));
        assertThrows(IllegalStateException.class, () -> lru.add(folio));
        assertThrows(IllegalArgumentException.class, () -> lru.add(folio + 1));
        folios.unpin(folio);
    }

    @Test
    void whatBecomesAnonymousOnAListMoves() {
        long folio = folios.allocate(2);
        lru.add(folio);
        folios.makeAnonymous(folio, 0x1000, 0);
        assertEquals(0, lru.nrPages(LruList.INACTIVE_FILE));
        assertEquals(4, lru.nrPages(LruList.INACTIVE_ANONYMOUS));
        folios.unpin(folio);
        requireEmptyLists();
    }

    @Test
    void whatIsSharedMemoryOnAListMoves() {
        try (AddressSpace memory = engine.newSharedMemory()) {
            memory.extend((8 + (1L << 13)) << 12);
            long folio = folios.allocate(3);
            lru.add(folio);
            assertEquals(0, memory.add(folio, 0));
            assertEquals(8, lru.nrPages(LruList.INACTIVE_ANONYMOUS));
            long second = folios.allocate(3);
            lru.add(second);
            failures.failAfter(0);
            assertEquals(Errno.ENOMEM, memory.add(second, 1L << 13));
            failures.stop();
            assertEquals(8, lru.nrPages(LruList.INACTIVE_FILE));
            assertEquals(8, lru.nrPages(LruList.INACTIVE_ANONYMOUS));
            folios.unpin(second);
            folios.unpin(folio);
        }
        requireEmptyLists();
    }

    @Test
    void whatIsSwappedInOnAListMoves() {
        try (AddressSpace memory = engine.newSharedMemory()) {
            memory.extend(32 << 12);
            long folio = folios.allocate(3);
            assertEquals(0, memory.add(folio, 0));
            folios.lock(folio);
            long slot = memory.swapEntries().swapOut(folio);
            engine.swapTable().remove(folio);
            folios.unlock(folio);
            folios.unpin(folio);
            long other = folios.allocate(3);
            lru.add(other);
            folios.lock(other);
            assertEquals(Errno.EEXIST, memory.swapEntries().swapIn(other, 8, slot));
            assertEquals(8, lru.nrPages(LruList.INACTIVE_FILE));
            assertEquals(Errno.OK, memory.swapEntries().swapIn(other, 0, slot));
            assertEquals(8, lru.nrPages(LruList.INACTIVE_ANONYMOUS));
            folios.unlock(other);
            folios.unpin(other);
        }
        requireEmptyLists();
    }

    private void requireEmptyLists() {
        for (LruList list : LruList.values()) {
            assertEquals(0, lru.nrPages(list), list.toString());
        }
    }

    @Test
    void addingAndIsolatingBesideEachOtherLosesNoFolio() throws InterruptedException {
        long shared = folios.allocate(2);
        long[] nrIsolated = new long[2];
        Thread[] threads = new Thread[2];
        lru.add(shared);
        for (int number = 0; number < threads.length; number++) {
            int self = number;
            threads[number] = new Thread(() -> {
                for (int round = 0; round < 30_000; round++) {
                    if (lru.isolate(shared)) {
                        nrIsolated[self]++;
                        lru.add(shared);
                        folios.unpin(shared);
                    }
                    lru.setActive(shared, (round & 1) == 0);
                }
            });
            threads[number].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertTrue(nrIsolated[0] + nrIsolated[1] > 0);
        assertEquals(1, folios.references(shared));
        assertEquals(4, lru.nrPages(LruList.INACTIVE_FILE) + lru.nrPages(LruList.ACTIVE_FILE));
        folios.unpin(shared);
    }

    /** Who is not refused links a folio that nobody is about to unlink. */
    @Test
    void whoAddsAFolioThatIsBeingIsolatedFindsItUnlinked() throws InterruptedException {
        long[] listed = {folios.allocate(0), folios.allocate(0), folios.allocate(0)};
        for (long folio : listed) {
            lru.add(folio);
        }
        long shared = listed[1];
        AtomicInteger nrAdded = new AtomicInteger();
        Thread isolating = Thread.ofPlatform().daemon().start(() -> {
            while (nrAdded.get() < 2_000) {
                if (lru.isolate(shared)) {
                    folios.unpin(shared);
                }
            }
        });
        Thread adding = Thread.ofPlatform().daemon().start(() -> {
            while (nrAdded.get() < 2_000) {
                try {
                    lru.add(shared);
                    nrAdded.incrementAndGet();
                } catch (IllegalStateException _) {
                    Thread.onSpinWait();
                }
            }
        });
        assertTrue(adding.join(PATIENCE) && isolating.join(PATIENCE), "a list goes round in circles");
        List<Long> left = LruContents.of(engine, LruList.INACTIVE_FILE);
        assertEquals(left.size(), lru.nrPages(LruList.INACTIVE_FILE));
        assertEquals(PageFlag.LRU.isSet(PageStruct.flags(shared)) ? 3 : 2, left.size());
        for (long folio : listed) {
            folios.unpin(folio);
        }
        requireEmptyLists();
    }

    /** Reclaim takes folios from the list while others on it are split, and freed. */
    @Test
    void isolatingBesideSplitsLosesNoPage() throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        AtomicBoolean done = new AtomicBoolean();
        Thread reclaim = new Thread(() -> {
            FolioList taken = new FolioList(folios);
            while (!done.get()) {
                lru.isolateOldest(LruList.INACTIVE_FILE, 5, taken);
                for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                    lru.add(folio);
                    folios.unpin(folio);
                }
            }
        });
        reclaim.start();
        try (AddressSpace file = engine.newAddressSpace()) {
            for (int round = 0; round < 300; round++) {
                file.extend(4096 << 6);
                assertEquals(0, file.populate(0, 1 << 6, 4));
                file.forEachFolio((index, order, folio) -> lru.add(folio));
                // Retried by nobody: what is isolated right now cannot be split, and is zeroed instead.
                file.punchHole((round & 63) * 4096L, 4096, SplitPolicies.RANGE);
                file.truncate((round & 31) * 4096L, SplitPolicies.NON_UNIFORM);
                file.punchHole(0, 4096 << 6, SplitPolicies.UNIFORM);
            }
        }
        done.set(true);
        reclaim.join();
        assertEquals(0, lru.nrPages(LruList.INACTIVE_FILE));
        assertEquals(0, engine.leaks().nrPages());
    }
}
