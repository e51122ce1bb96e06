/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import org.jspecify.annotations.Nullable;

/**
 * One split under way: what is split how, and the writing of the pieces. One object per thread, used again and again.
 *
 * <p>From {@link #writePieces} to {@link #unfreezeFirst} the folio is frozen and its pages belong to the split alone.
 */
final class FolioSplit {
    final SplitPlan plan = new SplitPlan();
    long folio;
    int order;
    int newOrder;

    /** A page of the piece that keeps the lock and the caller's reference. */
    long lockAt;

    boolean uniform;
    boolean keep;
    long mapping;

    @Nullable
    FolioOwner owner;

    long startNanos;
    long nrBytesStored;
    long nrNodes;

    private long index;
    private long inheritedFlags;
    private long memcgData;

    /** First page, relative to the folio, of what lies beyond the end of the file; at least 1. */
    private long firstDropped;

    void begin(long folio, int newOrder) {
        this.folio = folio;
        this.newOrder = newOrder;
        order = FolioStruct.order(folio);
        mapping = PageStruct.mapping(folio);
        owner = null;
        keep = false;
        nrBytesStored = 0;
        nrNodes = 0;
    }

    boolean isAnonymous() {
        return FolioSplitter.isAnonymous(mapping);
    }

    /** References of the kind itself: the page cache holds one per page. */
    int expectedReferences() {
        return cacheReferences(order);
    }

    /** Whether a piece that starts at this page of the folio is dropped from the index. */
    boolean isDropped(long offset) {
        return offset >= firstDropped;
    }

    long firstDropped() {
        return firstDropped;
    }

    /** Makes every page but those of the first piece ready to be a head of its own; the folio is frozen. */
    void writePieces() {
        long flags = PageStruct.flags(folio);
        inheritedFlags = flags & FolioPieces.INHERITED_FLAGS;
        index = PageStruct.index(folio);
        memcgData = PageStruct.memcgData(folio);
        firstDropped = owner == null ? Long.MAX_VALUE : Math.max(owner.endIndex() - index, 1);
        long offset = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int pieceOrder = plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                if (offset != 0) {
                    writePiece(offset, pieceOrder);
                }
                offset += Geometry.pagesIn(pieceOrder);
            }
        }
        nrBytesStored += FolioPieces.shrink(folio, plan.runOrder(0));
    }

    private void writePiece(long offset, int pieceOrder) {
        long piece = folio + offset * PageStruct.BYTES;
        boolean locked = holdsLockAt(piece, pieceOrder);
        boolean dropped = isDropped(offset);
        long flags = inheritedFlags | (locked ? PageFlag.LOCKED.mask() : 0);
        long pieceMapping = mapping;
        if (dropped) {
            flags &= ~PageFlag.DIRTY.mask();
            pieceMapping = 0;
        }
        nrBytesStored += FolioPieces.write(piece, pieceOrder, flags, pieceMapping, index + offset, memcgData);
        int references = (dropped ? 0 : cacheReferences(pieceOrder)) + (locked || keep ? 1 : 0);
        if (references > 0) {
            // The head is complete. Who meets it through its page from here on may take a reference; the index follows.
            References.unfreeze(piece, references);
        }
    }

    /** Ends the freeze; everything else about the split is done and visible. */
    void unfreezeFirst() {
        int references = cacheReferences(plan.runOrder(0)) + 1;
        References.unfreeze(folio, references);
    }

    /** Frees the pieces that nobody refers to: dropped ones, and anonymous ones that nobody maps. */
    void freeUnreferenced(Folios folios) {
        if (keep || (owner != null && firstDropped >= Geometry.pagesIn(order))) {
            return;
        }
        long offset = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int pieceOrder = plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                long piece = folio + offset * PageStruct.BYTES;
                if (offset != 0 && (owner == null || isDropped(offset)) && !holdsLockAt(piece, pieceOrder)) {
                    folios.free(piece);
                }
                offset += Geometry.pagesIn(pieceOrder);
            }
        }
    }

    /** Whether the piece that holds {@link #lockAt} is the first, the folio's old head. */
    boolean locksFirst() {
        return holdsLockAt(folio, plan.runOrder(0));
    }

    private boolean holdsLockAt(long piece, int pieceOrder) {
        return lockAt >= piece && lockAt < piece + Geometry.pagesIn(pieceOrder) * PageStruct.BYTES;
    }

    private int cacheReferences(int pieceOrder) {
        return owner == null ? 0 : (int) Geometry.pagesIn(pieceOrder);
    }
}
