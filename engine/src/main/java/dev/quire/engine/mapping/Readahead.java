/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;

/**
 * Brings the pages of one open file into its address space as it is read: sequential reads get a window that runs ahead
 * of them and grows, in folios that grow with it, other reads get what they ask for (the scheme of the kernel's
 * on-demand readahead with large folios: a first window of up to four times the read, the next window started when the
 * reader enters the last one, folio orders that rise by two per window). The first window has folios as large as the
 * read allows, where the kernel begins with single pages, but also with a window of 128 KiB at most as a rule.
 *
 * <p>One object per open file, for one thread at a time; address spaces may be shared.
 */
public final class Readahead {
    private static final int ORDER_STEP = 2;
    private static final int MIN_LARGEST_WINDOW_PAGES = 32;

    private final AddressSpace space;
    private final int maximumOrder;
    private final long largestWindowPages;
    private long windowEnd;
    private long windowPages;
    private long nextWindowTrigger;
    private int order;
    private long previousEnd;

    /**
     * Starts reading a file.
     *
     * @param space the file's address space
     * @param maximumOrder log2 pages of the largest folio to make, 0 to 18; the largest window holds two of them, and
     *     never less than 32 pages, and is rounded up to the boundary of a folio
     * @throws IllegalArgumentException if the order is out of range
     */
    public Readahead(AddressSpace space, int maximumOrder) {
        this.space = space;
        this.maximumOrder = Geometry.requireOrder(maximumOrder);
        largestWindowPages = Math.max(MIN_LARGEST_WINDOW_PAGES, 2 * Geometry.pagesIn(maximumOrder));
    }

    /**
     * Makes sure that a range is cached, and perhaps what follows it. Never reads ahead beyond the end of the file.
     *
     * @param startIndex first page
     * @param nrPages number of pages, at least 1
     * @return 0, or ENOMEM if the range itself could not be cached
     * @throws IllegalArgumentException if the range is out of bounds; then nothing has changed
     * @throws IllegalStateException if the address space or the engine is closed
     */
    public int read(long startIndex, long nrPages) {
        FileRange.require("startIndex", startIndex, "nrPages", nrPages, FileRange.MAX_PAGES);
        long end = startIndex + nrPages;
        boolean sequential = isSequential(startIndex);
        previousEnd = end;
        if (sequential && end <= windowEnd) {
            if (end > nextWindowTrigger) {
                openNextWindow();
            }
        } else if (sequential) {
            openFirstWindow(startIndex, nrPages);
        }
        // What the window brought in is skipped; this fills what it did not reach and what a hole has taken away.
        return space.populate(startIndex, nrPages, Math.min(maximumOrder, Geometry.largestOrderIn(nrPages)));
    }

    /**
     * Notes a read of pages that are cached. True if it enters the last window: then {@link #read} brings the next one
     * in.
     */
    boolean isDue(long startIndex, long nrPages) {
        long end = startIndex + nrPages;
        boolean due = isSequential(startIndex) && end <= windowEnd && end > nextWindowTrigger;
        if (!due) {
            previousEnd = end;
        }
        return due;
    }

    /** Pages that one window has at most, but for what it is rounded up by. */
    long largestWindowPages() {
        return largestWindowPages;
    }

    private boolean isSequential(long startIndex) {
        return startIndex == 0 || startIndex == previousEnd || startIndex == previousEnd - 1;
    }

    private void openFirstWindow(long startIndex, long nrPages) {
        windowPages = Math.min(largestWindowPages, 4 * (1L << Geometry.largestOrderIn(2 * nrPages - 1)));
        order = Math.min(maximumOrder, Geometry.largestOrderIn(nrPages));
        openWindow(startIndex, startIndex + nrPages);
    }

    private void openNextWindow() {
        windowPages =
                Math.min(largestWindowPages, windowPages < largestWindowPages / 16 ? 4 * windowPages : 2 * windowPages);
        order = Math.min(maximumOrder, order + ORDER_STEP);
        openWindow(windowEnd, windowEnd);
    }

    private void openWindow(long start, long trigger) {
        nextWindowTrigger = trigger;
        // Up to a folio's boundary, or the next window would begin with a ladder of small folios.
        long alignedEnd = Geometry.alignDown(start + windowPages + Geometry.pagesIn(order) - 1, order);
        windowEnd = Math.min(alignedEnd, space.endIndex());
        // Running out of memory ahead of the reader is no failure: the read itself asks again.
        if (windowEnd > start && space.populate(start, windowEnd - start, order) != Errno.OK) {
            windowEnd = start;
        }
    }
}
