/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import java.util.Arrays;
import java.util.Objects;

/**
 * How a naturally aligned entry or block of order {@code n} is cut into naturally aligned pieces: runs of equal pieces
 * in the order of their addresses. Written {@code 1,0,0,2,3} for pieces of 2, 1, 1, 4 and 8 units, and {@code 512x9}
 * for 512 pieces of order 9.
 *
 * <p>A plan is filled anew for each split and then only read; it allocates memory only when it gets more runs than it
 * ever had. Not thread-safe.
 */
public final class SplitPlan {
    /** Largest order of what is cut. */
    public static final int MAX_ORDER = 63;

    private static final int INITIAL_RUNS = 128;
    private static final int LONG_RUN = 4;

    private int order;
    private int nrRuns;
    private long nrUnits;
    private long nrPieces;

    /** Bit k set if some piece has order k. */
    private long pieceOrders;

    /** Nodes that cutting an entry by the runs so far takes. */
    private long nrNodes;

    private byte[] runOrders = new byte[INITIAL_RUNS];
    private long[] runCounts = new long[INITIAL_RUNS];

    private final PieceCursor pieces = new PieceCursor(this);

    /** Makes an empty plan of order 0. */
    public SplitPlan() {}

    /**
     * Makes an empty plan.
     *
     * @param order log2 of what is cut, 0 to {@link #MAX_ORDER}
     * @throws IllegalArgumentException if the order is out of range
     */
    public SplitPlan(int order) {
        reset(order);
    }

    /**
     * Makes the plan that cuts into equal pieces.
     *
     * @param order log2 of what is cut, 0 to {@link #MAX_ORDER}
     * @param newOrder log2 of the pieces, 0 to {@code order}
     * @return a complete plan
     * @throws IllegalArgumentException if an order is out of range
     */
    public static SplitPlan uniform(int order, int newOrder) {
        SplitPlan plan = new SplitPlan(order);
        plan.resetUniform(order, newOrder);
        return plan;
    }

    /**
     * Forgets all pieces.
     *
     * @param order log2 of what is cut, 0 to {@link #MAX_ORDER}
     * @throws IllegalArgumentException if the order is out of range; then nothing has changed
     */
    public void reset(int order) {
        XaArguments.requireOrder("order", order, MAX_ORDER);
        this.order = order;
        nrRuns = 0;
        nrUnits = 0;
        nrPieces = 0;
        pieceOrders = 0;
        nrNodes = 0;
    }

    /**
     * Becomes the plan that cuts into equal pieces.
     *
     * @param order log2 of what is cut, 0 to {@link #MAX_ORDER}
     * @param newOrder log2 of the pieces, 0 to {@code order}
     * @throws IllegalArgumentException if an order is out of range; then nothing has changed
     */
    public void resetUniform(int order, int newOrder) {
        XaArguments.requireOrder("order", order, MAX_ORDER);
        XaArguments.requireOrder("newOrder", newOrder, order);
        reset(order);
        append(newOrder, 1L << (order - newOrder));
    }

    /**
     * Becomes what another plan says of a block: the pieces that lie in it, or the block as one piece if it lies in a
     * larger one or is one. Takes time in proportion to the runs of the other plan.
     *
     * @param whole a complete plan; another than this
     * @param start first unit of the block, a multiple of its size
     * @param partOrder log2 of the block, 0 to the order of the other plan
     * @throws IllegalArgumentException if the other plan is this one or not complete, or there is no such block; then
     *     nothing has changed
     */
    public void resetToPart(SplitPlan whole, long start, int partOrder) {
        whole.requireComplete();
        XaArguments.requireOrder("partOrder", partOrder, whole.order);
        boolean isBlock = (start & ((1L << partOrder) - 1)) == 0 && Long.compareUnsigned(start, 1L << whole.order) < 0;
        if (whole == this || !isBlock) {
            throw new IllegalArgumentException("no block of another plan: start=" + Long.toUnsignedString(start)
                    + ", partOrder=" + partOrder + ", order=" + whole.order + ", isOther=" + (whole != this));
        }
        if (partOrder == whole.order) {
            copy(whole);
            return;
        }
        reset(partOrder);
        long runStart = 0;
        for (int run = 0; !isComplete(); run++) {
            long runEnd = runStart + whole.runUnits(run);
            if (Long.compareUnsigned(runEnd, start) > 0) {
                int pieceOrder = Math.min(whole.runOrder(run), partOrder);
                long from = Long.compareUnsigned(runStart, start) > 0 ? runStart : start;
                long room = ((1L << partOrder) - nrUnits) >>> pieceOrder;
                long count = (runEnd - from) >>> pieceOrder;
                append(pieceOrder, Long.compareUnsigned(count, room) < 0 ? count : room);
            }
            runStart = runEnd;
        }
    }

    /**
     * Becomes the same as another plan, run by run: each is checked again, so that this is a plan, complete or not,
     * also if somebody changes the other one meanwhile.
     *
     * @param other another plan than this
     * @throws IllegalArgumentException if the other plan is this one; then nothing has changed. Or if it has changed
     *     meanwhile, in a way that shows; then this has some runs of it
     * @throws IndexOutOfBoundsException likewise
     */
    public void resetTo(SplitPlan other) {
        if (other == this) {
            throw new IllegalArgumentException("not another plan: plan=" + this);
        }
        reset(other.order);
        int nrRunsOfOther = other.nrRuns;
        for (int run = 0; run < nrRunsOfOther; run++) {
            append(other.runOrder(run), other.runCount(run));
        }
    }

    private void copy(SplitPlan whole) {
        order = whole.order;
        nrRuns = whole.nrRuns;
        nrUnits = whole.nrUnits;
        nrPieces = whole.nrPieces;
        pieceOrders = whole.pieceOrders;
        nrNodes = whole.nrNodes;
        if (nrRuns > runOrders.length) {
            runOrders = new byte[whole.runOrders.length];
            runCounts = new long[whole.runCounts.length];
        }
        System.arraycopy(whole.runOrders, 0, runOrders, 0, nrRuns);
        System.arraycopy(whole.runCounts, 0, runCounts, 0, nrRuns);
    }

    /**
     * Adds equal pieces after those the plan has. They are merged with the run before them if that has the same order.
     *
     * @param pieceOrder log2 of each piece, 0 to the plan's order
     * @param count number of pieces, at least 1 (2^63 is written {@code Long.MIN_VALUE})
     * @throws IllegalArgumentException if the order is out of range, or the first piece would not be aligned to its own
     *     size, or the pieces would not fit; then nothing has changed
     */
    public void append(int pieceOrder, long count) {
        XaArguments.requireOrder("pieceOrder", pieceOrder, order);
        if ((nrUnits & ((1L << pieceOrder) - 1)) != 0) {
            throw new IllegalArgumentException(
                    "piece not aligned: offset=" + Long.toUnsignedString(nrUnits) + ", pieceOrder=" + pieceOrder);
        }
        long room = ((1L << order) - nrUnits) >>> pieceOrder;
        if (count == 0 || Long.compareUnsigned(count, room) > 0) {
            throw new IllegalArgumentException("count out of range: count=" + Long.toUnsignedString(count)
                    + ", pieceOrder=" + pieceOrder + ", max=" + Long.toUnsignedString(room));
        }
        nrNodes += nrNodesStartedBy(pieceOrder, count);
        if (nrRuns > 0 && runOrders[nrRuns - 1] == pieceOrder) {
            runCounts[nrRuns - 1] += count;
        } else {
            addRun(pieceOrder, count);
        }
        nrUnits += count << pieceOrder;
        nrPieces += count;
        pieceOrders |= 1L << pieceOrder;
    }

    /**
     * Counts the blocks, at every level of the index up to the entry's, that the pieces are smaller than: each is a
     * node. The first at each level is counted already if the pieces before these reach into it.
     */
    private long nrNodesStartedBy(int pieceOrder, long count) {
        int topLevel = order - order % XaWalk.LEVEL_BITS;
        long last = nrUnits + (count << pieceOrder) - 1;
        long nrBlocks = 0;
        int level = pieceOrder - pieceOrder % XaWalk.LEVEL_BITS + XaWalk.LEVEL_BITS;
        for (; level <= topLevel; level += XaWalk.LEVEL_BITS) {
            long firstBlock = nrUnits >>> level;
            boolean isCounted = nrUnits != 0 && (nrUnits - 1) >>> level == firstBlock;
            nrBlocks += (last >>> level) - firstBlock + (isCounted ? 0 : 1);
        }
        return nrBlocks;
    }

    private void addRun(int pieceOrder, long count) {
        if (nrRuns == runOrders.length) {
            runOrders = Arrays.copyOf(runOrders, 2 * nrRuns);
            runCounts = Arrays.copyOf(runCounts, 2 * nrRuns);
        }
        runOrders[nrRuns] = (byte) pieceOrder;
        runCounts[nrRuns] = count;
        nrRuns++;
    }

    /** {@return log2 of what is cut} */
    public int order() {
        return order;
    }

    /** {@return the number of runs; neighbouring runs differ in order} */
    public int nrRuns() {
        return nrRuns;
    }

    /**
     * Log2 of the pieces of a run.
     *
     * @param run 0 to {@code nrRuns() - 1}
     * @return 0 to {@link #order()}
     * @throws IndexOutOfBoundsException if there is no such run
     */
    public int runOrder(int run) {
        return runOrders[Objects.checkIndex(run, nrRuns)];
    }

    /**
     * Number of pieces of a run, unsigned.
     *
     * @param run 0 to {@code nrRuns() - 1}
     * @return at least 1
     * @throws IndexOutOfBoundsException if there is no such run
     */
    public long runCount(int run) {
        return runCounts[Objects.checkIndex(run, nrRuns)];
    }

    /**
     * Units that the pieces of a run cover together, unsigned.
     *
     * @param run 0 to {@code nrRuns() - 1}
     * @return at least 1
     * @throws IndexOutOfBoundsException if there is no such run
     */
    public long runUnits(int run) {
        return runCount(run) << runOrder(run);
    }

    /**
     * Order of the piece that holds a unit. Takes time in proportion to the runs.
     *
     * @param unit 0 up to the size of what is cut, unsigned
     * @return log2 of the piece
     * @throws IndexOutOfBoundsException if no piece holds it
     */
    public int orderAt(long unit) {
        int run = 0;
        long runEnd = runUnits(run);
        while (Long.compareUnsigned(unit, runEnd) >= 0) {
            run++;
            runEnd += runUnits(run);
        }
        return runOrder(run);
    }

    /**
     * Starts going over the pieces one by one, which ends the last such walk over this plan.
     *
     * @return the plan's only cursor, at the first piece
     * @throws IndexOutOfBoundsException if there are no pieces
     */
    public PieceCursor firstPiece() {
        pieces.toFirst();
        return pieces;
    }

    /** {@return the number of pieces, unsigned} */
    public long nrPieces() {
        return nrPieces;
    }

    /** {@return the orders of the pieces: bit k set if some piece has order k} */
    public long pieceOrders() {
        return pieceOrders;
    }

    /** Index nodes that cutting an entry by this plan takes; Integer.MAX_VALUE if there are more. */
    int nrNodesNeeded() {
        return (int) Math.min(nrNodes, Integer.MAX_VALUE);
    }

    /** Where the last piece of a complete plan begins. */
    long offsetOfLastPiece() {
        return (1L << order) - (1L << runOrders[nrRuns - 1]);
    }

    /** {@return whether the pieces cover all of what is cut} */
    public boolean isComplete() {
        return nrUnits == 1L << order;
    }

    /**
     * Checks that the pieces cover all of what is cut.
     *
     * @throws IllegalArgumentException if some of it is left over
     */
    public void requireComplete() {
        if (!isComplete()) {
            throw new IllegalArgumentException("plan not complete: covered=" + Long.toUnsignedString(nrUnits)
                    + ", want=" + Long.toUnsignedString(1L << order) + ", plan=" + this);
        }
    }

    /** The orders of the pieces, comma separated; runs of more than 3 pieces as {@code COUNTxORDER}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int run = 0; run < nrRuns; run++) {
            appendRun(text, runOrders[run], runCounts[run]);
        }
        return text.toString();
    }

    private static void appendRun(StringBuilder text, int pieceOrder, long count) {
        boolean isLong = Long.compareUnsigned(count, LONG_RUN) >= 0;
        for (long i = 0; i < (isLong ? 1 : count); i++) {
            text.append(text.isEmpty() ? "" : ",");
            text.append(isLong ? Long.toUnsignedString(count) + "x" : "").append(pieceOrder);
        }
    }
}
