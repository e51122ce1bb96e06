/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Readers verify stamped pages while holes are punched beside them: the set-up that made the kernel hand out bytes of
 * other pages when its split showed unfinished pieces in the index. Every page that is never punched must be found,
 * with its own stamp, all the time.
 */
class SplitRaceTest extends WholeEngineTest {
    private static final int NR_FOLIOS = 5;
    private static final int ORDER = 9;
    private static final int NR_PAGES = NR_FOLIOS << ORDER;
    private static final int NR_READERS = 3;
    private static final int ROUNDS = 25;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrVerified = new LongAdder();

    SplitRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    private static boolean isPunched(int page) {
        return page % 50 < 3;
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, NON_UNIFORM",
        "HEAD_BITS, RANGE",
        "HEAD_BITS, UNIFORM",
        "TAIL_WORDS, NON_UNIFORM",
        "TAIL_WORDS, RANGE"
    })
    void readersNeverSeeAnotherPagesBytes(HeadMapKind headMap, SplitPolicies policy) throws InterruptedException {
        Quire engine = open(headMap);
        for (int round = 0; round < ROUNDS; round++) {
            runRound(engine, policy);
        }
        assertNull(failure.get());
        assertTrue(nrVerified.sum() > NR_PAGES, "the readers verified only " + nrVerified.sum() + " pages");
    }

    private void runRound(Quire engine, SplitPolicies policy) throws InterruptedException {
        try (AddressSpace space = engine.newAddressSpace()) {
            fill(engine.folios(), space);
            List<Thread> readers = new ArrayList<>();
            boolean[] done = {false};
            for (int reader = 0; reader < NR_READERS; reader++) {
                int firstPage = reader * 997 % NR_PAGES;
                Thread thread = new Thread(() -> verifyUntil(engine, space, firstPage, done));
                readers.add(thread);
                thread.start();
            }
            punchAll(space, policy);
            synchronized (done) {
                done[0] = true;
            }
            for (Thread reader : readers) {
                reader.join();
            }
            checkFolios(engine, space);
            // Where a reader held a folio just then, its hole was zeroed and stayed; nobody holds one any more.
            punchAll(space, policy);
            checkFolios(engine, space);
            long nrPunched = java.util.stream.IntStream.range(0, NR_PAGES)
                    .filter(SplitRaceTest::isPunched)
                    .count();
            assertEquals(NR_PAGES - nrPunched, space.nrPages());
        }
    }

    private static void punchAll(AddressSpace space, SplitPolicies policy) {
        for (int page = 0; page < NR_PAGES; page += 50) {
            space.punchHole(page * 4096L, Math.min(3, NR_PAGES - page) * 4096L, policy);
        }
    }

    private static void fill(Folios folios, AddressSpace space) {
        space.extend(NR_PAGES * 4096L);
        assertEquals(0, space.populate(0, NR_PAGES, ORDER));
        space.forEachFolio((index, order, folio) -> {
            assertEquals(ORDER, order);
            for (int page = 0; page < 1 << order; page++) {
                folios.bytes(folio).set(JAVA_LONG, page * 4096L, index + page);
            }
        });
    }

    private void verifyUntil(Quire engine, AddressSpace space, int firstPage, boolean[] done) {
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = space.newLookup(reader);
            boolean last;
            int page = firstPage;
            do {
                synchronized (done) {
                    last = done[0];
                }
                for (int step = 0; step < 500; step++) {
                    page = (page + 7) % NR_PAGES;
                    if (!isPunched(page)) {
                        verify(engine.folios(), lookup, page);
                        nrVerified.increment();
                    }
                }
            } while (!last && failure.get() == null);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private static void verify(Folios folios, FolioLookup lookup, int page) {
        long folio = lookup.pin(page);
        assertTrue(folio != 0, () -> "page " + page + " was not found");
        long start = PageStruct.index(folio);
        int order = folios.order(folio);
        assertTrue(
                start <= page && page < start + (1L << order),
                () -> "page " + page + " is not in the folio at " + start + " of order " + order);
        assertEquals(page, folios.bytes(folio).get(JAVA_LONG, (page - start) * 4096), "stamp");
        long byPage = folios.tryPinFolioOf(folio + (page - start) * PageStruct.BYTES);
        assertEquals(folio, byPage, "the page of a pinned folio leads to it");
        folios.unpin(byPage);
        folios.unpin(folio);
    }
}
