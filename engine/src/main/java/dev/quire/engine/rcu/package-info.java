/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Read-copy-update: readers that take no lock and write no shared cache line, and memory that is reused only after
 * every reader that could still see it has left.
 *
 * <p>A thread registers an {@link dev.quire.engine.rcu.RcuReader} and brackets its reads with {@code enter} and
 * {@code exit}. Writers unlink objects and hand them to an {@link dev.quire.engine.rcu.RcuQueue}; a grace period later
 * the queue's reclaimer gets them back. There is no background thread: writers drive grace periods as they retire
 * objects.
 *
 * <p>The scheme is that of liburcu's memb flavour: a reader's entry is a store without a hardware fence, and the writer
 * makes up for it with membarrier(2). Where membarrier is missing, every entry has a full fence instead. Comments cite
 * the invariants of docs/memory-model.md by number (I1 to I5).
 */
@NullMarked
package dev.quire.engine.rcu;

import org.jspecify.annotations.NullMarked;
