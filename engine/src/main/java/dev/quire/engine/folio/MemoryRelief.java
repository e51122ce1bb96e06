/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** A part of the engine that can give memory back when another has none (struct shrinker). */
@FunctionalInterface
public interface MemoryRelief {
    /**
     * Gives memory back: as much as is wanted, or more, or all that there is to give. Blocks, and need not wait for readers: who asks
     * does. Takes no lock that ranks before {@link dev.quire.engine.lock.LockRank#WRITEBACK} but by trying.
     *
     * @param nrPages pages that are wanted, at least 1
     * @return whether there may be more free memory once readers have left their sections; false if nothing could be
     *     given
     */
    boolean relieve(long nrPages);
}
