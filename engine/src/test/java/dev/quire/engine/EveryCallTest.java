/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No number that is given to what an engine hands out ends the JVM, be it open or closed. */
class EveryCallTest {
    @Test
    @Timeout(120)
    void theJvmSurvivesEveryCall(@TempDir Path folder) throws IOException, InterruptedException {
        Path output = folder.resolve("calls");
        Process jvm = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:ErrorFile=" + folder.resolve("crash"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EveryCall.class.getName()))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            boolean ended = jvm.waitFor(60, TimeUnit.SECONDS);
            String last = String.join("\n", lastLines(Files.readAllLines(output)));
            assertEquals(true, ended, last);
            assertEquals(0, jvm.exitValue(), last);
        } finally {
            jvm.destroyForcibly();
        }
    }

    /** The end of the calls, and what the JVM says of its own. */
    private static List<String> lastLines(List<String> lines) {
        return lines.subList(Math.max(0, lines.size() - 40), lines.size());
    }
}
