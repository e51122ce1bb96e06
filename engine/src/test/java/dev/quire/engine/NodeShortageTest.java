/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.SwapEntries;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A change that lacks nodes waits for those that a reader still keeps from coming back, without the index lock: the
 * reader may want that first.
 */
@SuppressWarnings("NullAway.Init")
@Timeout(60)
class NodeShortageTest extends WholeEngineTest {
    /** Enough for any one change here, but not while others are held back. */
    private static final int NR_NODES = 24;

    /** A change waits a tenth of a second at most: on a busy machine that may be too short once, but not always. */
    private static final int MAX_ATTEMPTS = 20;

    /** A thread that does not wait at all can have luck, too. */
    private static final int MAX_ATTEMPTS_INTERRUPTED = 2;

    private static final int ORDER = Geometry.PMD_ORDER;

    private Quire engine;

    /** What uses the nodes that are to be held back. */
    private AddressSpace other;

    @BeforeEach
    void open() {
        engine = open(Quire.builder().capacityBytes(64L << 20).nodes(NR_NODES));
        other = engine.newSharedMemory();
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    /** The result of a change that other threads can only help if it leaves them the lock of the index. */
    private int whileNodesAreHeldBack(XArray index, IntSupplier change) throws InterruptedException {
        return whileNodesAreHeldBack(index, MAX_ATTEMPTS, change);
    }

    private int whileNodesAreHeldBack(XArray index, int maxAttempts, IntSupplier change) throws InterruptedException {
        int result = Errno.ENOMEM;
        for (int attempt = 0; attempt < maxAttempts && result == Errno.ENOMEM; attempt++) {
            result = changeBesideReader(index, change);
        }
        return result;
    }

    private int changeBesideReader(XArray index, IntSupplier change) throws InterruptedException {
        AtomicInteger result = new AtomicInteger();
        Thread changing = new Thread(() -> result.set(change.getAsInt()));
        engine.awaitReclaim();
        try (RcuReader reader = engine.newReader()) {
            reader.enter();
            retireAllFree();
            changing.start();
            while (changing.isAlive() && changing.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            index.lock();
            index.unlock();
            reader.exit();
        }
        changing.join();
        return result.get();
    }

    /** Uses all nodes, and gives them up. */
    private void retireAllFree() {
        int nrTaken = 0;
        while (engine.nodes().nrInUse() + engine.nodes().nrPendingReclaim()
                < engine.nodes().nrNodes()) {
            other.index().store((long) nrTaken << XaNodeStruct.SLOT_SHIFT, XaEntry.value(1));
            nrTaken++;
        }
        for (int i = 0; i < nrTaken; i++) {
            other.index().erase((long) i << XaNodeStruct.SLOT_SHIFT);
        }
    }

    @Test
    void aFolioIsSplitOnceNodesHaveComeBack() throws InterruptedException {
        AddressSpace file = engine.newAddressSpace();
        file.extend(Geometry.bytesIn(ORDER));
        long folio = engine.folios().allocate(ORDER);
        assertEquals(Errno.OK, file.add(folio, 0));
        int result = whileNodesAreHeldBack(file.index(), () -> {
            engine.folios().lock(folio);
            int split = engine.splitter().splitUniform(folio, 0);
            engine.folios().unlock(folio);
            return split;
        });
        assertEquals(Errno.OK, result);
        assertEquals(9, engine.nodes().nrInUse());
        engine.folios().unpin(folio);
        file.close();
        other.close();
    }

    /** An interrupt brings no nodes, and is not the index's to lose. */
    @Test
    void aThreadThatIsInterruptedWaitsForNodesLikeAnyOther() throws InterruptedException {
        AddressSpace file = engine.newAddressSpace();
        file.extend(Geometry.bytesIn(ORDER));
        long folio = engine.folios().allocate(ORDER);
        assertEquals(Errno.OK, file.add(folio, 0));
        AtomicBoolean interrupted = new AtomicBoolean();
        int result = whileNodesAreHeldBack(file.index(), MAX_ATTEMPTS_INTERRUPTED, () -> {
            Thread.currentThread().interrupt();
            engine.folios().lock(folio);
            int split = engine.splitter().splitUniform(folio, 0);
            engine.folios().unlock(folio);
            interrupted.set(Thread.interrupted());
            return split;
        });
        assertEquals(Errno.OK, result);
        assertTrue(interrupted.get());
        engine.folios().unpin(folio);
        file.close();
        other.close();
    }

    @Test
    void guestMemoryIsConvertedOnceNodesHaveComeBack() throws InterruptedException {
        GuestMemory guest = engine.newGuestMemory(Geometry.bytesIn(ORDER), ORDER, GuestSplitPolicy.UNIFORM);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        int result = whileNodesAreHeldBack(
                guest.index(),
                () -> guest.convertToShared(0, Geometry.PAGE_BYTES).error());
        assertEquals(Errno.OK, result);
        assertEquals(9, engine.nodes().nrInUse());
        guest.close();
        other.close();
    }

    @Test
    void aSwapEntryIsSplitOnceNodesHaveComeBack() throws InterruptedException {
        AddressSpace memory = engine.newSharedMemory();
        memory.extend(Geometry.bytesIn(ORDER));
        SwapEntries entries = memory.swapEntries();
        long folio = engine.folios().allocate(ORDER);
        assertEquals(Errno.OK, memory.add(folio, 0));
        engine.folios().lock(folio);
        long slot = entries.swapOut(folio);
        engine.swapTable().remove(folio);
        engine.folios().unlock(folio);
        engine.folios().unpin(folio);
        assertEquals(Errno.OK, whileNodesAreHeldBack(memory.index(), () -> entries.splitEntry(5, slot + 5, 0)));
        assertEquals(0, entries.orderAt(5));
        memory.truncate(0, SplitPolicies.RANGE);
        memory.close();
        other.close();
    }
}
