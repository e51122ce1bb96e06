/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.GuardedState;
import dev.quire.stress.PinCheck;

/**
 * The 8 pages of anonymous memory of a {@link SharedEngine} that one state has for itself, in one folio in the swap
 * cache. The state has a reference to it besides those of the cache.
 */
final class SwapRange extends GuardedState {
    private static final int NR_PAGES = 1 << PageRange.ORDER;

    private final SharedEngine owner;
    private final Folios folios;
    private final SwapTable swap;
    private final PinCheck check;
    private final long firstIndex;
    private final long folio;
    private final long firstSlot;

    /** The page that the reader looks for, or whose slot is given back: all of them in turn. */
    private final int page;

    SwapRange(SharedEngine owner) {
        super(owner.slots.tryTake());
        this.owner = owner;
        folios = owner.quire.folios();
        swap = owner.quire.swapTable();
        check = owner.check;
        firstIndex = (long) slot() << PageRange.ORDER;
        page = slot() & (NR_PAGES - 1);
        folio = guardHandle(this::adopt);
        firstSlot = guardHandle(this::cache);
    }

    private long adopt() {
        long adopted = owner.allocate();
        check.stamp(adopted, stampOf(0));
        owner.anonymous.adopt(adopted, firstIndex);
        return adopted;
    }

    private long cache() {
        long allocated = swap.allocate(PageRange.ORDER);
        folios.lock(folio);
        int result = swap.add(folio, allocated);
        folios.unlock(folio);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot add the folio to the swap cache: result=" + Errno.name(result));
        }
        return allocated;
    }

    /** Whether the folio is frozen. */
    boolean isFrozen() {
        return !isBroken() && References.count(folio) == 0;
    }

    /** Pins the folio that caches the page's slot, and lets go of it; see {@link PinCheck#inspectAndUnpin}. */
    int lookUp() {
        return guard(() -> {
            int cameFrozen = isFrozen() ? PageRange.CAME_FROZEN : 0;
            return check.inspectAndUnpin(swap.pin(firstSlot + page), firstIndex + page, stampOf(page)) + cameFrozen;
        });
    }

    /** Gives the page's slot back. */
    void giveSlotBack() {
        guardAction(() -> swap.free(firstSlot + page, 1));
    }

    /** Splits the folio into pages; 0 or an error number. */
    int split() {
        return guard(() -> {
            folios.lock(folio);
            int result = owner.quire.splitter().splitUniform(folio, 0);
            folios.unlock(folio);
            return result;
        });
    }

    /** Whether the slot that was given back is free for all: no folio caches it, and none holds it any more. */
    private boolean isSlotFree() {
        if (swap.pin(firstSlot + page) != 0) {
            return false;
        }
        removeAll();
        try {
            swap.free(firstSlot + page, 1);
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    /** Whether all slots lead to the folios of their pages, and nobody else holds these. */
    private boolean isInOrder() {
        return guard(() -> areAllInOrder() ? 1 : 0) == 1;
    }

    private boolean areAllInOrder() {
        for (int at = 0; at < NR_PAGES; ) {
            long head = pageAt(at);
            int end = at + (1 << folios.order(head));
            if (!check.isIdle(head, end - at + (head == folio ? 1 : 0)) || !leadTo(head, at, end)) {
                return false;
            }
            at = end;
        }
        return true;
    }

    private boolean leadTo(long head, int start, int end) {
        for (int at = start; at < end; at++) {
            long pinned = swap.pin(firstSlot + at);
            boolean right = pinned == head && check.inspect(pinned, firstIndex + at, stampOf(at)) != PinCheck.WRONG;
            if (pinned != 0) {
                folios.unpin(pinned);
            }
            if (!right) {
                return false;
            }
        }
        return true;
    }

    /** Takes all pages out of the swap cache; only the state still holds its folio. */
    private void removeAll() {
        for (int at = 0; at < NR_PAGES; ) {
            long head = pageAt(at);
            at += 1 << folios.order(head);
            // The cache's references may be the last ones.
            folios.tryPin(head);
            folios.lock(head);
            swap.remove(head);
            folios.unlock(head);
            folios.unpin(head);
        }
    }

    /**
     * Gives the folio and its slots back; what actors have seen, {@link PinCheck#WRONG} if the slots are not in
     * order, or {@link #BROKEN}.
     */
    int recycle(int seen) {
        boolean inOrder = isInOrder();
        if (inOrder) {
            guardAction(() -> {
                removeAll();
                swap.free(firstSlot, NR_PAGES);
                folios.unpin(folio);
            });
        }
        recycleSlot(owner.slots, inOrder);
        return verdict(seen, inOrder);
    }

    /** The same after the page's slot was given back; 1 if that is free now, 0 if it is not, or {@link #BROKEN}. */
    int recycleWithoutSlot() {
        int isFree = guard(() -> isSlotFree() ? 1 : 0);
        if (isFree == 1) {
            guardAction(this::giveOtherSlotsBack);
        }
        recycleSlot(owner.slots, isFree == 1);
        return isFree;
    }

    private void giveOtherSlotsBack() {
        if (page > 0) {
            swap.free(firstSlot, page);
        }
        if (page < NR_PAGES - 1) {
            swap.free(firstSlot + page + 1, NR_PAGES - 1 - page);
        }
        folios.unpin(folio);
    }

    private long pageAt(int at) {
        return folio + (long) at * PageStruct.BYTES;
    }

    private long stampOf(int at) {
        return firstIndex + at + 1;
    }
}
