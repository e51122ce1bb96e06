/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.Arrays;

/**
 * What a cut has answered about the folios of some blocks, as runs of folios of one order that all change their
 * meaning, or all do not. It is asked while nothing is frozen; from then on this answers, so that a cut that would say
 * something else later, or throw, can leave no folio frozen.
 *
 * <p>One of a restructurer, used again and again. Takes memory in proportion to the runs, and allocates only when there
 * are more than ever. Not thread-safe.
 */
final class AnsweredCut implements FolioCut {
    private static final int INITIAL_RUNS = 64;
    private static final byte UNKNOWN = -1;

    private final byte[] stageOrders = new byte[Geometry.NR_ORDERS];
    private long[] starts = new long[INITIAL_RUNS];
    private long[] ends = new long[INITIAL_RUNS];
    private byte[] orders = new byte[INITIAL_RUNS];
    private boolean[] changed = new boolean[INITIAL_RUNS];
    private int nrRuns;

    /** Where the last question was answered: the next is about the same run or the one after it, most of the time. */
    private int lastRun;

    private long startOfLastBlock;
    private int firstOrder;
    private int lastOrder;

    /**
     * Forgets all answers but these about the first page and the last of a range, which hold where there is no folio.
     *
     * @param startOfLastBlock where the folio that should hold the last page starts
     */
    void begin(int firstOrder, long startOfLastBlock, int lastOrder) {
        this.firstOrder = firstOrder;
        this.startOfLastBlock = startOfLastBlock;
        this.lastOrder = lastOrder;
        nrRuns = 0;
        lastRun = 0;
        Arrays.fill(stageOrders, UNKNOWN);
    }

    /** Notes what so many folios of one order should be, after those noted before them. */
    void add(long startIndex, int order, long count, boolean changes) {
        long end = startIndex + (count << order);
        int last = nrRuns - 1;
        if (last >= 0 && ends[last] == startIndex && orders[last] == order && changed[last] == changes) {
            ends[last] = end;
            return;
        }
        if (nrRuns == starts.length) {
            starts = Arrays.copyOf(starts, 2 * nrRuns);
            ends = Arrays.copyOf(ends, 2 * nrRuns);
            orders = Arrays.copyOf(orders, 2 * nrRuns);
            changed = Arrays.copyOf(changed, 2 * nrRuns);
        }
        starts[nrRuns] = startIndex;
        ends[nrRuns] = end;
        orders[nrRuns] = (byte) order;
        changed[nrRuns] = changes;
        nrRuns++;
    }

    /**
     * Notes what a cut has planned for a folio, and asks it which pieces change: of those only that a stage leaves as
     * they are, as all others are split further, and concerned for that.
     */
    void addPieces(FolioCut cut, SplitPlan plan, long startIndex) {
        long stages = stagesFrom(plan.order());
        long start = startIndex;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int order = plan.runOrder(run);
            long end = start + plan.runUnits(run);
            if ((stages & Geometry.pagesIn(order)) == 0) {
                add(start, order, plan.runCount(run), false);
                start = end;
            }
            for (; start < end; start += Geometry.pagesIn(order)) {
                add(start, order, 1, cut.changes(start, order));
            }
        }
    }

    /** Whether the order of the stage after one is known. */
    boolean hasStage(int order) {
        return stageOrders[order] != UNKNOWN;
    }

    /** Notes the order of the stage after one. */
    void addStage(int order, int stageOrder) {
        stageOrders[order] = (byte) stageOrder;
    }

    private long stagesFrom(int order) {
        long stages = 0;
        int from = order;
        for (int stage = stageOrder(from); stage < from; stage = stageOrder(from)) {
            stages |= Geometry.pagesIn(stage);
            from = stage;
        }
        return stages;
    }

    @Override
    public int orderAt(long index) {
        int run = runAt(index);
        return run >= 0 ? orders[run] : index >= startOfLastBlock ? lastOrder : firstOrder;
    }

    @Override
    public void plan(SplitPlan plan, long startIndex, int order) {
        plan.reset(order);
        long end = startIndex + Geometry.pagesIn(order);
        long start = startIndex;
        int firstRun = runAt(startIndex);
        if (firstRun < 0 || ends[nrRuns - 1] < end) {
            throw new IllegalStateException(
                    "the cut was not asked about a folio: startIndex=" + startIndex + ", order=" + order);
        }
        for (int run = firstRun; start < end; run++) {
            long runEnd = Math.min(ends[run], end);
            plan.append(orders[run], (runEnd - start) >>> orders[run]);
            start = runEnd;
        }
    }

    /** Asked for once; an order that no folio or piece that is split has needs no stage. */
    @Override
    public int stageOrder(int order) {
        return stageOrders[order] == UNKNOWN ? order : stageOrders[order];
    }

    @Override
    public boolean changes(long startIndex, int order) {
        int run = runAt(startIndex);
        return run >= 0 && changed[run];
    }

    /** The run that holds an index; negative if none does. */
    private int runAt(long index) {
        for (int run = lastRun; run < Math.min(lastRun + 2, nrRuns); run++) {
            if (index >= starts[run] && index < ends[run]) {
                lastRun = run;
                return run;
            }
        }
        int found = Arrays.binarySearch(starts, 0, nrRuns, index);
        int run = found >= 0 ? found : -found - 2;
        if (run < 0 || index >= ends[run]) {
            return -1;
        }
        lastRun = run;
        return run;
    }
}
