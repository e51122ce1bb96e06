/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
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
                        + " 4 KiB, at once or in stages, and merges it back, without pause; beside it the same for"
                        + " writers that do something else, and how long each folio was frozen. Needs two processors.",
        footer = {"", "Example:", "  quire stall --seconds 10"})
final class StallCommand implements Callable<Integer> {
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Seconds for each writer, 1 to 3600 (default: ${DEFAULT-VALUE}).")
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
        Map<StallWriter, MeasuredStall> stalls = new EnumMap<>(StallWriter.class);
        for (StallWriter writer : StallWriter.values()) {
            stalls.put(writer, MeasuredStall.run(headMap, writer, WARM_UP_NANOS, TimeUnit.SECONDS.toNanos(seconds)));
        }
        StallTable.print(stalls, out);
        return ExitCode.OK;
    }
}
