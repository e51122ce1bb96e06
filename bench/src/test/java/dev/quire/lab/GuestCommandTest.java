/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.guest.GuestSplitPolicy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class GuestCommandTest {
    private static final String ONE_PAGE = "# One page.\nmemory 1GiB huge 1GiB\nallocate 0 1GiB\nshared 512MiB 4KiB\n";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine main = Main.commandLine(PageCacheTarget::new);
        main.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return main.execute(arguments);
    }

    @Test
    void printsWhatEachPolicyCosts(@TempDir Path folder) throws IOException {
        String file =
                Files.writeString(folder.resolve("one-page.guest"), ONE_PAGE).toString();
        assertEquals(0, run("guest", file));
        List<String> lines = out.toString().lines().toList();
        assertEquals(file + ": 1 GiB in huge pages of 1 GiB, 1 conversions", lines.get(0));
        assertEquals("One page.", lines.get(1));
        assertEquals("UNIFORM STAGED NON_UNIFORM", lines.get(3).strip().replaceAll(" +", " "));
        assertEquals(
                List.of(
                        "shared pages 1 1 1",
                        "ranges of attributes 3 3 3",
                        "folios 262,144 1,023 19",
                        "index nodes 4,162 74 4",
                        "index bytes 2,397,312 42,624 2,304",
                        "most index nodes 4,162 74 4"),
                lines.subList(4, 10).stream()
                        .map(line -> line.replaceAll(" +", " "))
                        .toList());
        assertTrue(lines.get(11).startsWith("conversion, p50, us"), lines.get(11));
        assertTrue(lines.get(16).startsWith("fault beside them, max, us"), lines.get(16));
        assertEquals(17, lines.size());
    }

    @ParameterizedTest
    @CsvSource({
        "ballooning, UNIFORM, 67456, 128, 256, 1285",
        "ballooning, NON_UNIFORM, 3200, 128, 256, 389",
    })
    void theCountsOfABundledScenarioAreTheSameEachTime(
            String name, GuestSplitPolicy policy, long nrFolios, long nrSharedPages, long nrRanges, long nrNodes)
            throws IOException, InterruptedException {
        GuestScenario scenario = GuestScenarioReader.open(name);
        GuestRun run = GuestRun.of(scenario, policy);
        assertEquals(nrFolios, run.nrFolios());
        assertEquals(nrSharedPages, run.nrSharedPages());
        assertEquals(nrRanges, run.nrRanges());
        assertEquals(nrNodes, run.nrNodes());
        assertEquals(scenario.nrConversions(), run.conversionNanos().getTotalCount());
        assertTrue(run.faultNanos().getTotalCount() > 0);
    }

    @Test
    void listsTheBundledScenarios() {
        assertEquals(0, run("guest", "--list"));
        List<String> lines = out.toString().lines().toList();
        assertEquals(GuestScenarioReader.bundledNames().size(), lines.size());
        assertTrue(lines.get(0).startsWith("confidential-boot    Boot of a confidential guest"), lines.get(0));
    }

    @Test
    void whatIsNoScenarioIsSaidInOneLine(@TempDir Path folder) throws IOException {
        assertEquals(2, run("guest"));
        String file =
                Files.writeString(folder.resolve("bad.guest"), "memory 1\n").toString();
        assertEquals(1, run("guest", file));
        assertTrue(err.toString().endsWith("quire: " + file + ":1: not memory SIZE huge SIZE, once\n"), err::toString);
        assertEquals(1, run("guest", folder.resolve("none").toString()));
    }
}
