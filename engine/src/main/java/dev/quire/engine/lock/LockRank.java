/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

/**
 * Ranks of locks, outermost first: a thread may wait for a lock only while all it holds rank before it. Taking one that
 * is free, without waiting, is allowed in any order.
 */
public enum LockRank {
    /** Lock of who lets go of a cached file that nobody has open any more, or syncs it with all others. */
    FILE_RELEASE,
    /** Lock of the table of cached files. */
    FILE_TABLE,
    /** Lock of one file for writes and changes of its size and holes (i_rwsem). */
    INODE,
    /** Lock of the memory map of one process, or of one mapping of a file (mmap_lock, the lock of a vm_area_struct). */
    MEMORY_MAP,
    /** Lock of guest memory that keeps its pages from being converted (invalidate_lock); held shared by faults. */
    INVALIDATE,
    /** Lock of one file that keeps bytes that are written back and cuts apart; held shared by who writes back. */
    WRITEBACK,
    /** Lock of one file that is being made to keep what was written to it (fsync). */
    FILE_SYNC,
    /** Lock of an address space for changes of its size and holes. */
    RESIZE,
    /** Lock bit of a folio; the only rank of which a thread may hold several (taken in order of their index). */
    FOLIO,
    /** Lock of who waits for the end of writeback, or ends it while others wait. */
    WRITEBACK_END,
    /** Lock that keeps the swap area turned on; held shared by who takes slots. */
    SWAP_AREA,
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
