/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire growth}. */
@Command(
        name = "growth",
        description =
                "Prints how the cost of a split grows with the order of the folio, as a table for the documentation,"
                        + " from the CSV results of FolioSplitGrowthBenchmark.",
        footer = {
            "",
            "Example:",
            "  quire jmh FolioSplitGrowthBenchmark -p order=6,9,12 -f 1 -rf csv -rff growth.csv",
            "  quire growth growth.csv"
        })
final class GrowthCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "What JMH wrote with -rf csv -rff FILE.")
    private Path file;

    @Override
    public Integer call() {
        spec.commandLine().getOut().print(GrowthTable.read(file).markdown());
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }
}
