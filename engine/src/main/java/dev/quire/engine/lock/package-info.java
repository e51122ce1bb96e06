/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The locks of the engine and the order in which they may be taken, {@link dev.quire.engine.lock.LockRank}: those of
 * files and processes, the folio lock, those of page tables, and the spin locks of index, swap table, lists and zone
 * (outer to inner).
 *
 * <p>{@link dev.quire.engine.lock.SpinLock} guards short sections on an off-heap word;
 * {@link dev.quire.engine.lock.FolioLock} is the lock bit in a folio's flags, which may be held long and lets waiters
 * sleep; {@link dev.quire.engine.lock.RankedLock} and {@link dev.quire.engine.lock.RankedReadWriteLock} are on the
 * heap, one per file, address space, process or list of regions, or, for the table of files and the swap area, one per
 * engine; {@link dev.quire.engine.lock.LockOrder} finds wrong order at run time in debug mode. Comments
 * cite the invariants of docs/memory-model.md by number (I6 to I11).
 */
@NullMarked
package dev.quire.engine.lock;

import org.jspecify.annotations.NullMarked;
