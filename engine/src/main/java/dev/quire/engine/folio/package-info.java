/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Folios: allocation, references, the lock, the way from a page to its folio, and splitting.
 *
 * <p>{@link dev.quire.engine.folio.Folios} has the basic operations, {@link dev.quire.engine.folio.HeadMap} finds the
 * head of a page, a {@link dev.quire.engine.folio.SplitPolicy} says how a folio is cut, and
 * {@link dev.quire.engine.folio.FolioSplitter} cuts it together with its entry in the index; {@link
 * dev.quire.engine.folio.SplitStages} shows beforehand what comes of it.
 *
 * <p>{@link dev.quire.engine.folio.FolioAccounting} is what the engine keeps about folios beside their page structs:
 * LRU lists, memory groups, the deferred-split queue, counters. {@link dev.quire.engine.folio.SwapTable} is the swap
 * cache. {@link dev.quire.engine.folio.FolioMappers} is how a split reaches page tables.
 *
 * <p>A folio's handle is the address of its head's page struct. Locks, outer to inner: folio lock, index lock, swap
 * lock, LRU lock, lock of the deferred-split queue, zone lock. The kernel's counterparts are mm/huge_memory.c
 * (splitting), the LRU part of mm/vmscan.c, the swap cache of mm/swap_state.c, and the page-flags and page-ref parts of
 * mm.
 */
@NullMarked
package dev.quire.engine.folio;

import org.jspecify.annotations.NullMarked;
