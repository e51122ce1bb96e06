/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.struct.XaNodeStruct;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** Prints a guest scenario: a column for each policy. */
final class GuestTable {
    private static final String NAME = "%-30s";
    private static final String COUNT = " %,14d";
    private static final String NOTHING = " %14s";
    private static final double MAX = 100;

    private final PrintWriter out;
    private final List<GuestRun> runs;

    private GuestTable(List<GuestRun> runs, PrintWriter out) {
        this.out = out;
        this.runs = runs;
    }

    /**
     * Prints a scenario.
     *
     * @param runs one for each policy, in their order
     * @param out where to
     */
    static void print(GuestScenario scenario, List<GuestRun> runs, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %s in huge pages of %s, %,d conversions%n%s%n",
                scenario.name(),
                PlanDrawing.bytes(scenario.memoryBytes()),
                PlanDrawing.size(scenario.hugeOrder()),
                scenario.nrConversions(),
                scenario.title());
        new GuestTable(runs, out).print();
        out.flush();
    }

    private void print() {
        header("at the end");
        counts("shared pages", GuestCounts::nrSharedPages);
        counts("ranges of attributes", GuestCounts::nrRanges);
        counts("folios", GuestCounts::nrFolios);
        counts("index nodes for splits", GuestCounts::nrSplitNodes);
        counts("  bytes", counts -> counts.nrSplitNodes() * XaNodeStruct.BYTES);
        counts("most index nodes of all", GuestCounts::mostNodes);
        counts("metadata bytes written", GuestCounts::metadataBytesWritten);
        header("us per conversion");
        number(run -> run.conversions().latencies());
        times(run -> run.conversions().latencies(), 50, 99, MAX);
        header("us that it has folios frozen");
        times(run -> run.conversions().freezes(), 50, 99, MAX);
        header("us beside its range");
        times(run -> run.conversions().freezesBeside(), 50, 99, MAX);
        header("us per fault, converted");
        number(GuestRun::faultsConverted);
        times(GuestRun::faultsConverted, 50, 99, 99.99, MAX);
        header("us per fault, elsewhere");
        number(GuestRun::faultsElsewhere);
        times(GuestRun::faultsElsewhere, 50, 99, 99.99, MAX);
    }

    private void header(String title) {
        out.println();
        out.printf(NAME, title);
        for (GuestSplitPolicy policy : GuestSplitPolicy.values()) {
            out.printf(NOTHING, policy);
        }
        out.println();
    }

    private void counts(String name, ToLongFunction<GuestCounts> count) {
        row(name, run -> String.format(Locale.ROOT, COUNT, count.applyAsLong(run.counts())));
    }

    private void number(Function<GuestRun, Latencies> latencies) {
        row(
                "number",
                run -> String.format(Locale.ROOT, COUNT, latencies.apply(run).count()));
    }

    private void times(Function<GuestRun, Latencies> latencies, double... percentiles) {
        for (double percentile : percentiles) {
            row(
                    name(percentile),
                    run -> latencies.apply(run).count() == 0
                            ? String.format(Locale.ROOT, NOTHING, "-")
                            : micros(latencies.apply(run).nanosAt(percentile)));
        }
    }

    private static String name(double percentile) {
        String number = percentile % 1 == 0 ? Long.toString((long) percentile) : Double.toString(percentile);
        return percentile == MAX ? "max" : "p" + number;
    }

    private static String micros(long nanos) {
        return String.format(Locale.ROOT, " %,14.2f", nanos / 1000.0);
    }

    private void row(String name, Function<GuestRun, String> cell) {
        out.printf(NAME, name);
        for (GuestRun run : runs) {
            out.print(cell.apply(run));
        }
        out.println();
    }
}
