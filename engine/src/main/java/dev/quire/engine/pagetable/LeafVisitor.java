/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** Sees the leaves of page tables one by one. */
@FunctionalInterface
public interface LeafVisitor {
    /**
     * Sees one leaf or migration entry. Called inside a read section: must not wait for a grace period.
     *
     * @param address first virtual address that it maps
     * @param order log2 pages that it maps
     * @param entry the entry, see {@link PageTableEntry}; may have changed since
     */
    void visit(long address, int order, long entry);
}
