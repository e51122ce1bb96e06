/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

/** Sees the folios of an address space one by one. */
@FunctionalInterface
public interface FolioVisitor {
    /**
     * Sees one folio.
     *
     * @param startIndex offset of its first page in the file, in pages
     * @param order log2 pages
     * @param folio handle of its head; pinned until the call returns
     */
    void visit(long startIndex, int order, long folio);
}
