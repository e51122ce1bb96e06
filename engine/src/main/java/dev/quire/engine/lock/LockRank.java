/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

/** Ranks of locks, outermost first: a thread may take a lock only while all it holds rank before it. */
public enum LockRank {
    /** Lock of the memory map of one process (mmap_lock). */
    MEMORY_MAP,
    /** Lock of guest memory that keeps its pages from being converted (invalidate_lock); held shared by faults. */
    INVALIDATE,
    /** Lock bit of a folio; the only rank of which a thread may hold several (taken in order of their index). */
    FOLIO,
    /** Lock of an address space. */
    MAPPING,
    /** Lock of the list of regions that may map the folios of one owner (i_mmap_rwsem, anon_vma lock). */
    REVERSE_MAP,
    /** Lock of the upper levels of one process's page tables (page_table_lock). */
    PROCESS_TABLES,
    /** Lock of one lowest-level page table. */
    PAGE_TABLE,
    /** Lock of an index. */
    INDEX,
    /** Lock of the swap table. */
    SWAP,
    /** Lock of the LRU lists. */
    LRU,
    /** Lock of the deferred-split queue. */
    DEFERRED_SPLIT,
    /** Lock of a zone. */
    ZONE
}
