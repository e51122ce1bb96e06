/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.ThrowingObserver;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who needs memory when there is none left gets what others can do without, and what is about to come back. */
@SuppressWarnings("NullAway.Init")
@Timeout(60)
class MemoryShortageTest extends WholeEngineTest {
    private static final long CAPACITY_BYTES = 8 << 20;
    private static final long BASE = 1L << 30;

    /** So far from the other addresses that a page there needs three tables. */
    private static final long FAR = 1L << 40;

    private static final long PAGE = 4096;
    private static final long HUGE = 512 * PAGE;

    @TempDir
    Path directory;

    private Quire engine;
    private AnonymousMemory memory;

    /** Page after those that are there. */
    private long end;

    private long pinned;
    private PageWalker pinning;
    private final List<Long> taken = new ArrayList<>();

    /** Small folios in the cache, so that it fills the arena to some pages, however many it gives at once. */
    private static QuireBuilder builder() {
        return Quire.builder().capacityBytes(CAPACITY_BYTES).pageCacheOrder(4);
    }

    private void openFull(LargeFolioOrders orders) {
        openFull(builder(), orders);
    }

    private void openFull(QuireBuilder builder, LargeFolioOrders orders) {
        openEmpty(builder, orders);
        assertEquals(Errno.OK, memory.map(FAR, PAGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.advise(FAR, PAGE, Advice.NO_HUGE_PAGE));
        assertEquals(Errno.OK, memory.faultIn(FAR, true));
        end = BASE;
        while (memory.faultIn(end, true) == Errno.OK) {
            end += PAGE;
        }
    }

    private void openEmpty(LargeFolioOrders orders) {
        openEmpty(builder(), orders);
    }

    private void openEmpty(QuireBuilder builder, LargeFolioOrders orders) {
        engine = open(builder);
        memory = engine.newAnonymousMemory(SplitPolicies.RANGE, orders);
        assertEquals(Errno.OK, memory.map(BASE, 8 * HUGE, Protection.READ_WRITE));
    }

    private static <T> FutureTask<T> start(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    /** A thread in a read section, until that is ended: nothing that was freed comes back meanwhile. */
    private final class Section {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch left = new CountDownLatch(1);
        private final FutureTask<Void> reader = start(() -> {
            try (RcuReader own = engine.newReader()) {
                own.enter();
                entered.countDown();
                left.await();
                own.exit();
            }
            return null;
        });

        Section() throws InterruptedException {
            entered.await();
        }

        void end() throws Exception {
            left.countDown();
            reader.get();
        }
    }

    /** Frees something while a thread is in a section, for which the call then waits, and gets what was freed. */
    private <T> T getAfterSection(Runnable free, Callable<T> call) throws Exception {
        Section section = new Section();
        free.run();
        FutureTask<T> task = start(call);
        try {
            assertThrows(TimeoutException.class, () -> task.get(100, TimeUnit.MILLISECONDS), "nothing is free yet");
        } finally {
            section.end();
        }
        return task.get();
    }

    /** The page itself stays with who has pinned it. */
    private void unmapFarPageButItsTables() {
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = memory.tables().newWalker(reader);
            long page = walker.pin(FAR, true);
            assertNotEquals(PageWalker.NOT_PINNED, page);
            assertEquals(Errno.OK, memory.unmap(FAR, PAGE));
            assertEquals(0, engine.folios().nrPendingReclaim());
            pinned = page;
            pinning = walker;
        }
    }

    private void unpin() {
        pinning.unpin(pinned);
    }

    @Test
    void aFaultWaitsForTablesThatAreBeingFreed() throws Exception {
        openFull(LargeFolioOrders.NONE);
        assertEquals(Errno.OK, getAfterSection(this::unmapFarPageButItsTables, () -> memory.faultIn(end, true)));
        unpin();
        memory.close();
    }

    @Test
    void openingPageTablesWaitsForTablesThatAreBeingFreed() throws Exception {
        openFull(LargeFolioOrders.NONE);
        try (PageTables tables = getAfterSection(this::unmapFarPageButItsTables, engine::newPageTables)) {
            assertFalse(tables.isClosed());
        }
        unpin();
        memory.close();
    }

    /** The folio is there, its tables are not. */
    @Test
    void aFaultThatGetsItsFolioWaitsForItsTables() throws Exception {
        openFull(LargeFolioOrders.NONE);
        assertEquals(Errno.OK, memory.map(2 * FAR, PAGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.advise(BASE, PAGE, Advice.DONT_NEED));
        engine.awaitReclaim();
        assertEquals(1, engine.zone().nrFreePages());
        int result = getAfterSection(
                () -> assertEquals(Errno.OK, memory.advise(BASE + PAGE, 10 * PAGE, Advice.DONT_NEED)),
                () -> memory.faultIn(2 * FAR, true));
        assertEquals(Errno.OK, result);
        assertEquals(1, memory.nrFaultsRefused(), "the one that found memory full");
        memory.close();
    }

    @Test
    void aMoveWaitsForWhatIsBeingFreed() throws Exception {
        openFull(LargeFolioOrders.NONE);
        int result = getAfterSection(
                () -> assertEquals(Errno.OK, memory.advise(BASE + PAGE, 10 * PAGE, Advice.DONT_NEED)),
                () -> memory.remap(BASE, PAGE, 2 * FAR, PAGE));
        assertEquals(Errno.OK, result);
        memory.close();
    }

    @Test
    void aMoveIsMadeBySplittingWhatIsPartlyMapped() {
        openFull(LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.advise(BASE, 100 * PAGE, Advice.DONT_NEED));
        assertEquals(Errno.OK, memory.remap(BASE + 200 * PAGE, PAGE, 2 * FAR, PAGE));
        assertEquals(1, memory.nrShrinkerSplits());
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = memory.tables().newWalker(reader);
            assertEquals(PageWalker.NOT_PINNED, walker.pin(BASE + 200 * PAGE, true));
            long page = walker.pin(2 * FAR, true);
            assertNotEquals(PageWalker.NOT_PINNED, page);
            walker.unpin(page);
        }
        memory.close();
    }

    /** It is split while the move looks for memory for page tables, which throws. */
    @Test
    void aMoveThatThrowsLeavesNothingAtTheNewAddresses() {
        ThrowingObserver observer = new ThrowingObserver(true);
        openFull(builder().splitObserver(observer), LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.advise(BASE, 100 * PAGE, Advice.DONT_NEED));
        int nrRegions = memory.nrRegions();
        observer.throwAfter(0);
        assertThrows(IllegalStateException.class, () -> memory.remap(BASE + 200 * PAGE, PAGE, 2 * FAR, PAGE));
        assertEquals(1, observer.nrThrown());
        observer.stop();
        assertEquals(nrRegions, memory.nrRegions());
        assertEquals(Errno.EFAULT, memory.faultIn(2 * FAR, true));
        assertEquals(Errno.OK, memory.remap(BASE + 200 * PAGE, PAGE, 2 * FAR, PAGE));
        assertEquals(Errno.OK, memory.faultIn(2 * FAR, true));
        memory.close();
    }

    /** Of those at the front of the queue none can be split: more than one look at the queue takes at once. */
    @Test
    void aFaultGoesThroughTheWholeQueue() {
        openFull(new LargeFolioOrders(1L << 2, 0));
        unmapFirstPagesAndPinFolios(70);
        assertEquals(0, memory.nrShrinkerSplits());
        assertEquals(Errno.OK, memory.faultIn(end, true));
        assertEquals(1, memory.nrShrinkerSplits());
        assertEquals(1, memory.nrPagesFreedByShrinker());
        taken.forEach(engine.folios()::unpin);
        memory.close();
    }

    @Test
    void shrinkingGoesThroughTheWholeQueue() {
        openFull(new LargeFolioOrders(1L << 2, 0));
        unmapFirstPagesAndPinFolios(70);
        assertEquals(1, memory.shrink());
        assertEquals(0, memory.shrink());
        assertEquals(70, engine.accounting().deferredSplits().nrFolios());
        taken.forEach(engine.folios()::unpin);
        memory.close();
    }

    /** Queues folios of 4 pages, of which all but the last are pinned. */
    private void unmapFirstPagesAndPinFolios(int nrPinned) {
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = memory.tables().newWalker(reader);
            for (int i = 0; i <= nrPinned; i++) {
                long address = BASE + 4L * i * PAGE;
                if (i < nrPinned) {
                    taken.add(engine.folios().headOf(walker.pin(address, true)));
                }
                assertEquals(Errno.OK, memory.advise(address, PAGE, Advice.DONT_NEED));
            }
        }
        assertEquals(nrPinned + 1, engine.accounting().deferredSplits().nrFolios());
    }

    private OpenFile create(RcuReader reader, long nrBytes) throws IOException {
        Path path = directory.resolve("file");
        Files.write(path, new byte[(int) nrBytes]);
        return engine.pageCache().open(path, reader);
    }

    /** There is no page in the cache yet that it could do without. */
    @Test
    void thePageCacheGetsWhatIsUnmappedOfQueuedFolios() throws IOException {
        openFull(LargeFolioOrders.ALWAYS_2_MIB);
        long nrQueued = 0;
        for (long address = BASE; memory.nrFaults(9) > nrQueued; address += HUGE) {
            assertEquals(Errno.OK, memory.advise(address, HUGE / 2, Advice.DONT_NEED));
            nrQueued++;
        }
        assertTrue(nrQueued >= 3);
        assertEquals(nrQueued, engine.accounting().deferredSplits().nrFolios());
        try (RcuReader reader = engine.newReader();
                OpenFile file = create(reader, 0)) {
            try {
                for (long page = 0; page < nrQueued * 256; page++) {
                    file.write(ByteBuffer.allocate((int) PAGE), page * PAGE);
                }
            } catch (OutOfMemoryError refused) {
                // As it is it would end the virtual machine of the test.
                throw new AssertionError(refused);
            }
            assertEquals(0, engine.accounting().deferredSplits().nrFolios());
        }
        memory.close();
    }

    /** Reads a file that is larger than the arena; what is cached of it fills the arena then. */
    private OpenFile fillCache(RcuReader reader) throws IOException {
        OpenFile file = create(reader, CAPACITY_BYTES + CAPACITY_BYTES / 2);
        ByteBuffer some = ByteBuffer.allocate(1 << 16);
        for (long offset = 0; offset < file.sizeBytes(); offset += some.capacity()) {
            file.read(some.clear(), offset);
        }
        engine.awaitReclaim();
        assertTrue(
                engine.zone().nrFreePages() < 64, () -> "free: " + engine.zone().nrFreePages());
        return file;
    }

    @Test
    void faultsGetWhatThePageCacheUsedLongestAgo() throws Exception {
        openEmpty(LargeFolioOrders.NONE);
        try (RcuReader reader = engine.newReader();
                OpenFile file = fillCache(reader)) {
            FutureTask<Integer> other = start(() -> memory.advise(BASE, 600 * PAGE, Advice.POPULATE_WRITE));
            assertEquals(Errno.OK, memory.advise(BASE + HUGE * 4, 600 * PAGE, Advice.POPULATE_WRITE));
            assertEquals(Errno.OK, other.get());
            assertEquals(0, memory.nrFaultsRefused());
            file.evict(0, file.sizeBytes());
        }
        memory.close();
    }

    @Test
    void movesAndNewTablesGetWhatThePageCacheUsedLongestAgo() throws IOException {
        openEmpty(LargeFolioOrders.NONE);
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        try (RcuReader reader = engine.newReader();
                OpenFile file = fillCache(reader)) {
            takeWhatIsFree();
            assertEquals(Errno.OK, memory.remap(BASE, PAGE, FAR, PAGE));
            takeWhatIsFree();
            engine.newPageTables().close();
            assertTrue(file.sizeBytes() > 0);
        }
        taken.forEach(engine.folios()::unpin);
        memory.close();
    }

    private void takeWhatIsFree() {
        for (long page = engine.folios().allocate(0);
                page != 0;
                page = engine.folios().allocate(0)) {
            taken.add(page);
        }
    }

    @Test
    void guestMemoryGetsWhatThePageCacheUsedLongestAgo() throws IOException {
        engine = open(builder());
        try (RcuReader reader = engine.newReader();
                OpenFile file = fillCache(reader);
                GuestMemory guest = engine.newGuestMemory(2 * HUGE, Geometry.PMD_ORDER, GuestSplitPolicy.NON_UNIFORM)) {
            assertEquals(Errno.OK, guest.allocate(0, 2 * HUGE));
            assertEquals(1024, guest.nrPages());
            assertTrue(file.sizeBytes() > 0);
        }
    }

    /** However much is evicted, the arena has no block of this size. */
    @Test
    void forAHugePageThatTheArenaCannotHoldNothingIsTaken() throws IOException {
        engine = open(builder());
        try (RcuReader reader = engine.newReader();
                OpenFile file = fillCache(reader);
                GuestMemory guest =
                        engine.newGuestMemory(512 * HUGE, Geometry.PUD_ORDER, GuestSplitPolicy.NON_UNIFORM)) {
            long nrFreeBefore = engine.zone().nrFreePages();
            assertEquals(Errno.ENOMEM, guest.allocate(0, 512 * HUGE));
            assertEquals(nrFreeBefore, engine.zone().nrFreePages());
            assertTrue(file.sizeBytes() > 0);
        }
    }
}
