/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Alarm;
import dev.quire.stress.GuardedState;
import dev.quire.stress.PinCheck;
import java.util.function.LongToIntFunction;

/**
 * The 8 pages of the file of a {@link SharedEngine} that one state has for itself. They are cached in one folio of
 * order 3, or in pieces: folios over pages 0-1, 2, 3 and 4-7. Only the file holds references to them.
 */
final class PageRange extends GuardedState {
    /** Log2 pages. */
    static final int ORDER = 3;

    /** Result of a writer that could not pin the folio it meant to change, because that was frozen. */
    static final int REFUSED = 1;

    /** Added to what a reader pinned if it came while the folio of the first page was frozen. */
    static final int CAME_FROZEN = 10;

    /** Result of a split of a folio that was smaller already. */
    static final int SMALLER = 2;

    /** Added to a result if the folio was locked when the thread came. */
    static final int CAME_LOCKED = 10;

    /** Added to a result if the thread slept on although the lock was free. */
    static final int OVERSLEPT = 100;

    private static final int UNIFORM_ORDER = 2;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int PIECES_AROUND = 2;

    private final SharedEngine owner;
    private final Quire quire;
    private final Folios folios;
    private final PinCheck check;
    private final long firstIndex;

    /** Handle of the first page. */
    private final long first;

    /** The page that the reader looks for: all of them in turn. */
    private final int readPage;

    /** Caches one folio. */
    PageRange(SharedEngine owner) {
        super(owner.slots.tryTake());
        this.owner = owner;
        quire = owner.quire;
        folios = quire.folios();
        check = owner.check;
        firstIndex = (long) slot() << ORDER;
        readPage = slot() & (NR_PAGES - 1);
        first = guardHandle(this::cache);
    }

    private long cache() {
        long folio = owner.allocate();
        check.stamp(folio, stampOf(0));
        int result = owner.file.add(folio, firstIndex);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot cache the folio: result=" + Errno.name(result));
        }
        folios.unpin(folio);
        return folio;
    }

    /** Caches the pieces. */
    static PageRange inPieces(SharedEngine owner) {
        PageRange range = new PageRange(owner);
        if (range.split(PIECES_AROUND) != Errno.OK) {
            range.giveUp();
        }
        return range;
    }

    /** Handle of the first page. */
    long first() {
        return first;
    }

    /** Index of the page that the reader looks for. */
    long readIndex() {
        return firstIndex + readPage;
    }

    // ---- what readers do

    /** Pins the folio of the reader's page by its index, and lets go of it; see {@link PinCheck#inspectAndUnpin}. */
    int lookUp() {
        return guard(() -> {
            int cameFrozen = isFrozen() ? CAME_FROZEN : 0;
            return inspectAndUnpin(owner.lookup.pin(readIndex())) + cameFrozen;
        });
    }

    /** Pins the folio of the reader's page by the page itself, and lets go of it. */
    int pinFolioOfPage() {
        return guard(() -> inspectAndUnpin(folios.tryPinFolioOf(pageAt(readPage))));
    }

    /** Looks at what a reader has pinned that asked for its page, and lets go of it. */
    int inspectAndUnpin(long head) {
        return check.inspectAndUnpin(head, readIndex(), stampOf(readPage));
    }

    /** Whether the folio of the first page is frozen. */
    boolean isFrozen() {
        return References.count(first) == 0;
    }

    // ---- what writers do, each with a reference of its own

    /**
     * Splits the folio that holds a page, to order 0 around it; 0, an error number, {@link #REFUSED} or {@link
     * #BROKEN}.
     */
    int split(int page) {
        return change(page, folio -> quire.splitter().splitNonUniform(folio, pageAt(page), 0));
    }

    /** Merges the whole range; 0, an error number, {@link #REFUSED} or {@link #BROKEN}. */
    int merge() {
        return change(0, folio -> quire.merger().merge(folio, ORDER));
    }

    /** Pins and locks the folio that holds a page, and changes it. */
    private int change(int page, LongToIntFunction change) {
        return guard(() -> {
            long folio = folios.tryPinFolioOf(pageAt(page));
            if (folio == 0) {
                return REFUSED;
            }
            folios.lock(folio);
            int result = change.applyAsInt(folio);
            folios.unlock(folio);
            folios.unpin(folio);
            return result;
        });
    }

    /** Pins the folio of the first page, for several threads together. */
    void pinFirst() {
        if (isBroken() || !folios.tryPin(first)) {
            giveUp();
        }
    }

    /** Lets go of the folio of the first page. */
    void unpinFirst() {
        guardAction(() -> folios.unpin(first));
    }

    /**
     * Splits the folio of the first page, which is pinned, as soon as nobody else has it locked: uniformly to order
     * 2, or to order 0 around its first page. 0, or {@link #SMALLER}, or {@link PinCheck#WRONG}, or {@link #BROKEN};
     * {@link #CAME_LOCKED} and {@link #OVERSLEPT} more.
     */
    int splitFirstWhenFree(boolean uniform, Alarm alarm) {
        return guard(() -> {
            int came = folios.isLocked(first) ? CAME_LOCKED : 0;
            alarm.beforeSleep(first);
            folios.lock(first);
            came += alarm.afterSleep() ? OVERSLEPT : 0;
            int result = uniform
                    ? quire.splitter().splitUniform(first, UNIFORM_ORDER)
                    : quire.splitter().splitNonUniform(first, first, 0);
            folios.unlock(first);
            return came + (result == Errno.EINVAL ? SMALLER : result == Errno.OK ? 0 : PinCheck.WRONG);
        });
    }

    /** Drops all that is cached. */
    void drop() {
        guardAction(() ->
                owner.file.punchHole(firstIndex << Geometry.PAGE_SHIFT, Geometry.bytesIn(ORDER), SplitPolicies.RANGE));
    }

    // ---- the end of the state

    /** Whether nothing is cached any more. */
    boolean isEmpty() {
        for (int page = 0; page < NR_PAGES; page++) {
            if (owner.folioAt(firstIndex + page) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Number of folios that the pages are cached in; 0 if something about them is not in order. */
    int nrFolios() {
        return isBroken() ? 0 : countFolios();
    }

    private int countFolios() {
        int nrFolios = 0;
        for (int page = 0; page < NR_PAGES; nrFolios++) {
            long head = pageAt(page);
            int order = folios.order(head);
            int end = page + (1 << order);
            if (end > NR_PAGES || !check.isIdle(head, 1 << order) || !areAllIn(head, page, end)) {
                return 0;
            }
            page = end;
        }
        return nrFolios;
    }

    /** Whether index and head map lead from all pages of a folio to it, and its bytes are theirs. */
    private boolean areAllIn(long head, int start, int end) {
        for (int page = start; page < end; page++) {
            int found = check.inspect(head, firstIndex + page, stampOf(page));
            boolean ownBytes = found == PinCheck.WHOLE || found == PinCheck.PIECE;
            if (!ownBytes || folios.headOf(pageAt(page)) != head || owner.folioAt(firstIndex + page) != head) {
                return false;
            }
        }
        return true;
    }

    /** Drops the pages and gives the range back; the number of folios that they were cached in, 0 if not in order. */
    int recycle() {
        int nrFolios = nrFolios();
        if (nrFolios > 0) {
            drop();
        }
        recycleSlot(owner.slots, nrFolios > 0);
        return isBroken() ? 0 : nrFolios;
    }

    /** The same, but returns what actors have seen, {@link PinCheck#WRONG} if not in order, or {@link #BROKEN}. */
    int recycle(int seen) {
        return verdict(seen, recycle() > 0);
    }

    /** Gives an empty range back. */
    void recycleEmpty() {
        recycleSlot(owner.slots, true);
    }

    /** Leaves everything as it is, for good. */
    void abandon() {
        recycleSlot(owner.slots, false);
    }

    private long pageAt(int page) {
        return first + (long) page * PageStruct.BYTES;
    }

    private long stampOf(int page) {
        return firstIndex + page + 1;
    }
}
