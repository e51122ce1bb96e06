/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import java.lang.foreign.MemorySegment;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a replay would not notice if the engine mixed pages up. */
class TracedProcessTest {
    private static final long PAGE = 4096;
    private static final long START = 1L << 30;
    private static final long ELSEWHERE = 2L << 30;
    private static final long LENGTH = 4 * PAGE;

    private final Quire engine = Quire.builder().capacityBytes(1L << 24).open();
    private final RcuReader reader = engine.newReader();
    private final TracedProcess process = newProcess(1);
    private final PageWalker walker = process.memory().tables().newWalker(reader);

    private TracedProcess newProcess(int number) {
        return new TracedProcess(
                engine,
                engine.newAnonymousMemory(SplitPolicies.UNIFORM, LargeFolioOrders.NONE),
                reader,
                100,
                new Histogram(3),
                number);
    }

    @BeforeEach
    void touchFourPages() {
        touchAll(process, START);
    }

    @AfterEach
    void close() {
        process.close();
        reader.close();
        engine.close();
    }

    private static void touchAll(TracedProcess touching, long start) {
        assertEquals(0, touching.memory().map(start, LENGTH, Protection.NONE));
        touching.protect(start, LENGTH, Protection.READ_WRITE);
    }

    private long swapStamp(PageWalker at, long address, long stamp) {
        long page = at.pinOrFault(address, true, process.memory());
        MemorySegment bytes = engine.folios().bytes(page);
        long before = bytes.get(JAVA_LONG, 0);
        bytes.set(JAVA_LONG, 0, stamp);
        at.unpin(page);
        return before;
    }

    private void swapStamps(PageWalker at, long address, PageWalker otherAt, long otherAddress) {
        long stamp = swapStamp(at, address, 0);
        swapStamp(at, address, swapStamp(otherAt, otherAddress, stamp));
    }

    @Test
    void aPageThatWasMovedIsNotTakenForTheOneThatTookItsPlace() {
        process.remap(START, LENGTH, ELSEWHERE, LENGTH);
        touchAll(process, START);
        assertEquals(8, process.verify());
        swapStamps(walker, START + PAGE, walker, ELSEWHERE + PAGE);
        assertThrows(IllegalStateException.class, process::verify);
    }

    @Test
    void aPageOfAnotherProcessIsNotTakenForThatAtTheSameAddress() {
        try (TracedProcess other = newProcess(2)) {
            touchAll(other, START);
            assertEquals(4, other.verify());
            swapStamps(walker, START, other.memory().tables().newWalker(reader), START);
            assertThrows(IllegalStateException.class, process::verify);
            assertThrows(IllegalStateException.class, other::verify);
        }
    }

    /** The kernel let it grow, so what is in the way was given up by a call that the trace does not show. */
    @Test
    void memoryGrowsWhereTheTraceDoesNotShowThatThereIsRoom() {
        process.map(START + LENGTH + PAGE, PAGE, Protection.READ_WRITE, true);
        assertEquals(5, process.verify());
        process.remap(START, LENGTH, START, LENGTH + 3 * PAGE);
        assertEquals(1, process.nrCallsRefused());
        assertEquals(7, process.verify());
        process.remap(START, LENGTH + 3 * PAGE, ELSEWHERE, LENGTH + 3 * PAGE);
        assertEquals(1, process.nrCallsRefused());
        assertEquals(7, process.verify());
    }

    @Test
    void aNewPageMustBeZero() {
        assertEquals(0, process.memory().map(ELSEWHERE, LENGTH, Protection.READ_WRITE));
        swapStamp(walker, ELSEWHERE + PAGE, 99);
        assertThrows(IllegalStateException.class, () -> process.protect(ELSEWHERE, LENGTH, Protection.READ_WRITE));
    }
}
