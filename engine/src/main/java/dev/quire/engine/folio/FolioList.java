/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageStruct;

/**
 * Folios that one caller holds, in order, each with a reference that belongs to the list: what a split makes for a
 * caller that asks for the pieces, and what is isolated from the LRU lists.
 *
 * <p>Chained through the link that a folio has for the LRU lists, so a folio is on one or the other. Nothing is
 * allocated. For one thread at a time.
 */
public final class FolioList {
    private static final long NONE = 0;

    private long first = NONE;
    private long last = NONE;
    private long nrFolios;

    /** Makes an empty list. */
    public FolioList() {}

    /**
     * Takes the first folio off the list.
     *
     * @return handle of its head, with the list's reference, which is the caller's from now on; 0 if the list is empty
     */
    public long poll() {
        long folio = first;
        if (folio != NONE) {
            first = PageStruct.listNext(folio);
            nrFolios--;
            ListHead.initialise(PageStruct.list(folio));
        }
        return folio;
    }

    /**
     * Folios on the list.
     *
     * @return number of folios
     */
    public long size() {
        return nrFolios;
    }

    /**
     * Appends a folio.
     *
     * @param folio head of a folio that is on no list, neither of these nor an LRU list, with a reference, which is the
     *     list's from now on
     */
    public void append(long folio) {
        PageStruct.listNext(folio, NONE);
        if (first == NONE) {
            first = folio;
        } else {
            PageStruct.listNext(last, folio);
        }
        last = folio;
        nrFolios++;
    }
}
