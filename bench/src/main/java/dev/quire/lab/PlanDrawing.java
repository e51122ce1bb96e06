/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.io.PrintWriter;
import java.util.Locale;

/** Draws the pieces of a folio as text: one line for each run of equal pieces, with a bar as long as their order. */
final class PlanDrawing {
    private PlanDrawing() {}

    /**
     * Draws a plan.
     *
     * @param plan the pieces
     * @param start first page of the range that is marked, relative to the folio
     * @param end page after it
     * @param out where to print
     */
    static void print(SplitPlan plan, long start, long end, PrintWriter out) {
        out.printf(Locale.ROOT, "  %10s  %9s  %5s  %7s%n", "first page", "folios", "order", "each");
        long first = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int order = plan.runOrder(run);
            long count = plan.runCount(run);
            long after = first + (count << order);
            boolean marked = first < end && start < after;
            out.printf(
                    Locale.ROOT,
                    "  %10d  %9d  %5d  %7s  %s%s%n",
                    first,
                    count,
                    order,
                    size(order),
                    "#".repeat(order + 1),
                    marked ? " <- " + range(start, end) : "");
            first = after;
        }
    }

    /** A folio's size in the unit people use for it. */
    static String size(int order) {
        return bytes(Geometry.bytesIn(order));
    }

    /** A number of bytes, a multiple of 1024, in the largest unit of which it is a multiple. */
    static String bytes(long nrBytes) {
        if (nrBytes % (1 << 20) != 0) {
            return (nrBytes >> 10) + " KiB";
        }
        return nrBytes % (1 << 30) != 0 ? (nrBytes >> 20) + " MiB" : (nrBytes >> 30) + " GiB";
    }

    private static String range(long start, long end) {
        return end - start == 1 ? "page " + start : "pages " + start + " to " + (end - 1);
    }
}
