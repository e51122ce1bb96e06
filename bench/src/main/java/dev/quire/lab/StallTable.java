/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.util.SampleBuffer;
import org.openjdk.jmh.util.Statistics;

/** Prints measured stalls, in microseconds. */
final class StallTable {
    private static final String NAME = "%-26s";
    private static final String COUNT = " %10s";
    private static final String MICROS = " %9.2f";

    private StallTable() {}

    /**
     * Prints what the readers saw, then what the writers did.
     *
     * @param stalls what was measured beside each writer, in the order of the rows
     * @param out where to
     */
    static void print(Map<StallWriter, MeasuredStall> stalls, PrintWriter out) {
        printPins(stalls, out);
        out.println();
        printLongestPins(stalls, out);
        out.println();
        printFreezes(stalls, out);
        out.flush();
    }

    private static void printPins(Map<StallWriter, MeasuredStall> stalls, PrintWriter out) {
        printHeader(out, "us per pin during splits", "pins", "p50", "p99", "p99.9", "p99.99", "max");
        stalls.forEach((writer, stall) -> printRow(out, writer, stall.pinNanos(), 50, 99, 99.9, 99.99, 100));
    }

    private static void printLongestPins(Map<StallWriter, MeasuredStall> stalls, PrintWriter out) {
        printHeader(out, "us, longest pin of a split", "splits", "p10", "p50", "p90", "p99", "max");
        stalls.forEach((writer, stall) -> printRow(out, writer, stall.longestPinNanos(), 10, 50, 90, 99, 100));
    }

    private static void printFreezes(Map<StallWriter, MeasuredStall> stalls, PrintWriter out) {
        printHeader(out, "us that a folio is frozen", "freezes", "p50", "p99", "p99.9", "max", "max, ran");
        stalls.forEach((writer, stall) -> {
            SampleBuffer frozen = stall.freezes().frozenNanos();
            if (frozen.count() > 0) {
                printStart(out, writer, frozen, 50, 99, 99.9, 100);
                out.printf(
                        Locale.ROOT,
                        MICROS + "%n",
                        micros(stall.freezes().ranNanos()).getMax());
            }
        });
    }

    private static void printHeader(PrintWriter out, String name, String count, String... times) {
        out.printf(NAME + COUNT, name, count);
        for (String time : times) {
            out.printf(" %9s", time);
        }
        out.println();
    }

    private static void printRow(PrintWriter out, StallWriter writer, SampleBuffer nanos, double... percentiles) {
        printStart(out, writer, nanos, percentiles);
        out.println();
    }

    private static void printStart(PrintWriter out, StallWriter writer, SampleBuffer nanos, double... percentiles) {
        out.printf(NAME + COUNT, writer.description(), nanos.count());
        Statistics micros = micros(nanos);
        for (double percentile : percentiles) {
            out.printf(Locale.ROOT, MICROS, micros.getPercentile(percentile));
        }
    }

    private static Statistics micros(SampleBuffer nanos) {
        return nanos.getStatistics(1e-3);
    }
}
