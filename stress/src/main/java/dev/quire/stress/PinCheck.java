/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.References;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageStruct;

/**
 * What a reader that has pinned a folio makes sure of: that it covers the page that was looked for, whole and aligned,
 * and holds that page's bytes, for as long as the pin is held.
 *
 * <p>Every page frame is stamped with a number of its own, so that a reader can tell whose bytes it reads. Thread-safe.
 */
public final class PinCheck {
    /** Nothing found, or not to be pinned just now. */
    public static final int NOTHING = 0;

    /** Pinned the folio that covers all pages of the state. */
    public static final int WHOLE = 1;

    /** Pinned the smaller folio that covers the page. */
    public static final int PIECE = 2;

    /** Pinned the folio that covers all pages, but the page's bytes are zero, at the latest when it was let go. */
    public static final int ZEROED = 3;

    /**
     * Pinned a folio that does not cover the page, or whose bytes are another page's, or that changed or was lost while
     * pinned.
     */
    public static final int WRONG = 9;

    private final PageArena arena;
    private final Folios folios;
    private final int wholeOrder;

    /**
     * Makes the checks of an engine.
     *
     * @param quire the engine
     * @param wholeOrder log2 pages of a folio that is not split
     */
    public PinCheck(Quire quire, int wholeOrder) {
        arena = quire.arena();
        folios = quire.folios();
        this.wholeOrder = wholeOrder;
    }

    /**
     * Stamps the frames of a folio.
     *
     * @param folio head of a folio that nobody else knows
     * @param firstStamp stamp of its first page, not 0; the next page's is one more
     */
    public void stamp(long folio, long firstStamp) {
        long nrPages = Geometry.pagesIn(folios.order(folio));
        for (long page = 0; page < nrPages; page++) {
            NativeMemory.setLong(frame(folio, page), firstStamp + page);
        }
    }

    /**
     * Looks at a pinned folio twice, and lets go of it.
     *
     * @param head head of the folio, or 0 if none was pinned
     * @param index index that was looked for, in pages
     * @param stamp stamp of that page
     * @return one of the constants of this class
     */
    public int inspectAndUnpin(long head, long index, long stamp) {
        return head == 0 ? NOTHING : inspectAgainAndUnpin(inspect(head, index, stamp), head, index, stamp);
    }

    /**
     * The same, but holds the folio between the two looks until the other actor has done its part.
     *
     * @param head head of the folio, or 0 if none was pinned
     * @param index index that was looked for, in pages
     * @param stamp stamp of that page
     * @param other what the other actor does
     * @return one of the constants of this class
     */
    public int inspectHoldAndUnpin(long head, long index, long stamp, Progress other) {
        if (head == 0) {
            return NOTHING;
        }
        int first = inspect(head, index, stamp);
        other.await();
        return inspectAgainAndUnpin(first, head, index, stamp);
    }

    private int inspectAgainAndUnpin(int first, long head, long index, long stamp) {
        int again = inspect(head, index, stamp);
        boolean zeroedMeanwhile = first == WHOLE && again == ZEROED;
        return unpin(head) && (first == again || zeroedMeanwhile) ? again : WRONG;
    }

    /**
     * Looks at a pinned folio.
     *
     * @param head its head
     * @param index index that was looked for, in pages
     * @param stamp stamp of that page
     * @return one of the constants of this class
     */
    public int inspect(long head, long index, long stamp) {
        int order = folios.order(head);
        long firstIndex = folios.index(head);
        boolean covers = firstIndex <= index && index < firstIndex + Geometry.pagesIn(order);
        long lastPage = head + (Geometry.pagesIn(order) - 1) * PageStruct.BYTES;
        boolean isFoundByPages = order > wholeOrder || folios.headOf(lastPage) == head;
        if (!covers || order > wholeOrder || !Geometry.isAligned(firstIndex, order) || !isFoundByPages) {
            return WRONG;
        }
        long found = NativeMemory.getLong(frame(head, index - firstIndex));
        if (found == 0 && order == wholeOrder) {
            return ZEROED;
        }
        return found != stamp ? WRONG : order == wholeOrder ? WHOLE : PIECE;
    }

    /**
     * Lets go of a folio.
     *
     * @param head its head
     * @return false if the engine has lost the reference
     */
    public boolean unpin(long head) {
        try {
            folios.unpin(head);
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /**
     * Whether a folio that nobody uses any more was left as it should be: unlocked, and with the references that are
     * due.
     *
     * @param head its head
     * @param nrReferences references that there should be
     * @return whether it is so
     */
    public boolean isIdle(long head, int nrReferences) {
        return !folios.isLocked(head) && References.count(head) == nrReferences;
    }

    private long frame(long head, long page) {
        return arena.frameOf(head) + page * Geometry.PAGE_BYTES;
    }
}
