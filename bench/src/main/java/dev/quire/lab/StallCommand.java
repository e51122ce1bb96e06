/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.util.Statistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quire stall}. */
@Command(
        name = "stall",
        description =
                "Measures how long a reader that pins random pages of a 1 GiB folio waits while a writer splits it to"
                        + " 4 KiB, at once or in stages, and merges it back, without pause. Needs two processors.",
        footer = {"", "Example:", "  quire stall --seconds 10"})
final class StallCommand implements Callable<Integer> {
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};

    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Seconds for each kind of split, 1 to 3600 (default: ${DEFAULT-VALUE}).")
    private int seconds = 5;

    @Option(
            names = "--head-map",
            paramLabel = "MAP",
            description = "How pages find their head: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private HeadMapKind headMap = HeadMapKind.HEAD_BITS;

    @Override
    public Integer call() throws InterruptedException {
        if (seconds < 1 || seconds > 3600) {
            throw new ParameterException(
                    spec.commandLine(), "out of range: --seconds=" + seconds + ", min=1, max=3600");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%-22s %8s %12s %8s %8s %8s %8s %8s %8s%n",
                "time per pin, us",
                "splits",
                "pins",
                "p50",
                "p90",
                "p99",
                "p99.9",
                "p99.99",
                "max");
        for (MeasuredStall.Writer writer : MeasuredStall.Writer.values()) {
            print(writer, MeasuredStall.run(headMap, writer, WARM_UP_NANOS, TimeUnit.SECONDS.toNanos(seconds)), out);
        }
        return ExitCode.OK;
    }

    private static void print(MeasuredStall.Writer writer, MeasuredStall stall, PrintWriter out) {
        Statistics micros = stall.pinNanos().getStatistics(1e-3);
        out.printf(Locale.ROOT, "%-22s %8d %12d", writer.description(), stall.nrSplits(), micros.getN());
        for (double percentile : PERCENTILES) {
            out.printf(Locale.ROOT, " %8.2f", micros.getPercentile(percentile));
        }
        out.println();
        out.flush();
    }
}
