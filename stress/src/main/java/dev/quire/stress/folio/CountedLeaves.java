/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.stress.GuardedState;

/**
 * The 8 pages of anonymous memory of a {@link SharedEngine} that one state has for itself, in one folio, with the map
 * counts that leaves of several processes would give it; page tables there are none. The state has a reference to it.
 */
final class CountedLeaves extends GuardedState {
    /** Added to what an actor did when it met the other in the middle of its part. */
    static final int MET = 10;

    private static final int NR_PAGES = 1 << PageRange.ORDER;

    private final SharedEngine owner;
    private final Folios folios;
    private final FolioMapcounts mapcounts;
    private final long folio;

    private CountedLeaves(SharedEngine owner) {
        super(owner.slots.tryTake());
        this.owner = owner;
        folios = owner.quire.folios();
        mapcounts = new FolioMapcounts(folios);
        folio = guardHandle(this::adopt);
    }

    private long adopt() {
        long adopted = owner.allocate();
        owner.anonymous.adopt(adopted, (long) slot() << PageRange.ORDER);
        return adopted;
    }

    /** A leaf maps the whole folio, another its first page. */
    static CountedLeaves wholeAndOnePage(SharedEngine owner) {
        CountedLeaves leaves = new CountedLeaves(owner);
        leaves.guardAction(() -> {
            leaves.map(PageRange.ORDER, 1);
            leaves.map(0, 1);
        });
        return leaves;
    }

    /** A leaf maps the first page, and the folio is on the queue of those to be split. */
    static CountedLeaves queuedWithOnePage(SharedEngine owner) {
        CountedLeaves leaves = new CountedLeaves(owner);
        leaves.guardAction(() -> {
            leaves.map(0, 1);
            owner.quire.accounting().deferredSplits().add(leaves.folio, true);
        });
        return leaves;
    }

    private void map(int leafOrder, int nrLeaves) {
        if (!mapcounts.tryAdd(folio, leafOrder, nrLeaves)) {
            throw new IllegalStateException("mapped too often: leaves=" + nrLeaves);
        }
    }

    /** Splits the leaf that maps the whole. */
    void splitLeaf() {
        guardAction(() -> FolioMapcounts.splitLeaf(folio, PageRange.ORDER, NR_PAGES));
    }

    /** Pages that leaves map; -1 if that is said to be a part of the folio only. */
    int count() {
        return guard(() -> FolioMapcounts.isPartiallyMapped(folio) ? -1 : (int) FolioMapcounts.nrPageMappings(folio));
    }

    /** Unmaps the first page. */
    void unmapOnePage() {
        guardAction(() -> mapcounts.remove(folio, 0, 1));
    }

    /** Maps all pages, and unmaps one; 0, or {@link #MET} if the other was about to take the folio off the queue. */
    int mapAllAndUnmapOne() {
        return guard(() -> {
            boolean met = FolioMapcounts.total(folio) == 0 && isMarked();
            map(0, NR_PAGES);
            mapcounts.remove(folio, 0, 1);
            return met ? MET : 0;
        });
    }

    private boolean isMarked() {
        long marks = PageFlag.DEFERRED_SPLIT.mask() | PageFlag.PARTIALLY_MAPPED.mask();
        return (FolioStruct.flags1(folio) & marks) == marks;
    }

    /** Unmaps what is left of the leaves and gives the slot back; 1 if the counts were as they should be, else 9. */
    int recycleMapped() {
        return recycle(NR_PAGES + 1, FolioMapcounts.total(folio) == NR_PAGES + 1);
    }

    /** The same after {@link #mapAllAndUnmapOne}; 1 if the folio was on the queue, and marked, 0 if not, else 9. */
    int recycleQueued() {
        boolean queued = isMarked() && Links.isOnQueue(owner.quire.arena(), folio);
        int verdict = recycle(NR_PAGES - 1, FolioMapcounts.total(folio) == NR_PAGES - 1);
        return verdict == 1 && !queued ? 0 : verdict;
    }

    private int recycle(int nrLeaves, boolean inOrder) {
        int verdict = verdict(1, inOrder);
        if (verdict == 1) {
            guardAction(() -> {
                mapcounts.remove(folio, 0, nrLeaves);
                folios.unpin(folio);
            });
        }
        recycleSlot(owner.slots, inOrder);
        return isBroken() ? BROKEN : verdict;
    }
}
