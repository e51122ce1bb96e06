/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The XArray: a sparse array of words indexed by 64-bit numbers, kept off-heap as a tree of 64-slot nodes, in which one
 * entry may cover any naturally aligned power of two of indices (lib/xarray.c).
 *
 * <p>{@link dev.quire.engine.xarray.XArray} is the normal API: one call, one result, locking inside.
 * {@link dev.quire.engine.xarray.XaCursor} is the advanced API: a position that is walked, stored through and split
 * through, with the locking left to the caller. {@link dev.quire.engine.xarray.XaEntry} knows what the words mean, and
 * {@link dev.quire.engine.xarray.SplitPlan} says how a large entry is cut. {@link dev.quire.engine.xarray.XaValueNodes}
 * lists the nodes that hold nothing but values, to give them up.
 *
 * <p>Readers take no lock and write nothing shared: they run in a read section, load the head and the slots with
 * acquire, and start over when they meet a retry word. Writers hold the array's lock, publish with release stores, and
 * hand nodes they cut off to the {@link dev.quire.engine.xarray.XaNodePool}, which reuses them after a grace period.
 * The lock of an array has rank {@link dev.quire.engine.lock.LockRank#INDEX}; nothing in this package takes another.
 */
@NullMarked
package dev.quire.engine.xarray;

import org.jspecify.annotations.NullMarked;
