/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** An address space that is closed does nothing any more, above all not to the one that has its struct now. */
@SuppressWarnings("NullAway.Init")
class AddressSpaceCloseTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_SPACES = 400;

    /** What the threads use that race with its close. */
    private volatile AddressSpace current;

    AddressSpaceCloseTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    /** Index and order of every cached folio. */
    private static List<String> folios(AddressSpace space) {
        List<String> folios = new ArrayList<>();
        space.forEachFolio((index, order, folio) -> folios.add(index + ":" + order));
        return folios;
    }

    private static void assertRefused(AddressSpace space, Executable call) {
        assertEquals(
                "the address space is closed: address space=0x" + Long.toHexString(space.address()),
                assertThrows(IllegalStateException.class, call).getMessage());
    }

    private static void assertIndexClosed(Executable call) {
        assertEquals(
                "the array is closed",
                assertThrows(IllegalStateException.class, call).getMessage());
    }

    @Test
    void aClosedAddressSpaceRefusesEveryCallAndLeavesItsSuccessorAlone() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        AddressSpace closed = engine.newSharedMemory();
        SwapEntries entries = closed.swapEntries();
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = closed.newLookup(reader);
            closed.close();
            try (AddressSpace successor = engine.newSharedMemory()) {
                assertEquals(closed.address(), successor.address(), "the struct is used again");
                successor.extend(64 * PAGE);
                assertEquals(Errno.OK, successor.populate(0, 64, 4));
                List<String> before = folios(successor);
                long folio = engine.folios().allocate(0);
                assertRefused(closed, closed::sizeBytes);
                assertRefused(closed, closed::nrPages);
                assertRefused(closed, closed::nrChargedPages);
                assertRefused(closed, closed::endIndex);
                assertRefused(closed, () -> closed.uncharge(1));
                assertThrows(IllegalStateException.class, () -> closed.addNrPages(1));
                assertRefused(closed, () -> closed.newLookup(reader));
                assertRefused(closed, () -> closed.add(folio, 100));
                assertRefused(closed, () -> closed.populate(100, 10, 0));
                assertRefused(closed, () -> closed.truncate(0, SplitPolicies.RANGE));
                assertRefused(closed, () -> closed.extend(1 << 30));
                assertRefused(closed, () -> closed.allocateBeyondEnd(100, 10, 0));
                assertRefused(closed, () -> closed.punchHole(0, PAGE, SplitPolicies.RANGE));
                assertRefused(closed, () -> closed.forEachFolio((index, order, head) -> {}));
                assertRefused(closed, () -> new Readahead(closed, 4).read(100, 1));
                // What populate asks for between its first look whether the space is open and adding a folio.
                assertIndexClosed(() -> closed.indexed().holeEnd(0, 64));
                assertRefused(closed, entries::nrSwappedPages);
                assertIndexClosed(() -> entries.slotAt(0));
                assertIndexClosed(() -> entries.orderAt(0));
                assertIndexClosed(() -> entries.splitEntry(0, 0, 0));
                assertRefused(closed, () -> entries.swapIn(folio, 0, 0));
                long theirs = successor.newLookup(reader).pin(0);
                engine.folios().lock(theirs);
                assertRefused(closed, () -> entries.swapOut(theirs));
                engine.folios().unlock(theirs);
                engine.folios().unpin(theirs);
                assertIndexClosed(() -> lookup.pin(0));
                closed.close();
                assertEquals(1, engine.folios().references(folio));
                engine.folios().unpin(folio);
                assertEquals(before, folios(successor));
                assertEquals(64 * PAGE, successor.sizeBytes());
                checkFolios(engine, successor);
            }
        }
    }

    /**
     * Others add, cut and look up until they are refused. What they bring in while the address space is being closed
     * goes with it: nothing is left when the engine is, and its successor has what its owner has put there.
     */
    @Test
    void callsBesideCloseAreFinishedOrRefusedAndNeverMeetTheSuccessor() throws InterruptedException {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        current = engine.newAddressSpace();
        AtomicReference<@Nullable Throwable> unexpected = new AtomicReference<>();
        AtomicBoolean stop = new AtomicBoolean();
        LongAdder nrRefused = new LongAdder();
        List<Thread> threads = new ArrayList<>();
        for (Calls calls : List.<Calls>of(AddressSpaceCloseTest::fillAndCut, AddressSpaceCloseTest::fillAndLookUp)) {
            threads.add(new Thread(() -> {
                try (RcuReader reader = engine.newReader()) {
                    while (!stop.get()) {
                        callUntilRefused(() -> calls.on(engine, current, reader), stop, nrRefused);
                    }
                } catch (Throwable thrown) {
                    unexpected.set(thrown);
                }
            }));
        }
        threads.forEach(Thread::start);
        try {
            for (int round = 0; round < NR_SPACES && unexpected.get() == null; round++) {
                AddressSpace space = current;
                while (space.nrPages() == 0 && unexpected.get() == null) {
                    Thread.onSpinWait();
                }
                space.close();
                try (AddressSpace successor = engine.newAddressSpace()) {
                    assertEquals(space.address(), successor.address(), "the struct is used again");
                    assertEquals(Errno.OK, successor.populate(40, 3, 0));
                    assertEquals(List.of("40:0", "41:0", "42:0"), folios(successor));
                    assertEquals(3, successor.nrPages());
                }
                current = engine.newAddressSpace();
            }
        } finally {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            current.close();
        }
        assertNull(unexpected.get());
        assertTrue(nrRefused.sum() >= NR_SPACES, "refused: " + nrRefused);
    }

    /** Calls of one thread on one address space. */
    @FunctionalInterface
    private interface Calls {
        void on(Quire engine, AddressSpace space, RcuReader reader);
    }

    private static void callUntilRefused(Runnable calls, AtomicBoolean stop, LongAdder nrRefused) {
        try {
            while (!stop.get()) {
                calls.run();
            }
        } catch (IllegalStateException refused) {
            nrRefused.increment();
            if (!String.valueOf(refused.getMessage()).contains("closed")) {
                throw refused;
            }
        }
    }

    private static void fillAndCut(Quire engine, AddressSpace space, RcuReader reader) {
        space.populate(0, 64, 3);
        space.punchHole(3 * PAGE, 9 * PAGE, SplitPolicies.RANGE);
        space.forEachFolio((index, order, folio) -> {});
    }

    private static void fillAndLookUp(Quire engine, AddressSpace space, RcuReader reader) {
        FolioLookup lookup = space.newLookup(reader);
        for (int page = 0; page < 64; page++) {
            long folio = lookup.pin(page);
            if (folio != 0) {
                engine.folios().unpin(folio);
            }
        }
        space.populate(32, 32, 0);
    }
}
