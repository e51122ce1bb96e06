/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.buddy.HeadBits;
import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.jspecify.annotations.Nullable;

/**
 * Folios of one kind, one after another, to be split: with everything that a folio can have to do with. Each is on an
 * LRU list, charged to a group, queued for a deferred split, dirty, and has a poisoned page.
 */
final class SplitSubject implements AutoCloseable {
    static final long FIRST_INDEX = 5L << 18;
    private static final long ANONYMOUS_OWNER = 0x1000;
    private static final long GROUP_ID = 77;

    final Quire engine;
    final SplitKind kind;
    final Folios folios;
    final FolioAccounting accounting;
    final RecordedMappers mappers;
    final FolioSplitter splitter;
    final FolioMerger merger;
    final MemoryGroup group;
    final @Nullable AddressSpace space;

    /** Who maps the folios, if they are in page tables of the engine. */
    final @Nullable TwoProcesses processes;

    /** The folio under test. */
    long folio;

    int order;
    long poisonedPage = -1;

    /** Whether the next folios go on the LRU lists. */
    boolean onLru = true;

    SplitSubject(Quire engine, HeadMapKind headMapKind, SplitKind kind) {
        this.engine = engine;
        this.kind = kind;
        folios = engine.folios();
        accounting = engine.accounting();
        mappers = new RecordedMappers(engine.arena());
        group = accounting.groups().open(GROUP_ID);
        space = kind.anonymous ? null : newSpace();
        processes = kind.isInPageTables() ? new TwoProcesses(engine, space, FIRST_INDEX, kind.isSharedMemory()) : null;
        FolioContext context = newContext(headMapKind);
        SplitStatistics statistics = new SplitStatistics(engine.arena(), context.lifetime());
        splitter = kind.isMapped() ? new FolioSplitter(context, statistics, null) : engine.splitter();
        merger = kind.isMapped() ? new FolioMerger(context) : engine.merger();
    }

    private AddressSpace newSpace() {
        return kind.isSharedMemory() ? engine.newSharedMemory() : engine.newAddressSpace(kind.minimumOrder);
    }

    /** For a splitter and a merger beside the engine's own, on the same folios, that know the recorded page tables. */
    private FolioContext newContext(HeadMapKind headMapKind) {
        Lifetime lifetime = new Lifetime(false, BarrierMode.AUTOMATIC);
        HeadMap headMap = headMapKind == HeadMapKind.HEAD_BITS
                ? new HeadBitsMap(engine.arena(), new HeadBits(engine.arena()))
                : new TailWordsMap();
        FolioOwners owners = new FolioOwners(new ObjectSlab(engine.arena()), 4096);
        if (space != null) {
            owners.add(space);
        }
        return new FolioContext(
                engine.arena(),
                folios,
                headMap,
                new FolioLock(new LockOrder(true)),
                owners,
                engine.swapTable(),
                accounting,
                mappers,
                lifetime);
    }

    /** Makes the next folio, locked, with one reference of the caller's. */
    long make(int newOrder) {
        order = newOrder;
        folio = folios.allocate(order);
        long nrPages = Geometry.pagesIn(order);
        group.charge(folio);
        if (space == null && processes != null) {
            processes.adopt(folio, FIRST_INDEX);
        } else if (space == null) {
            folios.makeAnonymous(folio, ANONYMOUS_OWNER, FIRST_INDEX);
        } else {
            space.extend((FIRST_INDEX + nrPages) << Geometry.PAGE_SHIFT);
            assertEquals(Errno.OK, space.add(folio, FIRST_INDEX));
            setEnd(nrPages);
        }
        folios.lock(folio);
        if (kind == SplitKind.ANONYMOUS_SWAP_CACHED) {
            assertEquals(
                    Errno.OK, engine.swapTable().add(folio, engine.swapTable().allocate(order)));
        } else if (order > 1) {
            accounting.deferredSplits().add(folio, true);
        }
        map();
        PageStruct.getAndSetFlags(folio, PageFlag.DIRTY.mask() | PageFlag.UPTODATE.mask() | PageFlag.YOUNG.mask());
        if (onLru) {
            accounting.lru().add(folio);
        }
        return folio;
    }

    private void map() {
        if (kind.isMapped()) {
            mappers.map(folio, 0, Geometry.pagesIn(order));
        } else if (processes != null) {
            processes.map(folio, order);
        }
    }

    /** A folio that is not split for want of memory is mapped as before. */
    void requireMapped() {
        assertEquals(
                kind.isMapped() || kind.isInPageTables(),
                FolioMapcounts.total(folio) > 0,
                "whether leaves map a folio that was not split");
    }

    /** Unmaps pages of the folio, or of what it was split into, and so frees those that nobody else has. */
    void unmap(long firstPage, long nrPages) {
        mappers.unmapAll(folios, folio + firstPage * PageStruct.BYTES, nrPages);
        if (processes != null) {
            processes.unmap(firstPage, nrPages);
        }
    }

    void poison(long page) {
        poisonedPage = page;
        folios.markPoisoned(folio + page * PageStruct.BYTES);
    }

    private void setEnd(long nrPages) {
        if (space == null) {
            return;
        }
        if (kind == SplitKind.FILE_ACROSS_END) {
            shrinkQuietly((FIRST_INDEX + kind.firstDropped(nrPages)) << Geometry.PAGE_SHIFT);
        } else if (kind == SplitKind.SHARED_MEMORY_ALLOCATED_BEYOND_END) {
            shrinkQuietly(FIRST_INDEX << Geometry.PAGE_SHIFT);
            assertEquals(Errno.OK, space.allocateBeyondEnd(FIRST_INDEX, kind.firstDropped(nrPages), 0));
        }
    }

    /**
     * Moves the end of the file before anything is removed, as a truncation does that has not come to the folio yet.
     */
    private void shrinkQuietly(long sizeBytes) {
        if (space != null) {
            dev.quire.engine.struct.AddressSpaceStruct.sizeBytesRelease(space.address(), sizeBytes);
        }
    }

    /** Unlocks and gives back the folio that has the lock, and drops everything that came of the folio. */
    void release(long lockedFolio) {
        folios.unlock(lockedFolio);
        if (kind == SplitKind.ANONYMOUS_SWAP_CACHED) {
            // Refused splits only: the folio is whole.
            dropFromSwap(lockedFolio, order);
        }
        unmap(0, Geometry.pagesIn(order));
        folios.unpin(lockedFolio);
        if (space != null) {
            space.truncate(0, SplitPolicies.UNIFORM);
        }
        heal();
    }

    /** Gives back the pieces of a folio to each of which the test has a reference. */
    void releaseKept(int[] orders) {
        folios.unlock(folio);
        unmap(0, Geometry.pagesIn(order));
        long piece = folio;
        for (int pieceOrder : orders) {
            folios.unpin(piece);
            piece += Geometry.pagesIn(pieceOrder) * PageStruct.BYTES;
        }
        heal();
    }

    /** Takes the order-0 pieces of a folio out of the swap cache, and gives back the locked one. */
    void releaseSwapCached(long lockedPage) {
        for (long page = 0; page < Geometry.pagesIn(order); page++) {
            dropFromSwap(folio + page * PageStruct.BYTES, 0);
        }
        folios.unlock(folio + lockedPage * PageStruct.BYTES);
        folios.unpin(folio + lockedPage * PageStruct.BYTES);
        heal();
    }

    private void dropFromSwap(long piece, int pieceOrder) {
        long slot = engine.swapTable().remove(piece);
        engine.swapTable().free(slot, Geometry.pagesIn(pieceOrder));
    }

    /** Takes the poison from the frame again, once nobody has it, so that it does not pile up. */
    private void heal() {
        if (poisonedPage >= 0) {
            engine.awaitReclaim();
            assertTrue(folios.unpoison(folio + poisonedPage * PageStruct.BYTES), "the frame was kept out of use");
            poisonedPage = -1;
        }
    }

    @Override
    public void close() {
        if (processes != null) {
            processes.close();
        }
        if (space != null) {
            space.close();
        }
        engine.awaitReclaim();
        assertEquals(0, group.nrChargedPages(), "pages charged");
        assertEquals(1, group.nrReferences(), "references to the group");
        group.close();
    }
}
