/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioAccounting;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.MemoryGroup;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.function.IntConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Nothing allocates on the Java heap once it is warm: not a lookup, not a fill, not a split, not a hole, not a fault.
 */
class FolioGarbageTest extends WholeEngineTest {
    private static final int WARM_UP = 3_000;
    private static final int MEASURED = 1_000;
    private static final int ATTEMPTS = 20;
    private static final int ORDER = 6;
    private static final int ORDER_OF_REGION = 10;
    private static final long SMALL_CAPACITY_BYTES = 32L << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    FolioGarbageTest() {
        watchSplits(SplitWatch.Scope.NOTHING);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void lookingUpAndPinningAllocatesNothing(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace();
                RcuReader reader = engine.newReader()) {
            space.extend(4096 << 10);
            space.populate(0, 1 << 10, ORDER);
            FolioLookup lookup = space.newLookup(reader);
            assertAllocatesNothing(round -> {
                long folio = lookup.pin(round & 1023);
                folios.tryPinFolioOf(folio);
                folios.unpin(folio);
                folios.unpin(folio);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void readingAndWritingWhatIsCachedAllocatesNothing(HeadMapKind headMap) throws IOException {
        Quire engine = open(headMap);
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[4096 << 10]), reader);
                Arena scope = Arena.ofConfined()) {
            MemorySegment bytes = scope.allocate(5000);
            assertEquals(5000, file.write(bytes, 4096 * 1000));
            assertAllocatesNothing(round -> {
                try {
                    file.read(bytes, 4096L * (round * 37 & 1021) + 17);
                    file.write(bytes, 4096L * 1000);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** All is cached: what is measured is that it is mapped, walked and unmapped. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void faultsOnAMappedFileAllocateNothing(HeadMapKind headMap) throws IOException {
        Quire engine = open(headMap);
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[4096 << 10]), reader);
                PageTables tables = engine.newPageTables();
                FileMapping mapping = file.map(tables, 0, 1 << 10, 0)) {
            file.read(MemorySegment.ofArray(new byte[4096 << 10]), 0);
            PageWalker walker = tables.newWalker(reader);
            assertAllocatesNothing(round -> {
                long address = 4096L * (round * 37 & 1023);
                long page = walker.pinOrFault(address, false, mapping);
                walker.unpin(page);
                walker.touch(address, false);
                tables.unmap(address & -4096L, 1);
            });
        }
    }

    /** A page is mapped for reading or writing, or made writable where it is mapped. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void writesThroughAMappedFileAllocateNothing(HeadMapKind headMap) throws IOException {
        Quire engine = open(headMap);
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[4096 << 10]), reader);
                PageTables tables = engine.newPageTables();
                FileMapping mapping = file.map(tables, 0, 1 << 10, 0, true)) {
            file.read(MemorySegment.ofArray(new byte[4096 << 10]), 0);
            PageWalker walker = tables.newWalker(reader);
            assertAllocatesNothing(round -> {
                long address = 4096L * (round * 37 & 1023);
                walker.unpin(walker.pinOrFault(address, false, mapping));
                tables.writeProtect(address, 1);
                mapping.unpinWritten(walker.pinOrFault(address, true, mapping));
                tables.unmap(address, 1);
                mapping.unpinWritten(walker.pinOrFault(address, true, mapping));
                tables.unmap(address, 1);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void fillingSplittingAndDroppingAllocatesNothing(SplitPolicies policy) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096 << ORDER);
            assertAllocatesNothing(round -> {
                space.populate(0, 1 << ORDER, ORDER);
                space.punchHole(4096L * (round & 63), 4096, policy);
                space.truncate(4096L * (round & 31), policy);
                space.extend(4096 << ORDER);
                space.punchHole(0, 4096 << ORDER, policy);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void splittingWhatIsOnEveryListAllocatesNothing(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        FolioAccounting accounting = engine.accounting();
        try (MemoryGroup group = accounting.groups().open(1)) {
            assertAllocatesNothing(round -> {
                long folio = folios.allocate(ORDER);
                folios.makeAnonymous(folio, 0x1000, 0);
                group.charge(folio);
                accounting.lru().add(folio);
                accounting.deferredSplits().add(folio, true);
                folios.lock(folio);
                engine.splitter().splitNonUniform(folio, folio + (round & 63) * 64L, 0);
                folios.unlock(folio);
                folios.unpin(folio);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void splittingWhatAProcessMapsAllocatesNothing(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 1 << ORDER, owner, 0);
            assertAllocatesNothing(round -> {
                long folio = folios.allocate(ORDER);
                owner.adopt(folio, 0);
                assertEquals(Errno.OK, tables.map(0, folio, 0, 1 << ORDER, true));
                folios.lock(folio);
                long at = folio + (round & 63) * 64L;
                assertEquals(Errno.OK, engine.splitter().splitNonUniform(folio, at, 0));
                folios.unlock(folio);
                folios.unpin(folio);
                tables.unmap(0, 1 << ORDER);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 9})
    void faultingAnonymousMemoryInAllocatesNothing(int order) {
        Quire engine = open(Quire.builder().capacityBytes(SMALL_CAPACITY_BYTES));
        try (AnonymousMemory memory = engine.newAnonymousMemory(SplitPolicies.UNIFORM, largeFolios(order));
                RcuReader reader = engine.newReader()) {
            memory.map(0, 4096 << ORDER_OF_REGION, Protection.READ_WRITE);
            PageWalker walker = memory.tables().newWalker(reader);
            assertAllocatesNothing(round -> {
                long address = 4096L * (round & 1023);
                walker.unpin(walker.pinOrFault(address, true, memory));
                memory.advise(0, 4096 << ORDER_OF_REGION, Advice.DONT_NEED);
            });
            assertTrue(memory.nrFaults(order) > WARM_UP, "faults: " + memory.nrFaults(order));
        }
    }

    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void splittingWhatIsPartlyMappedForLackOfMemoryAllocatesNothing(SplitPolicies policy) {
        Quire engine = open(Quire.builder().capacityBytes(SMALL_CAPACITY_BYTES));
        try (AnonymousMemory memory = engine.newAnonymousMemory(policy, largeFolios(ORDER))) {
            memory.map(0, 4096 << ORDER, Protection.READ_WRITE);
            assertAllocatesNothing(round -> {
                assertEquals(Errno.OK, memory.faultIn(0, true));
                memory.advise(4096L * (round & 63), 4096, Advice.DONT_NEED);
                assertEquals(1, memory.shrink());
                memory.advise(0, 4096 << ORDER, Advice.DONT_NEED);
            });
        }
    }

    private static LargeFolioOrders largeFolios(int order) {
        return order == 0 ? LargeFolioOrders.NONE : new LargeFolioOrders(1L << order, 0);
    }

    private static void assertAllocatesNothing(IntConsumer operation) {
        run(operation, WARM_UP);
        // The compiler may still be replacing code, which can allocate once: a clean run proves the point.
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < ATTEMPTS && least > 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(operation, MEASURED);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes in " + MEASURED + " rounds");
    }

    private static void run(IntConsumer operation, int nrRounds) {
        for (int round = 0; round < nrRounds; round++) {
            operation.accept(round);
        }
    }
}
