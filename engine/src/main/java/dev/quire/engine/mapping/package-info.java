/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Address spaces, folios found by their offset in a file; and the page cache, which makes them the bytes of real files.
 *
 * <p>{@link dev.quire.engine.mapping.AddressSpace} owns folios through its index and truncates them;
 * {@link dev.quire.engine.mapping.FolioLookup} is how readers find and pin them without a lock.
 *
 * <p>{@link dev.quire.engine.mapping.PageCache} opens files, {@link dev.quire.engine.mapping.OpenFile} is one thread's
 * way to read, write and cut one, {@link dev.quire.engine.mapping.FolioView} shows its bytes in place,
 * {@link dev.quire.engine.mapping.FileMapping} shows its pages in page tables, and
 * {@link dev.quire.engine.mapping.BackingFile} is what lies below. {@link dev.quire.engine.mapping.SharedMemory} is
 * used in the same way; its bytes are in memory and in a {@link dev.quire.engine.mapping.SwapArea}. Locks, outer to
 * inner: release lock, table lock, inode lock, writeback lock, sync lock, resize lock, folio lock, lock of the swap
 * area, index lock, swap lock. Comments cite the invariants of docs/memory-model.md by number (I22).
 *
 * <p>The kernel's counterparts are mm/filemap.c, mm/truncate.c, mm/readahead.c, mm/page-writeback.c, mm/shmem.c,
 * mm/page_io.c and the part of mm/vmscan.c that takes folios of files and shared memory.
 */
@NullMarked
package dev.quire.engine.mapping;

import org.jspecify.annotations.NullMarked;
