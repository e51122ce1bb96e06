/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code quire jmh}: hands everything on to JMH, which ends the process itself if benchmarks fail. */
@Command(
        name = "jmh",
        description = "Runs the benchmarks. All arguments go to JMH; its own help is: quire jmh -h",
        footer = {"", "Example:", "  quire jmh -f 1 -wi 3 -i 5 'Lookup.*'"})
final class JmhCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ARGUMENT", arity = "0..*", description = "Options of JMH and names of benchmarks.")
    private List<String> arguments = List.of();

    @Override
    public Integer call() throws IOException {
        org.openjdk.jmh.Main.main(arguments.toArray(String[]::new));
        return ExitCode.OK;
    }
}
