/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.buddy.Zone;
import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.PieceCursor;
import dev.quire.engine.xarray.SplitPlan;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Folios of one engine: allocation, references, the lock, and the way from a page to its folio.
 *
 * <p>Thread-safe. A folio exists while somebody holds a reference; the last one given back frees it, and its pages are
 * handed out again after a grace period. Every call checks its handle and throws {@link IllegalArgumentException} for
 * one that is not of this engine, and {@link IllegalStateException} once the engine is closed.
 */
public final class Folios {
    /**
     * At a folio that seems to be free: it may have been split, and unlocked, between the looks at its count and its
     * lock.
     */
    private static final int MAX_LOOKS = 3;

    private final PageArena arena;
    private final Zone zone;
    private final HeadMap headMap;
    private final Rcu rcu;
    private final Lifetime lifetime;
    private final FolioLock folioLock;
    private final FolioAccounting accounting;
    private final RcuQueue freed;

    /** Poisoned frames of folios that were freed. On the heap: there are few, and none that anything waits for. */
    private final Set<Long> poisonedPages = ConcurrentHashMap.newKeySet();

    /**
     * Makes the folios of an engine.
     *
     * @param arena where the pages are
     * @param zone who hands out blocks
     * @param headMap how a page's head is found
     * @param rcu domain that delays the reuse of pages
     * @param lifetime guard against close
     * @param folioLock the folio locks
     * @param accounting what is kept about folios beside their page structs
     */
    public Folios(
            PageArena arena,
            Zone zone,
            HeadMap headMap,
            Rcu rcu,
            Lifetime lifetime,
            FolioLock folioLock,
            FolioAccounting accounting) {
        this.arena = arena;
        this.zone = zone;
        this.headMap = headMap;
        this.rcu = rcu;
        this.lifetime = lifetime;
        this.folioLock = folioLock;
        this.accounting = accounting;
        freed = rcu.newQueue(PageStruct.list(0), this::reclaim);
    }

    /**
     * Allocates a folio with one reference, unlocked, that belongs to nobody. Contents are whatever the frames held
     * last; zeroes if they were never used. Locked (zone), and lock-free when it has to reclaim freed pages.
     *
     * @param order log2 pages, 0 to {@link Geometry#MAX_ORDER}
     * @return handle of its head, or 0 if no block is left
     * @throws IllegalArgumentException if the order is out of range
     */
    public long allocate(int order) {
        Geometry.requireOrder(order);
        lifetime.enter();
        try {
            long head = zone.allocateFrozen(order);
            if (head == 0 && rcu.poll()) {
                head = zone.allocateFrozen(order);
            }
            if (head != 0) {
                FolioPieces.write(head, order, 0, 0, 0, 0, 0, 0);
                headMap.form(head, order);
                accounting.allocated(head, order);
                References.unfreeze(head, 1);
            }
            return head;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Makes a folio anonymous memory (folio_add_new_anon_rmap).
     *
     * @param folio head of a folio that belongs to nobody, of any order but 1, to which the caller holds a reference;
     *     whoever looks for a folio by its pages may hold another for a moment
     * @param owner address of what stands for the memory's owner, a multiple of 4 and not 0
     * @param index offset of its first page in the owner's memory, in pages
     * @throws IllegalArgumentException if the folio or the owner is not as described
     */
    public void makeAnonymous(long folio, long owner, long index) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            int order = FolioStruct.order(folio);
            long mapping = PageStruct.mapping(folio);
            // Not exactly one: who looks for another folio by a page of this one may hold it for a moment.
            if (owner == 0 || (owner & 3) != 0 || order == 1 || mapping != 0 || References.count(folio) < 1) {
                throw new IllegalArgumentException("folio or owner not fit for anonymous memory: folio=0x"
                        + Long.toHexString(folio) + ", owner=0x" + Long.toHexString(owner) + ", order=" + order
                        + ", mapping=0x" + Long.toHexString(mapping) + ", references=" + References.count(folio));
            }
            accounting.lru().changeFlags(folio, PageFlag.SWAPBACKED.mask(), 0);
            PageStruct.index(folio, index);
            PageStruct.mapping(folio, owner | AddressSpaceStruct.ANONYMOUS_TAG);
            accounting.counters().addAnonymous(order, 1);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Marks a page's frame as faulty (the flags part of memory_failure). The mark stays with the frame; a folio knows
     * whether any of its pages has it, and so does each folio that a split makes of it. Once that folio is freed the
     * frame is never handed out again, until {@link #unpoison}.
     *
     * @param page handle of a page of a folio that the caller has locked and holds a reference to
     * @throws IllegalArgumentException if nobody holds a reference to such a folio
     */
    public void markPoisoned(long page) {
        arena.requirePage(page);
        lifetime.enter();
        try {
            long folio = headMap.headOf(page);
            References.requireHeld(folio);
            PageStruct.getAndSetFlags(page, PageFlag.HWPOISON.mask());
            if (FolioStruct.order(folio) > 0) {
                FolioStruct.getAndSetFlags1(folio, PageFlag.HAS_HWPOISONED.mask());
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Makes a poisoned frame free again that was not faulty after all (unpoison_memory).
     *
     * @param page handle of a page
     * @return whether it was kept out of use; if not, because its folio is in use or waits for a grace period, nothing
     *     has changed
     */
    public boolean unpoison(long page) {
        arena.requirePage(page);
        lifetime.enter();
        try {
            // Of several that say so, one gives the frame back.
            if (!poisonedPages.remove(page)) {
                return false;
            }
            PageStruct.getAndClearFlags(page, PageFlag.HWPOISON.mask());
            zone.freeFrozen(page, 0);
            return true;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Takes a reference unless the folio is frozen by a split, or free, or has too many (3 * 2^28). Lock-free. A caller
     * that found the folio in an index or through a page must look again afterwards: a split may have run in between.
     *
     * @param folio handle of a head
     * @return whether the caller now holds a reference
     */
    public boolean tryPin(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return References.tryGet(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Takes a reference to the folio that holds a page, whatever splits run beside (folio_try_get, page_folio).
     * Lock-free.
     *
     * @param page handle of any page
     * @return handle of the head, or 0 if the page is free, its folio frozen just now, or has too many references
     */
    public long tryPinFolioOf(long page) {
        arena.requirePage(page);
        lifetime.enter();
        try {
            long head = headMap.headOf(page);
            if (!References.tryGet(head)) {
                return 0;
            }
            // The reference keeps the folio whole from here on; what was looked up before may be stale.
            if (headMap.headOf(page) == head) {
                return head;
            }
            put(head, 1);
            return 0;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Gives a reference back; the last one frees the folio.
     *
     * @param folio handle of the head
     * @throws IllegalStateException if nobody holds a reference
     */
    public void unpin(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            put(folio, 1);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Takes the folio lock, sleeping while somebody else holds it; closing the engine waits for that. The caller holds
     * a reference. Not reentrant.
     *
     * @param folio handle of the head
     * @throws IllegalArgumentException if nobody holds a reference to such a folio
     */
    public void lock(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            requireLockable(folio);
            folioLock.lock(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Refuses what no caller can hold a reference to. Threads may share one, though: then one of them may have locked
     * the folio, and frozen it, while another comes for the lock.
     */
    private void requireLockable(long folio) {
        for (int look = 1; References.count(folio) == 0; look++) {
            // Not a tail: there this word holds other things.
            if (headMap.headOf(folio) == folio && PageFlag.LOCKED.isSet(PageStruct.flagsAcquire(folio))) {
                return;
            }
            if (look >= MAX_LOOKS) {
                References.requireHeld(folio);
            }
        }
    }

    /**
     * Takes the folio lock if it is free. The caller holds a reference.
     *
     * @param folio handle of the head
     * @return whether the caller now holds the lock
     * @throws IllegalArgumentException if nobody holds a reference to such a folio
     */
    public boolean tryLock(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            requireLockable(folio);
            return folioLock.tryLock(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Releases the folio lock. The caller holds a reference.
     *
     * @param folio handle of the head
     * @throws IllegalArgumentException if nobody holds a reference to such a folio
     * @throws IllegalStateException if it is not locked
     */
    public void unlock(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            folioLock.unlock(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Whether somebody holds the folio lock.
     *
     * @param folio handle of the head
     * @return a hint, unless it is the caller
     */
    public boolean isLocked(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return folioLock.isLocked(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Head of the folio or free block that holds a page. Wait-free; stale at once unless the caller holds a reference.
     *
     * @param page handle of any page
     * @return handle of the head
     */
    public long headOf(long page) {
        arena.requirePage(page);
        lifetime.enter();
        try {
            return headMap.headOf(page);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Order of a folio.
     *
     * @param folio handle of the head, to which the caller holds a reference
     * @return log2 pages
     */
    public int order(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return FolioStruct.order(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Number of references to a folio.
     *
     * @param folio handle of the head
     * @return a hint, unless the caller excludes changes; 0 if frozen or free
     */
    public int references(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return References.count(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Index of a folio's first page in its address space.
     *
     * @param folio handle of the head, to which the caller holds a reference
     * @return offset in pages
     */
    public long index(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return PageStruct.index(folio);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * The bytes of a folio, for reading and writing without copying. The segment does not know when the folio is freed
     * or the engine closed: using it after giving the reference back reads another folio's bytes, or crashes the JVM.
     *
     * @param folio handle of the head, to which the caller holds a reference
     * @return a segment as long as the folio
     */
    public MemorySegment bytes(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            return NativeMemory.segment(arena.frameOf(folio), Geometry.bytesIn(FolioStruct.order(folio)));
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Folios freed whose pages still wait for a grace period.
     *
     * @return number of folios
     */
    public long nrPendingReclaim() {
        return freed.nrPending();
    }

    /**
     * Poisoned frames of folios that were freed: nobody uses them, and they are not handed out again.
     *
     * @return number of pages
     */
    public long nrPagesPoisoned() {
        return poisonedPages.size();
    }

    PageArena arena() {
        return arena;
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /** Large folios to be split, which follow the folios' mappings. */
    DeferredSplitQueue deferredSplits() {
        return accounting.deferredSplits();
    }

    /** Gives references of a trusted handle back; frees the folio with the last one, and returns whether it was. */
    boolean put(long folio, int nrReferences) {
        boolean last = References.put(folio, nrReferences);
        if (last) {
            free(folio);
        }
        return last;
    }

    /** Frees a folio that has no references and that nobody can reach by its index. */
    void free(long folio) {
        // First: the link that retires it is that of the LRU lists.
        accounting.released(folio);
        // Not only in reclaim: a staged split, which has no reference, tells by it a free piece from a frozen one.
        // Plain, as that is a hint: who comes before this takes the piece for a frozen one.
        PageStruct.mapping(folio, 0);
        freed.retire(folio);
    }

    private void reclaim(long folio) {
        int order = FolioStruct.order(folio);
        if (FolioPieces.isPoisoned(folio, order)) {
            reclaimAroundPoison(folio, order);
            return;
        }
        headMap.dissolve(folio, order);
        FolioPieces.erase(folio, order);
        zone.freeFrozen(folio, order);
    }

    /** Gives back all of a folio but its poisoned frames: each of those stays a block of its own, which nobody gets. */
    private void reclaimAroundPoison(long folio, int order) {
        SplitPlan plan = new SplitPlan(order);
        cutAroundPoison(plan, folio, order);
        FolioPieces.erase(folio, order);
        headMap.split(folio, plan);
        PieceCursor piece = plan.firstPiece();
        do {
            reclaimPiece(folio + piece.offset() * PageStruct.BYTES, piece.order());
        } while (piece.next());
    }

    /** Appends the largest blocks without a poisoned frame, and the poisoned frames, to a plan. */
    private static void cutAroundPoison(SplitPlan plan, long block, int order) {
        if (order == 0 || FolioPieces.poisonOf(block, order) == 0) {
            plan.append(order, 1);
        } else {
            cutAroundPoison(plan, block, order - 1);
            cutAroundPoison(plan, block + Geometry.pagesIn(order - 1) * PageStruct.BYTES, order - 1);
        }
    }

    private void reclaimPiece(long piece, int order) {
        headMap.dissolve(piece, order);
        FolioPieces.writeSmall(piece, 0, 0, 0, 0, 0);
        if (PageFlag.HWPOISON.isSet(PageStruct.flags(piece))) {
            poisonedPages.add(piece);
        } else {
            zone.freeFrozen(piece, order);
        }
    }
}
