/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Page tables of simulated processes, the way back from a folio to its mappings, and walks that pin pages without a
 * lock (mm/memory.c, mm/rmap.c, mm/huge_memory.c, mm/gup.c, mm/migrate.c and mm/mremap.c of the kernel, as far as
 * splits and merges of folios need them).
 *
 * <p>{@link dev.quire.engine.pagetable.PageTables} is one process, {@link dev.quire.engine.pagetable.Region} a range of
 * its addresses, {@link dev.quire.engine.pagetable.AnonVma} an owner of anonymous memory,
 * {@link dev.quire.engine.pagetable.AnonymousMemory} a process whose system calls and faults fill and change its
 * tables, {@link dev.quire.engine.pagetable.PageWalker} one thread's lock-free way through the tables. Splits and
 * merges see all of it as {@link dev.quire.engine.folio.FolioMappers}.
 *
 * <p>Locks, outer to inner: memory map of one process, folio lock, list of regions, upper levels of one process, one
 * lowest-level table. Comments cite the invariants of docs/memory-model.md by number (I16, I17, I21).
 */
@NullMarked
package dev.quire.engine.pagetable;

import org.jspecify.annotations.NullMarked;
