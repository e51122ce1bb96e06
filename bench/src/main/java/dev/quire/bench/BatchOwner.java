/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.mapping.FolioVisitor;

/** What the folios of a batch belong to while they are split. For one thread. */
interface BatchOwner extends AutoCloseable {
    /**
     * Takes a new folio, to which the caller keeps a reference.
     *
     * @param folio head of a folio that belongs to nobody
     * @param index offset of its first page among the owner's, in pages
     * @return 0, or an error number
     */
    int add(long folio, long index);

    /** Whether a piece of two pages is possible; otherwise such a piece is cut into pages. */
    boolean allowsOrder1();

    /**
     * Shows all folios in the order of their indices, after checking that the owner's pages lead to them.
     *
     * @param visitor sees each
     */
    void forEachFolio(FolioVisitor visitor);

    /** Gives all folios up. */
    void dropAll();

    @Override
    void close();
}
