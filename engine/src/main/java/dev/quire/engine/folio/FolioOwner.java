/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;

/** What a splitter must know of the address space that owns a page-cache folio. */
public interface FolioOwner {
    /**
     * Address of the owner's struct, which is the mapping word of its folios.
     *
     * @return an address
     */
    long address();

    /**
     * The index of the owner's folios.
     *
     * @return the array, keyed by page index
     */
    XArray index();

    /**
     * The cursor of whoever holds the lock of {@link #index}; touched by nobody else.
     *
     * @return the cursor, with no spare nodes
     */
    XaCursor lockedCursor();

    /**
     * Notes under the index lock that the index now holds more or fewer pages.
     *
     * @param nrPages difference in pages
     */
    void addNrPages(long nrPages);

    /**
     * Smallest order that the owner's folios may have.
     *
     * @return log2 pages
     */
    int minimumOrder();

    /**
     * First index beyond what the owner keeps: the end of the file, or of what was allocated beyond it on purpose.
     * Folios that a split leaves there are dropped.
     *
     * @return index in pages, rounded up
     */
    long endIndex();

    /**
     * Notes that a split has dropped pages beyond the end of shared memory, whose owner pays for each. Called without
     * the index lock, while the folio lock still keeps the owner from going away.
     *
     * @param nrPages number of pages
     */
    void uncharge(long nrPages);

    /**
     * Whether the owner is closed, or being closed: then no region may show its pages any more. Lookups are refused by
     * the index, which an owner closes ({@link XArray#handOver}) a grace period before it gives its struct up. One that
     * lives as long as the engine need not say.
     *
     * @return true once it is
     */
    default boolean isClosed() {
        return false;
    }
}
