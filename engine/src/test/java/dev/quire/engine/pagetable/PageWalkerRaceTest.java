/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Threads read stamped pages through page tables, as a processor would with faults, while the folios that they map are
 * unmapped, split and mapped again beside them. Every page is found, with its own stamp, all the time.
 */
class PageWalkerRaceTest extends WholeEngineTest {
    private static final int ORDER = 9;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_READERS = 3;
    private static final int ROUNDS = 40;
    private static final long BASE = 1L << 30;

    /** In each round the writer tries so often, and then until it has split once or lost its patience. */
    private static final int ATTEMPTS = 20;

    private static final long PATIENCE_NANOS = 1_000_000_000L;

    /** Readers that never rest hold the one folio nearly always, and no split succeeds. */
    private static final int PINS_PER_REST = 32;

    private static final long REST_NANOS = 100_000;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrVerified = new LongAdder();
    private final LongAdder nrFaults = new LongAdder();
    private final AtomicBoolean done = new AtomicBoolean();

    PageWalkerRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    private void readBeside(Quire engine, PageTables tables, FaultMaker faults, Runnable writer)
            throws InterruptedException {
        done.set(false);
        List<Thread> readers = new ArrayList<>();
        for (int number = 0; number < NR_READERS; number++) {
            int firstPage = number * 97;
            Thread thread = new Thread(() -> readUntilDone(engine, tables, faults, firstPage));
            readers.add(thread);
            thread.start();
        }
        try {
            writer.run();
        } finally {
            done.set(true);
            for (Thread reader : readers) {
                reader.join();
            }
        }
    }

    @FunctionalInterface
    private interface FaultMaker {
        FaultHandler make(RcuReader reader);
    }

    private void readUntilDone(Quire engine, PageTables tables, FaultMaker faults, int firstPage) {
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = tables.newWalker(reader);
            FaultHandler handler = faults.make(reader);
            int page = firstPage;
            do {
                page = (page + 7) % NR_PAGES;
                verify(engine, walker, handler, page);
                nrVerified.increment();
                if (page % PINS_PER_REST == 0) {
                    LockSupport.parkNanos(REST_NANOS);
                }
            } while (!done.get() && failure.get() == null);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private static void verify(Quire engine, PageWalker walker, FaultHandler handler, int page) {
        long pinned = walker.pinOrFault(BASE + page * 4096L, true, handler);
        assertNotEquals(PageWalker.NOT_PINNED, pinned, "page " + page);
        long folio = engine.folios().headOf(pinned);
        long offset = (pinned - folio) / PageStruct.BYTES;
        assertTrue(offset < 1L << engine.folios().order(folio), "page is in its folio");
        assertEquals(page, engine.folios().index(folio) + offset, "index");
        assertEquals(page, engine.folios().bytes(folio).get(JAVA_LONG, offset * 4096), "stamp");
        walker.unpin(pinned);
    }

    private static void stamp(Folios folios, long folio) {
        for (int page = 0; page < NR_PAGES; page++) {
            folios.bytes(folio).set(JAVA_LONG, page * 4096L, page);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void anonymousMemoryIsThereAllTheTime(HeadMapKind headMap) throws InterruptedException {
        SplittableRandom random = TestSeed.random("anonymousMemoryIsThereAllTheTime");
        Quire engine = open(headMap);
        int nrSplits = 0;
        for (int round = 0; round < ROUNDS; round++) {
            try (AnonVma owner = engine.newAnonVma();
                    PageTables tables = engine.newPageTables();
                    PageTables other = engine.newPageTables()) {
                long folio = engine.folios().allocate(ORDER);
                stamp(engine.folios(), folio);
                owner.adopt(folio, 0);
                tables.addRegion(BASE, NR_PAGES, owner, 0);
                other.addRegion(BASE, NR_PAGES, owner, 0);
                assertEquals(Errno.OK, tables.mapHuge(BASE, folio, 0, ORDER, true));
                assertEquals(Errno.OK, other.map(BASE, folio, 0, NR_PAGES, false));
                List<Long> pieces = new ArrayList<>(List.of(folio));
                FaultHandler nothingThere = (_, address, _) -> fail("nothing at " + address);
                readBeside(engine, tables, _ -> nothingThere, () -> splitAgainAndAgain(engine, random, pieces));
                nrSplits += pieces.size() - 1;
                pieces.forEach(engine.folios()::unpin);
            }
            assertNull(failure.get(), TestSeed.asOption());
        }
        assertTrue(nrSplits > 0, "no split succeeded beside the readers");
        assertTrue(nrVerified.sum() > NR_PAGES, "the readers verified only " + nrVerified.sum() + " pages");
    }

    /** Pieces are split and merged again, by turns; a fault that sleeps wakes on either way. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void anonymousMemoryIsThereBesideMerges(HeadMapKind headMap) throws InterruptedException {
        SplittableRandom random = TestSeed.random("anonymousMemoryIsThereBesideMerges");
        Quire engine = open(headMap);
        int[] nrMerges = {0};
        for (int round = 0; round < ROUNDS; round++) {
            try (AnonVma owner = engine.newAnonVma();
                    PageTables tables = engine.newPageTables();
                    PageTables other = engine.newPageTables()) {
                long folio = engine.folios().allocate(ORDER);
                stamp(engine.folios(), folio);
                owner.adopt(folio, 0);
                tables.addRegion(BASE, NR_PAGES, owner, 0);
                other.addRegion(BASE + 4096, NR_PAGES - 1, owner, 1);
                assertEquals(Errno.OK, tables.mapHuge(BASE, folio, 0, ORDER, true));
                assertEquals(Errno.OK, other.map(BASE + 4096, folio, 1, NR_PAGES - 1, false));
                FaultHandler nothingThere = (_, address, _) -> fail("nothing at " + address);
                int before = nrMerges[0];
                readBeside(engine, tables, _ -> nothingThere, () -> {
                    long start = System.nanoTime();
                    for (int attempt = 0; goesOn(start, attempt, nrMerges[0] - before); attempt++) {
                        nrMerges[0] += splitOrMerge(engine, folio, random) ? 1 : 0;
                    }
                });
                unpinPieces(engine, folio);
            }
            assertNull(failure.get(), TestSeed.asOption());
        }
        assertTrue(nrMerges[0] > 0, "no merge succeeded beside the readers");
        assertTrue(nrVerified.sum() > NR_PAGES, "the readers verified only " + nrVerified.sum() + " pages");
    }

    /** Splits the whole, or else merges all that is there, which may fail; whether it merged. */
    private static boolean splitOrMerge(Quire engine, long folio, SplittableRandom random) {
        engine.folios().lock(folio);
        boolean whole = engine.folios().order(folio) == ORDER;
        long at = random.nextLong(NR_PAGES);
        int result = whole
                ? engine.splitter()
                        .split(folio, SplitPolicies.NON_UNIFORM, at, at + 1, 0, SplitPolicies.ALL_ORDERS, true)
                : engine.merger().merge(folio, ORDER);
        engine.folios().unlock(folio);
        assertTrue(result == Errno.OK || result == Errno.EAGAIN, Errno.name(result));
        return !whole && result == Errno.OK;
    }

    private static void unpinPieces(Quire engine, long folio) {
        List<Long> pieces = new ArrayList<>(List.of(folio));
        addOthers(engine, folio, ORDER, pieces);
        pieces.forEach(engine.folios()::unpin);
    }

    private static boolean goesOn(long start, int nrAttempts, int nrSplits) {
        return nrAttempts < ATTEMPTS || (nrSplits == 0 && System.nanoTime() - start < PATIENCE_NANOS);
    }

    private static void splitAgainAndAgain(Quire engine, SplittableRandom random, List<Long> pieces) {
        long start = System.nanoTime();
        for (int attempt = 0; goesOn(start, attempt, pieces.size() - 1); attempt++) {
            int chosen = random.nextInt(pieces.size());
            long folio = pieces.get(chosen);
            int order = engine.folios().order(folio);
            if (order > 1) {
                long at = random.nextLong(1L << order);
                engine.folios().lock(folio);
                int result = engine.splitter()
                        .split(folio, SplitPolicies.NON_UNIFORM, at, at + 1, 0, SplitPolicies.ALL_ORDERS, true);
                engine.folios().unlock(folio);
                if (result == Errno.OK) {
                    addOthers(engine, folio, order, pieces);
                } else {
                    assertEquals(Errno.EAGAIN, result);
                }
            }
        }
    }

    private static void addOthers(Quire engine, long folio, int order, List<Long> pieces) {
        long end = folio + ((long) PageStruct.BYTES << order);
        long piece = folio + ((long) PageStruct.BYTES << engine.folios().order(folio));
        while (piece < end) {
            pieces.add(piece);
            piece += (long) PageStruct.BYTES << engine.folios().order(piece);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aFilesPagesAreFaultedInAgain(HeadMapKind headMap) throws InterruptedException {
        SplittableRandom random = TestSeed.random("aFilesPagesAreFaultedInAgain");
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        int nrSplits = 0;
        for (int round = 0; round < ROUNDS; round++) {
            try (AddressSpace file = engine.newAddressSpace();
                    PageTables tables = engine.newPageTables();
                    RcuReader reader = engine.newReader()) {
                file.extend((long) NR_PAGES << 12);
                assertEquals(Errno.OK, file.populate(0, NR_PAGES, ORDER));
                FolioLookup lookup = file.newLookup(reader);
                long folio = lookup.pin(0);
                stamp(folios, folio);
                folios.unpin(folio);
                tables.addRegion(BASE, NR_PAGES, file, 0);
                int[] splits = {0};
                readBeside(engine, tables, own -> faultsOf(engine, file, own), () -> {
                    long start = System.nanoTime();
                    for (int attempt = 0; goesOn(start, attempt, splits[0]); attempt++) {
                        splits[0] += splitAt(engine, lookup, random.nextInt(NR_PAGES)) ? 1 : 0;
                    }
                });
                nrSplits += splits[0];
            }
            assertNull(failure.get(), TestSeed.asOption());
        }
        assertTrue(nrSplits > 0, "no split succeeded beside the readers");
        assertTrue(nrFaults.sum() > 0, "the readers met no unmapped page");
    }

    /** The first page of one large leaf after the other is unmapped; the last one stays, and is seen by each walk. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPageIsSeenWhileItsLargeLeafIsSplit(boolean single) throws Exception {
        int nrLeaves = 128;
        long leafBytes = (long) NR_PAGES << 12;
        long end = BASE + nrLeaves * leafBytes;
        Quire engine = open(Quire.builder().capacityBytes(1L << 30));
        for (int round = 0; round < ROUNDS / 2; round++) {
            try (AnonVma owner = engine.newAnonVma();
                    PageTables tables = engine.newPageTables()) {
                tables.addRegion(BASE, (long) nrLeaves * NR_PAGES, owner, 0);
                for (int leaf = 0; leaf < nrLeaves; leaf++) {
                    long folio = engine.folios().allocate(ORDER);
                    owner.adopt(folio, (long) leaf * NR_PAGES);
                    assertEquals(Errno.OK, tables.mapHuge(BASE + leaf * leafBytes, folio, 0, ORDER, true));
                    engine.folios().unpin(folio);
                }
                AtomicBoolean unmapped = new AtomicBoolean();
                FutureTask<Void> walking = new FutureTask<>(() -> {
                    try (RcuReader reader = engine.newReader()) {
                        PageWalker walker = tables.newWalker(reader);
                        do {
                            assertEquals(nrLeaves, nrLastPagesSeen(walker, leafBytes, end, single));
                        } while (!unmapped.get());
                    }
                    return null;
                });
                Thread.ofPlatform().start(walking);
                for (long address = BASE; address < end; address += leafBytes) {
                    tables.unmap(address, 1);
                }
                unmapped.set(true);
                walking.get();
            }
        }
    }

    private static int nrLastPagesSeen(PageWalker walker, long leafBytes, long end, boolean single) {
        int[] nrSeen = new int[1];
        if (single) {
            for (long address = BASE; address < end; address += leafBytes) {
                nrSeen[0] += PageTableEntry.isPresent(walker.entry(address + leafBytes - 1)) ? 1 : 0;
            }
        } else {
            walker.forEachLeaf(
                    BASE, end, (at, order, _) -> nrSeen[0] += (at + (4096L << order)) % leafBytes == 0 ? 1 : 0);
        }
        return nrSeen[0];
    }

    private FaultHandler faultsOf(Quire engine, AddressSpace file, RcuReader reader) {
        FolioLookup lookup = file.newLookup(reader);
        Folios folios = engine.folios();
        return (tables, address, _) -> {
            nrFaults.increment();
            long index = (address - BASE) >>> 12;
            long folio = lookup.pin(index);
            folios.lock(folio);
            long first = index - folios.index(folio);
            int result = tables.map(address, folio, first, 1, true);
            folios.unlock(folio);
            folios.unpin(folio);
            assertTrue(result == Errno.OK || result == Errno.EEXIST, Errno.name(result));
            return true;
        };
    }

    private static boolean splitAt(Quire engine, FolioLookup lookup, int page) {
        Folios folios = engine.folios();
        long folio = lookup.pin(page);
        folios.lock(folio);
        boolean split = folios.order(folio) > 0;
        if (split) {
            long at = folio + (page - folios.index(folio)) * PageStruct.BYTES;
            int result = engine.splitter().splitNonUniform(folio, at, 0);
            assertTrue(result == Errno.OK || result == Errno.EAGAIN, Errno.name(result));
            split = result == Errno.OK;
        }
        folios.unlock(folio);
        folios.unpin(folio);
        return split;
    }
}
