/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The locks of the engine and the order in which they may be taken: invalidate lock, folio lock, mapping lock, reverse-map
 * lock, page-table locks, index lock, swap lock, LRU lock, lock of the deferred-split queue, zone lock (outer to inner).
 *
 * <p>{@link dev.quire.engine.lock.SpinLock} guards short sections on an off-heap word;
 * {@link dev.quire.engine.lock.FolioLock} is the lock bit in a folio's flags, which may be held long and lets waiters
 * sleep; {@link dev.quire.engine.lock.LockOrder} finds wrong order at run time in debug mode. Comments cite the invariants of
 * docs/memory-model.md by number (I6 to I11).
 */
@NullMarked
package dev.quire.engine.lock;

import org.jspecify.annotations.NullMarked;
