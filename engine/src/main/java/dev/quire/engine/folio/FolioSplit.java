/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.PieceCursor;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaNodeReserve;
import org.jspecify.annotations.Nullable;

/**
 * One split under way: what is split how, and the writing of the pieces. One object per thread, used again and again.
 *
 * <p>From {@link #writePieces} to {@link #unfreezeFirst} the folio is frozen and its pages belong to the split alone.
 */
final class FolioSplit {
    final SplitPlan plan = new SplitPlan();

    /** What is split in stages, of which this splits one at a time. */
    final StagedSplit staged = new StagedSplit();

    long folio;
    int order;
    int newOrder;

    /** A page of the piece that keeps the lock and the caller's reference. */
    long lockAt;

    boolean uniform;

    /** Whether the caller gets a reference to every piece. */
    boolean keep;

    /** References of the caller to the folio, which stay on its first piece. */
    int nrCallerReferences;

    /**
     * What the pieces are to become next: those that it concerns, if they have pages between these indices, stay
     * frozen; null if none does.
     */
    @Nullable
    FolioCut nextCut;

    long nextStart;
    long nextEnd;

    /** Gets every piece but the first, each with a reference of its own; null if nobody wants them. */
    @Nullable
    FolioList list;

    /** Flags and mapping of the folio when the split began, under its lock. */
    long flags;

    long mapping;

    @Nullable
    FolioOwner owner;

    boolean swapCached;

    /** Nodes for the index, got before the folio is unmapped; null until a mapped folio of a file is split. */
    private @Nullable XaNodeReserve nodes;

    /** Page mappings of the folio when the split began; more or fewer may follow until it is unmapped. */
    long nrPageMappings;

    /** Whether the pieces stay locked and referenced until migration entries lead to them again. */
    boolean remapped;

    /** Whether the pieces go on the folio's LRU list, whose lock is held then. */
    boolean onLru;

    /** Whether somebody wants to know how long the split and its freeze take. */
    boolean timed;

    long startNanos;
    long frozenNanos;
    long nrBytesStored;
    long nrNodes;
    long nrPagesDropped;

    /** Whether a policy, or a cut, is asked for the plan just now. */
    private boolean isPlanning;

    private long freezeStartNanos;
    private long index;
    private long privateWord;

    /** Link on the LRU list after which the next piece goes. */
    private long lastLink;

    /** Pages of the pieces that are on no LRU list any more. */
    long nrPagesOffLru;

    /** First page, relative to the folio, of what lies beyond the end of the file; at least 1. */
    private long firstDropped;

    void begin(long folio, int newOrder) {
        this.folio = folio;
        this.newOrder = newOrder;
        order = FolioStruct.order(folio);
        flags = PageStruct.flagsAcquire(folio);
        mapping = PageStruct.mapping(folio);
        nrPageMappings = FolioMapcounts.nrPageMappings(folio);
        owner = null;
        swapCached = false;
        remapped = false;
        onLru = false;
        keep = false;
        nrCallerReferences = 1;
        nextCut = null;
        list = null;
        frozenNanos = 0;
        nrBytesStored = 0;
        nrNodes = 0;
        nrPagesDropped = 0;
    }

    /**
     * Lets a policy plan all stages, and takes the plan of the first; until it returns, the thread begins no other
     * split, which would have the same plan.
     */
    void plan(StagedPlan stages, SplitPolicy policy, long start, long end, long allowedOrders) {
        beginPlanning();
        try {
            stages.plan(policy, order, start, end, newOrder, allowedOrders);
        } finally {
            endPlanning();
        }
        planFreeze(stages, 0);
    }

    /** Takes the plan of the freeze of one block, which the folio is now. */
    void planFreeze(StagedPlan stages, long offset) {
        stages.planFreeze(plan, offset, order);
        uniform = plan.nrRuns() == 1 && plan.runOrder(0) == newOrder;
    }

    /** Until {@link #endPlanning} the thread begins no other split, which would have the same plan. */
    void beginPlanning() {
        isPlanning = true;
    }

    void endPlanning() {
        isPlanning = false;
    }

    /** Gets the nodes that the plan needs; false if there are not as many. */
    boolean reserveNodes(FolioOwner owner) {
        XaNodeReserve reserve = nodes;
        if (reserve == null) {
            reserve = new XaNodeReserve(owner.index().pool());
            nodes = reserve;
        }
        return reserve.await(XaCursor.nodesNeeded(plan));
    }

    /** Hands them, if there are any, to the cursor that is to use them. */
    void giveNodesTo(XaCursor cursor) {
        if (nodes != null) {
            nodes.giveTo(cursor);
        }
    }

    /** Frees those that no cursor was given. */
    void freeNodes() {
        if (nodes != null) {
            nodes.free();
        }
    }

    void requireNotPlanning() {
        if (isPlanning) {
            throw new IllegalStateException("a policy or cut splits a folio while it plans");
        }
    }

    boolean isAnonymous() {
        return FolioSplitter.isAnonymous(mapping);
    }

    /** References that the folio has without its mappings and its pins: a cache holds one per page. */
    int cacheReferences() {
        return cacheReferences(order, false);
    }

    /** Mappings of the whole folio and its pages together, each with a reference (folio_mapcount). */
    int mapcount() {
        return FolioStruct.largeMapcount(folio) - PageStruct.MAPCOUNT_NONE;
    }

    /** Whether a piece that starts at this page of the folio is dropped from the index. */
    boolean isDropped(long offset) {
        return offset >= firstDropped;
    }

    /** Pages that are no longer in a folio of 2 MiB or more of this mapping. */
    long nrThpPagesLost() {
        long nrPages = 0;
        long offset = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int pieceOrder = plan.runOrder(run);
            long end = offset + plan.runUnits(run);
            long firstLost = pieceOrder < Geometry.PMD_ORDER ? offset : Math.clamp(firstDropped, offset, end);
            nrPages += end - Geometry.alignDown(firstLost + Geometry.pagesIn(pieceOrder) - 1, pieceOrder);
            offset = end;
        }
        return nrPages;
    }

    /** Looks at what can no longer change once the folio is frozen, before anything is written. */
    void afterFreeze() {
        freezeStartNanos = timed ? System.nanoTime() : 0;
        index = PageStruct.index(folio);
        privateWord = PageStruct.privateWord(folio);
        // A folio can leave the LRU lists until it is frozen: who isolates it holds a reference.
        flags = PageStruct.flags(folio);
        firstDropped = owner == null ? Long.MAX_VALUE : Math.max(owner.endIndex() - index, 1);
        onLru = list == null && PageFlag.LRU.isSet(flags);
        lastLink = PageStruct.list(folio);
        nrPagesOffLru = 0;
    }

    /** Makes every page but those of the first piece ready to be a head of its own; the folio is frozen. */
    void writePieces() {
        long inheritedFlags = flags & FolioPieces.INHERITED_FLAGS;
        long memcgData = PageStruct.memcgData(folio);
        boolean poisoned = PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(folio));
        long offset = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int pieceOrder = plan.runOrder(run);
            long end = offset + plan.runUnits(run);
            if (pieceOrder == 0) {
                offset = writeAlike(Math.max(offset, 1), end, inheritedFlags, memcgData);
            }
            for (; offset < end; offset += Geometry.pagesIn(pieceOrder)) {
                if (offset != 0) {
                    writePiece(offset, pieceOrder, inheritedFlags, memcgData, poisoned);
                }
            }
        }
        int firstOrder = plan.runOrder(0);
        nrBytesStored += FolioPieces.shrink(
                folio, firstOrder, poisoned && firstOrder > 0 ? FolioPieces.poisonOf(folio, firstOrder) : 0);
    }

    /**
     * Writes pieces of one page as far as nothing tells them apart but where they are, that is, up to those that are
     * dropped, and the one among them that the caller has locked. There may be a quarter of a million of them: with
     * every question answered before the loop, they take little longer than writing as many bytes. Returns the offset
     * of the first not written.
     */
    private long writeAlike(long from, long end, long inheritedFlags, long memcgData) {
        long lockedOffset = (lockAt - folio) / PageStruct.BYTES;
        long endAlike = Math.min(end, firstDropped);
        int references = cacheReferences(0, false) + (keep || remapped ? 1 : 0) + (list == null ? 0 : 1);
        if (references == 0 || nextCut != null || from >= endAlike) {
            return from;
        }
        long pieceFlags = inheritedFlags | (remapped ? PageFlag.LOCKED.mask() : 0) | (onLru ? PageFlag.LRU.mask() : 0);
        if (lockedOffset < from || lockedOffset >= endAlike) {
            writeRun(from, endAlike, pieceFlags, memcgData, references);
        } else {
            writeRun(from, lockedOffset, pieceFlags, memcgData, references);
            writePiece(lockedOffset, 0, inheritedFlags, memcgData, false);
            writeRun(lockedOffset + 1, endAlike, pieceFlags, memcgData, references);
        }
        return endAlike;
    }

    private void writeRun(long from, long end, long pieceFlags, long memcgData, int references) {
        boolean links = onLru;
        boolean unevictable = PageFlag.UNEVICTABLE.isSet(flags);
        long privateStride = swapCached ? 1 : 0;
        long firstPrivate = swapCached ? privateWord : 0;
        long firstIndex = index;
        long mappingOfAll = mapping;
        long link = lastLink;
        long piece = folio + from * PageStruct.BYTES;
        for (long offset = from; offset < end; offset++) {
            long privateOfPiece = firstPrivate + offset * privateStride;
            FolioPieces.writeSmall(piece, pieceFlags, mappingOfAll, firstIndex + offset, privateOfPiece, memcgData);
            // The head is complete, as in writePiece.
            References.unfreeze(piece, references);
            if (links) {
                link = LruLists.linkAfter(link, piece, unevictable);
            }
            piece += PageStruct.BYTES;
        }
        lastLink = link;
        nrBytesStored += (end - from) * PageStruct.BYTES;
    }

    private void writePiece(long offset, int pieceOrder, long inheritedFlags, long memcgData, boolean poisoned) {
        long piece = folio + offset * PageStruct.BYTES;
        boolean dropped = isDropped(offset);
        int references = references(offset, pieceOrder);
        long pieceFlags = inheritedFlags | (isBornLocked(piece, pieceOrder) ? PageFlag.LOCKED.mask() : 0);
        if (onLru && references > 0) {
            pieceFlags |= PageFlag.LRU.mask();
        }
        if (dropped && !PageFlag.SWAPBACKED.isSet(flags)) {
            pieceFlags &= ~PageFlag.DIRTY.mask();
        }
        long secondFlags = poisoned && pieceOrder > 0 ? FolioPieces.poisonOf(piece, pieceOrder) : 0;
        nrBytesStored += FolioPieces.write(
                piece,
                pieceOrder,
                pieceFlags,
                secondFlags,
                dropped ? 0 : mapping,
                index + offset,
                swapCached ? privateWord + offset : 0,
                memcgData);
        if (references > 0 && !staysFrozen(offset, pieceOrder)) {
            // The head is complete. Who meets it through its page from here on may take a reference; the index follows.
            References.unfreeze(piece, references);
        }
        if (onLru) {
            link(piece, pieceOrder, references);
        }
    }

    /** Leads the slots of a folio in the swap cache to its pieces; the table's lock is held. */
    void replaceInSwapCache(SwapTable swapTable) {
        PieceCursor piece = plan.firstPiece();
        while (piece.next()) {
            swapTable.replace(privateWord + piece.offset(), Geometry.pagesIn(piece.order()), headOf(piece));
        }
        nrBytesStored += Geometry.pagesIn(order) * Long.BYTES;
    }

    /** Links a piece after the one before it on its LRU list; the lists' lock is held. */
    private void link(long piece, int pieceOrder, int references) {
        if (references > 0) {
            lastLink = LruLists.linkAfter(lastLink, piece, PageFlag.UNEVICTABLE.isSet(flags));
        } else {
            nrPagesOffLru += Geometry.pagesIn(pieceOrder);
        }
    }

    /** Appends every piece but the first to the caller's list; the references are in the counts already. */
    void appendPieces(FolioList pieces) {
        PieceCursor piece = plan.firstPiece();
        while (piece.next()) {
            pieces.link(headOf(piece));
        }
    }

    /** Ends the freeze; everything else about the split is done and visible. */
    void unfreezeFirst() {
        if (!staysFrozen(0, plan.runOrder(0))) {
            References.unfreeze(folio, cacheReferences(plan.runOrder(0), false) + nrCallerReferences);
        }
        frozenNanos = timed ? System.nanoTime() - freezeStartNanos : 0;
    }

    /**
     * Queues pieces that are mapped in part because pages were unmapped while the split ran: as long as no leaf was
     * there, that counted nowhere, and before, the folio was queued in vain, as the freeze takes it off the queue. What
     * was unmapped before the split began is for its caller to keep or not.
     */
    void queueUnmappedMeanwhile(DeferredSplitQueue deferredSplits) {
        boolean hasPiecesForQueue = plan.pieceOrders() >>> DeferredSplitQueue.MINIMUM_ORDER != 0;
        if (!hasPiecesForQueue || leastPageMappingsOfPieces() >= nrPageMappings) {
            return;
        }
        PieceCursor piece = plan.firstPiece();
        do {
            deferredSplits.afterUnmap(headOf(piece));
        } while (piece.next());
    }

    private long leastPageMappingsOfPieces() {
        long sum = 0;
        PieceCursor piece = plan.firstPiece();
        do {
            sum += FolioMapcounts.leastPageMappings(headOf(piece));
        } while (piece.next());
        return sum;
    }

    /**
     * Unlocks the pieces that were locked until they were mapped again, and gives back the references that kept them.
     */
    void releaseRemapped(Folios folios, FolioLock locks) {
        PieceCursor piece = plan.firstPiece();
        while (piece.next()) {
            long head = headOf(piece);
            if (!holdsLockAt(head, piece.order())) {
                locks.afterBornLocked();
                locks.unlock(head);
                if (!keep) {
                    folios.put(head, 1);
                }
            }
        }
    }

    /** Frees the pieces that nobody refers to: dropped ones, and anonymous ones that nobody maps. */
    void freeUnreferenced(Folios folios) {
        if (keep
                || list != null
                || remapped
                || (owner != null && nrPagesDropped == 0)
                || (owner == null && swapCached)) {
            return;
        }
        PieceCursor piece = plan.firstPiece();
        while (piece.next()) {
            if (references(piece.offset(), piece.order()) == 0) {
                folios.free(headOf(piece));
            }
        }
    }

    private long headOf(PieceCursor piece) {
        return folio + piece.offset() * PageStruct.BYTES;
    }

    /** Whether the piece that holds {@link #lockAt} is the first, the folio's old head. */
    boolean locksFirst() {
        return holdsLockAt(folio, plan.runOrder(0));
    }

    /** References that a piece other than the first is published with; 0 for one that is freed instead. */
    private int references(long offset, int pieceOrder) {
        boolean held = keep || remapped || holdsLockAt(folio + offset * PageStruct.BYTES, pieceOrder);
        return cacheReferences(pieceOrder, isDropped(offset)) + (held ? 1 : 0) + (list == null ? 0 : 1);
    }

    /** Whether a piece is left frozen, for its next cut. */
    boolean staysFrozen(long offset, int pieceOrder) {
        long start = index + offset;
        return nextCut != null
                && start < nextEnd
                && start + Geometry.pagesIn(pieceOrder) > nextStart
                && FolioCutChecks.concerns(nextCut, start, pieceOrder);
    }

    private boolean isBornLocked(long piece, int pieceOrder) {
        return remapped || holdsLockAt(piece, pieceOrder);
    }

    private boolean holdsLockAt(long piece, int pieceOrder) {
        return lockAt >= piece && lockAt < piece + Geometry.pagesIn(pieceOrder) * PageStruct.BYTES;
    }

    private int cacheReferences(int pieceOrder, boolean dropped) {
        int nrPages = (int) Geometry.pagesIn(pieceOrder);
        return (owner == null || dropped ? 0 : nrPages) + (swapCached ? nrPages : 0);
    }
}
