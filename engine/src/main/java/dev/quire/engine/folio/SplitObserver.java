/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/**
 * Told of every split, for measuring and checking. Called by the splitting thread, which holds no lock but its
 * caller's. Of a split that is part of a restructuring ({@link FolioRestructurer}) it is told while the thread holds
 * the lock of the owner's index, and others wait for the folios: then it must be quick, and take no lock of rank
 * {@code INDEX} or before.
 *
 * <p>What it throws comes through to who asked for the split. Thrown by {@link #begin}, nothing has changed. Thrown by
 * {@link #split}, the split is over, done or refused as the result says, and locks and references are as it leaves
 * them. Of what it throws in a restructuring, the first comes through once all of that is done, and all folios can be
 * had again; it is told of the rest all the same.
 */
@FunctionalInterface
public interface SplitObserver {
    /**
     * A split begins: nothing has been checked yet but that the folio is locked, and nothing changed. {@link #split}
     * follows on the same thread, unless this or the split throws or its policy leaves the folio whole. In a
     * restructuring the folio is frozen, and it is split whatever this throws.
     *
     * @param folio head of the folio
     */
    default void begin(long folio) {}

    /**
     * A split ended.
     *
     * @param order order of the folio before, log2 pages
     * @param nrPieces folios it became; 1 if it failed
     * @param result 0, or a negated error number of {@link dev.quire.engine.memory.Errno}
     * @param nanos how long it took, in nanoseconds; that of a restructuring from the start of that
     * @param frozenNanos how long of it the folio was frozen: nobody could take a reference to any of its pages; 0 if
     *     it failed
     */
    void split(int order, long nrPieces, int result, long nanos, long frozenNanos);
}
