/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** Throws when it is told of splits: of all from one on, as they begin or as they end. For one thread. */
public final class ThrowingObserver implements SplitObserver {
    private final boolean atBegin;
    private int nrCallsLeft = Integer.MAX_VALUE;
    private int nrThrown;

    /** @param atBegin whether as they begin */
    public ThrowingObserver(boolean atBegin) {
        this.atBegin = atBegin;
    }

    /**
     * Throws from now on.
     *
     * @param nrSplits splits before the first of which it does
     */
    public void throwAfter(int nrSplits) {
        nrCallsLeft = nrSplits;
    }

    /** Throws no more. */
    public void stop() {
        nrCallsLeft = Integer.MAX_VALUE;
    }

    /** How many times it has thrown: each time that as a message. */
    public int nrThrown() {
        return nrThrown;
    }

    @Override
    public void begin(long folio) {
        call(atBegin);
    }

    @Override
    public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        call(!atBegin);
    }

    private void call(boolean counts) {
        if (!counts || nrCallsLeft == Integer.MAX_VALUE) {
            return;
        }
        if (nrCallsLeft > 0) {
            nrCallsLeft--;
            return;
        }
        nrThrown++;
        throw new IllegalStateException(Integer.toString(nrThrown));
    }
}
