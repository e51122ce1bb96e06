/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.stress.StressResults.Observation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.infra.StateCase;
import org.openjdk.jcstress.infra.TestInfo;

class WindowCheckTest {
    private static final String TEST = "dev.quire.stress.Example.Variant";
    private static final List<TestInfo> PLANNED = List.of(planned());
    private static final Observation EARLY = new Observation(TEST, "0", Expect.ACCEPTABLE, "came early", 90);
    private static final Observation MET = new Observation(TEST, "1", Expect.ACCEPTABLE, "window: met", 10);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();

    private static TestInfo planned() {
        TestInfo test = new TestInfo(TEST, TEST, "", "an example", 2, List.of("reader", "writer"), false);
        test.addCase(new StateCase(Pattern.compile("0"), Expect.ACCEPTABLE, "came early"));
        test.addCase(new StateCase(Pattern.compile("[12]"), Expect.ACCEPTABLE, "window: met"));
        return test;
    }

    @Test
    void nothingIsMissingWhenTheWindowWasReached() {
        StressResults results = new StressResults(Set.of(TEST), List.of(EARLY, MET), List.of());
        assertEquals(List.of(), WindowCheck.missing(PLANNED, results));
    }

    @Test
    void windowThatWasNeverReachedIsMissing() {
        StressResults results = new StressResults(Set.of(TEST), List.of(EARLY), List.of());
        assertEquals(
                List.of("never reached: " + TEST + " \"[12]\" window: met"), WindowCheck.missing(PLANNED, results));
    }

    @Test
    void testThatDidNotRunIsMissing() {
        StressResults results = new StressResults(Set.of(), List.of(), List.of());
        assertEquals(List.of("did not run: " + TEST), WindowCheck.missing(PLANNED, results));
    }

    @Test
    void forkThatFailedIsMissing() {
        StressResults results = new StressResults(Set.of(TEST), List.of(MET), List.of(TEST + ": TIMEOUT_ERROR"));
        assertEquals(List.of("failed: " + TEST + ": TIMEOUT_ERROR"), WindowCheck.missing(PLANNED, results));
    }

    @Test
    void whatIsForbiddenIsReported() {
        Observation broken = new Observation(TEST, "7", Expect.FORBIDDEN, "a stale page", 1);
        StressResults results = new StressResults(Set.of(TEST), List.of(MET, broken), List.of());
        assertEquals(List.of("forbidden: " + TEST + " \"7\" a stale page"), WindowCheck.missing(PLANNED, results));
    }

    @Test
    void windowReachedInASecondRunIsNotMissing() {
        StressResults first = new StressResults(Set.of(TEST), List.of(EARLY), List.of());
        StressResults second = new StressResults(Set.of(TEST), List.of(EARLY, MET), List.of());
        StressResults both = first.plus(second);
        assertEquals(List.of(), WindowCheck.missing(PLANNED, both));
        assertEquals(190, both.nrSamples(TEST));
    }

    @Test
    void failureOfASecondRunIsMissing() {
        StressResults first = new StressResults(Set.of(TEST), List.of(EARLY), List.of());
        StressResults second = new StressResults(Set.of(TEST), List.of(MET), List.of(TEST + ": TIMEOUT_ERROR"));
        assertEquals(List.of("failed: " + TEST + ": TIMEOUT_ERROR"), WindowCheck.missing(PLANNED, first.plus(second)));
    }

    @Test
    void emptyPlanIsMissing() {
        StressResults results = new StressResults(Set.of(), List.of(), List.of());
        assertEquals(List.of("no test was planned"), WindowCheck.missing(List.of(), results));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-h", "--help"})
    void helpIsNoError(String option) throws IOException {
        assertEquals(0, run(WindowCheck::run, option));
        assertTrue(printed(out).contains("Example: quire windows"), printed(out));
        assertEquals("", printed(errors));
        out.reset();
        assertEquals(0, run(MutantRunner::run, ".", option));
        assertTrue(printed(out).contains("Example: quire mutants"), printed(out));
        assertEquals("", printed(errors));
    }

    @Test
    void wrongCommandLinesExitWithTwo() throws IOException {
        assertEquals(2, run(WindowCheck::run));
        assertTrue(printed(errors).startsWith("usage: quire windows "), printed(errors));
        errors.reset();
        assertEquals(2, run(MutantRunner::run));
        assertTrue(printed(errors).startsWith("usage: quire mutants "), printed(errors));
        errors.reset();
        assertEquals(2, run(WindowCheck::run, ".", "["));
        assertEquals("no regular expression: TEST-REGEX=[: Unclosed character class\n", printed(errors));
        assertEquals("", printed(out));
    }

    @Test
    void resultsThatCannotBeReadAreNamed(@TempDir Path folder) throws IOException {
        assertEquals(2, run(WindowCheck::run, folder.toString()));
        String none = "no jcstress results in the folder: folder=" + folder + ", file=jcstress-results-*.bin.gz\n";
        assertEquals(none, printed(errors));
        errors.reset();
        Path cutOff = Files.write(folder.resolve("jcstress-results-1.bin.gz"), new byte[0]);
        assertEquals(2, run(WindowCheck::run, folder.toString()));
        assertEquals("no whole results, as of a run that was stopped: file=" + cutOff + "\n", printed(errors));
        assertEquals("", printed(out));
    }

    @FunctionalInterface
    private interface Tool {
        int run(List<String> arguments, PrintStream out, PrintStream errors) throws IOException;
    }

    private int run(Tool tool, String... arguments) throws IOException {
        return tool.run(
                List.of(arguments),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(errors, true, StandardCharsets.UTF_8));
    }

    private static String printed(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }
}
