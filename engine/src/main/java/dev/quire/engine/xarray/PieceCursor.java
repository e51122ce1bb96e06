/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/**
 * Goes over the pieces of a {@link SplitPlan} in the order of their addresses, whatever run they are in. It starts at
 * the first piece: {@code while (piece.next())} visits the others, {@code do ... while (piece.next())} all.
 *
 * <p>A plan has one, so that walking allocates nothing. Not thread-safe; worth nothing once the plan changes.
 */
public final class PieceCursor {
    private final SplitPlan plan;
    private int run;
    private int order;
    private long offset;

    /** Pieces of the run from this one on, unsigned. */
    private long nrLeftInRun;

    PieceCursor(SplitPlan plan) {
        this.plan = plan;
    }

    void toFirst() {
        offset = 0;
        beginRun(0);
    }

    private void beginRun(int newRun) {
        order = plan.runOrder(newRun);
        nrLeftInRun = plan.runCount(newRun);
        run = newRun;
    }

    /**
     * Goes to the next piece. Constant time.
     *
     * @return false if there is none; then it stays where it is
     */
    public boolean next() {
        long nrUnits = 1L << order;
        if (nrLeftInRun != 1) {
            nrLeftInRun--;
        } else if (run + 1 < plan.nrRuns()) {
            beginRun(run + 1);
        } else {
            return false;
        }
        offset += nrUnits;
        return true;
    }

    /** {@return where the piece begins, in units from the start of what is cut, unsigned} */
    public long offset() {
        return offset;
    }

    /** {@return log2 of the piece} */
    public int order() {
        return order;
    }
}
