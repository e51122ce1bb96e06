/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import com.sun.management.ThreadMXBean;
import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitStatistics;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Folios of one order and one owner, each to be split once; dropped and made anew between batches.
 *
 * <p>A batch is as large as can be dropped and made again in a reasonable time: it keeps the two clock readings that
 * JMH takes around it below a hundredth of what it measures, see {@link FolioSplitBenchmark}.
 */
@State(Scope.Thread)
public abstract class FolioBatch {
    private static final long SEED = 0x5eed;
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    /** Whether the engine guards its calls, as it does by default. */
    @Param("true")
    public boolean checked;

    /** Whether the system is asked for huge pages behind page structs and nodes; opt-in: {@code false}. */
    @Param("true")
    public boolean hugePages;

    /** Whether the folios are on an LRU list, as all are that are in use; opt-in: {@code false}. */
    @Param("true")
    public boolean onLru;

    private final int nrFolios;
    private final long[] folios;

    /** For each folio the range of pages, relative to it, around which it is split. */
    private final long[] splitStart;

    private final long[] splitEnd;
    private int order;
    private int newOrder;
    private SplitMethod policy;
    private PieceOrders pieceOrders;
    private Quire engine;
    private Folios engineFolios;
    private BatchOwner owner;
    private int nrFailed;

    private long nrBytesBefore;
    private long nrNodesBefore;
    private long nrPiecesBefore;
    private long nrSplitsBefore;

    /** What the thread allocated between fixtures in this iteration. */
    private long nrHeapBytes;

    private long nrHeapBytesBefore;

    /**
     * Describes batches.
     *
     * @param nrFolios folios in a batch
     */
    protected FolioBatch(int nrFolios) {
        this.nrFolios = nrFolios;
        folios = new long[nrFolios];
        splitStart = new long[nrFolios];
        splitEnd = new long[nrFolios];
    }

    /** What is split how, once the parameters have their values. */
    abstract SplitCase splitCase();

    /** Makes the owner of all folios. */
    BatchOwner newOwner(Quire newEngine, long nrPages) {
        return new CachedFile(newEngine);
    }

    /** Heads of the folios of the batch. */
    final long[] folios() {
        return folios;
    }

    /** The engine, for what a subclass adds. */
    final Quire engine() {
        return engine;
    }

    /** Opens an engine, and checks what one batch of splits leaves against {@link #expectedOrder}. */
    @Setup(Level.Trial)
    public final void open() {
        SplitCase splitCase = splitCase();
        order = splitCase.order();
        newOrder = splitCase.newOrder();
        policy = splitCase.policy();
        pieceOrders = splitCase.pieceOrders();
        chooseRanges();
        // Twice what the folios need: for page tables, and so that no folio has to wait for another's pages.
        engine = Quire.builder()
                .capacityBytes(2 * Math.max(Geometry.bytesIn(order) * nrFolios, Geometry.bytesIn(Geometry.MAX_ORDER)))
                .headMap(splitCase.headMap())
                .checked(checked)
                .hugeMetadata(hugePages)
                .open();
        engineFolios = engine.folios();
        owner = newOwner(engine, Geometry.pagesIn(order) * nrFolios);
        makeFolios();
        splitAll();
        PieceCheck check = new PieceCheck();
        owner.forEachFolio(check::visit);
        check.requireEnd();
        HugePages.report(engine);
        dropFolios();
    }

    /** One page each; ranges of any length for a policy that heeds them. */
    private void chooseRanges() {
        SplittableRandom random = new SplittableRandom(SEED);
        long nrPages = Geometry.pagesIn(order);
        for (int i = 0; i < nrFolios; i++) {
            long start = random.nextLong(nrPages);
            // Never the whole folio, which would not be split.
            long maximumEnd = start == 0 ? nrPages - 1 : nrPages;
            splitStart[i] = start;
            splitEnd[i] = policy == SplitMethod.RANGE ? random.nextLong(start + 1, maximumEnd + 1) : start + 1;
        }
    }

    /** Fails if the batches left anything behind. */
    @TearDown(Level.Trial)
    public final void close() {
        owner.close();
        Leaks leaks = engine.leaks();
        engine.close();
        if (!leaks.isEmpty()) {
            throw new IllegalStateException("the benchmark left something behind: " + leaks);
        }
    }

    /** Remembers the engine's counters. */
    @Setup(Level.Iteration)
    public final void startCounting() {
        SplitStatistics statistics = engine.splitStatistics();
        nrBytesBefore = statistics.metadataBytesWritten();
        nrNodesBefore = statistics.nrNodesAdded();
        nrPiecesBefore = statistics.nrPieces();
        nrSplitsBefore = statistics.nrSplits();
        nrHeapBytes = 0;
    }

    /**
     * Reports what the iteration's splits did.
     *
     * @param counters where to
     */
    @TearDown(Level.Iteration)
    public final void count(SplitCounters counters) {
        SplitStatistics statistics = engine.splitStatistics();
        counters.report(
                statistics.nrSplits() - nrSplitsBefore,
                statistics.metadataBytesWritten() - nrBytesBefore,
                statistics.nrNodesAdded() - nrNodesBefore,
                statistics.nrPieces() - nrPiecesBefore,
                nrHeapBytes);
    }

    /** Makes the folios of a batch. */
    @Setup(Level.Invocation)
    public final void makeFolios() {
        for (int i = 0; i < nrFolios; i++) {
            folios[i] = engineFolios.allocate(order);
            int result = folios[i] == 0 ? Errno.ENOMEM : owner.add(folios[i], i * Geometry.pagesIn(order));
            if (result != Errno.OK) {
                throw new IllegalStateException("no folio to split: number=" + i + ", result=" + Errno.name(result));
            }
            if (onLru) {
                engine.accounting().lru().add(folios[i]);
            }
        }
        nrHeapBytesBefore = THREADS.getCurrentThreadAllocatedBytes();
    }

    /** Drops what the splits left, and waits until the blocks and nodes are free and merged again. */
    @TearDown(Level.Invocation)
    public final void dropFolios() {
        nrHeapBytes += THREADS.getCurrentThreadAllocatedBytes() - nrHeapBytesBefore;
        if (nrFailed != 0) {
            throw new IllegalStateException("folios were not split: failed=" + nrFailed + ", of=" + nrFolios);
        }
        for (long folio : folios) {
            engineFolios.unpin(folio);
        }
        owner.dropAll();
        engine.awaitReclaim();
    }

    /**
     * What is measured: lock, split, unlock, for each folio.
     *
     * @return number of folios that were not split, always 0
     */
    final int splitAll() {
        nrFailed = 0;
        for (int i = 0; i < nrFolios; i++) {
            long folio = folios[i];
            engineFolios.lock(folio);
            int result = policy.split(engine, folio, splitStart[i], splitEnd[i], newOrder, pieceOrders.mask());
            engineFolios.unlock(folio);
            nrFailed += result == Errno.OK ? 0 : 1;
        }
        return nrFailed;
    }

    /** Order of the piece that holds a page of a folio. */
    private int expectedOrder(int folioNumber, long page) {
        if (policy.isUniform()) {
            return newOrder;
        }
        int largest = pieceOrders.largestUpTo(
                Halving.orderBeside(splitStart[folioNumber], splitEnd[folioNumber], order, page));
        int allowed = largest == 1 && !owner.allowsOrder1() ? 0 : largest;
        return Math.max(newOrder, allowed);
    }

    /** Walks the pieces that a batch of splits left, in order, and compares each with the expected one. */
    private final class PieceCheck {
        private long nextIndex;

        void visit(long index, int pieceOrder, long folio) {
            int folioNumber = (int) (nextIndex >>> order);
            long page = nextIndex & Geometry.pagesIn(order) - 1;
            int expected = expectedOrder(folioNumber, page);
            long lastPage = folio + (Geometry.pagesIn(pieceOrder) - 1) * PageStruct.BYTES;
            if (index != nextIndex || pieceOrder != expected || engineFolios.headOf(lastPage) != folio) {
                throw new IllegalStateException("wrong piece: index=" + index + ", order=" + pieceOrder
                        + ", expectedIndex=" + nextIndex + ", expectedOrder=" + expected);
            }
            nextIndex += Geometry.pagesIn(pieceOrder);
        }

        void requireEnd() {
            if (nextIndex != Geometry.pagesIn(order) * nrFolios) {
                throw new IllegalStateException("pages missing: end=" + nextIndex);
            }
        }
    }
}
