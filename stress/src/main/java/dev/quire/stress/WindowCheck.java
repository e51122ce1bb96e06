/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import dev.quire.stress.StressResults.Observation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jcstress.infra.StateCase;
import org.openjdk.jcstress.infra.TestInfo;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * Tells whether a jcstress run proved anything: whether every test ran, and whether every race window was reached.
 *
 * <p>jcstress passes a test whose acceptable outcomes never occur, and skips without failing a test that needs more
 * processors than there are. An outcome whose description starts with {@value #WINDOW} can only occur if the actors met
 * in the window that the test is about; a run in which it did not occur says nothing about the window.
 */
public final class WindowCheck {
    /** How the description of a window's witness starts. */
    public static final String WINDOW = "window: ";

    private static final String AGAIN = "--again";
    private static final String USAGE = """
        usage: quire windows [--again] FOLDER [TEST-REGEX]
        FOLDER is where quire stress ran; TEST-REGEX is what its option -t was.
        With --again, tests whose windows were not reached are run again, longer.
        Example: quire windows . PinVsFree
        """;

    private WindowCheck() {}

    /**
     * Prints what was observed and what is missing; exits with 0 only if nothing is.
     *
     * @param commandLine optionally {@value #AGAIN}, then the folder where jcstress ran, then optionally the regular
     *     expression that chose its tests; or {@code -h} or {@code --help}
     * @throws IOException if no fork can be started
     */
    public static void main(String[] commandLine) throws IOException {
        System.exit(run(List.of(commandLine), System.out, System.err));
    }

    /** Does so with other streams, and returns what to exit with. */
    static int run(List<String> commandLine, PrintStream out, PrintStream errors) throws IOException {
        if (commandLine.contains("-h") || commandLine.contains("--help")) {
            out.print(USAGE);
            return 0;
        }
        boolean runsAgain = !commandLine.isEmpty() && commandLine.getFirst().equals(AGAIN);
        List<String> arguments = commandLine.subList(runsAgain ? 1 : 0, commandLine.size());
        if (arguments.isEmpty() || arguments.size() > 2 || arguments.getFirst().startsWith("-")) {
            errors.print(USAGE);
            return 2;
        }
        Pattern chosen;
        try {
            chosen = Pattern.compile(arguments.size() > 1 ? arguments.getLast() : "");
        } catch (PatternSyntaxException e) {
            errors.println("no regular expression: TEST-REGEX=" + e.getPattern() + ": " + e.getDescription());
            return 2;
        }
        Collection<TestInfo> planned = TestList.tests().stream()
                .filter(chosen.asPredicate())
                .sorted()
                .map(TestList::getInfo)
                .toList();
        StressResults first;
        try {
            first = StressResults.read(Path.of(arguments.getFirst()));
        } catch (IOException e) {
            errors.println(e.getMessage());
            return 2;
        }
        boolean isComplete =
                planned.stream().allMatch(test -> unreached(test, first).isEmpty());
        StressResults results = isComplete || !runsAgain ? first : new WindowHunt(out).run(planned, first);
        print(results, out);
        List<String> missing = missing(planned, results);
        missing.forEach(errors::println);
        out.printf("%d of %d tests ran, %d things missing%n", results.tests().size(), planned.size(), missing.size());
        return missing.isEmpty() ? 0 : 1;
    }

    private static void print(StressResults results, PrintStream out) {
        for (String test : results.tests()) {
            long nrSamples = results.nrSamples(test);
            out.printf("%s, %,d samples%n", test, nrSamples);
            for (Observation observation : results.observations()) {
                if (observation.test().equals(test)) {
                    out.printf(
                            "  %-14s %,13d %9.4f %%  %-10s %s%n",
                            observation.outcome(),
                            observation.nrSamples(),
                            100.0 * observation.nrSamples() / nrSamples,
                            observation.expect().toString().replace("ACCEPTABLE_", ""),
                            observation.description());
                }
            }
        }
    }

    /**
     * What a run lacks.
     *
     * @param planned the tests that should have run
     * @param results what the run observed
     * @return one line per test that left no result, per window that was never reached, per forbidden outcome and per
     *     fork that failed
     */
    static List<String> missing(Collection<TestInfo> planned, StressResults results) {
        List<String> missing = new ArrayList<>();
        if (planned.isEmpty()) {
            missing.add("no test was planned");
        }
        for (TestInfo test : planned) {
            if (!results.tests().contains(test.name())) {
                missing.add("did not run: " + test.name());
                continue;
            }
            for (StateCase window : unreached(test, results)) {
                missing.add(
                        "never reached: " + test.name() + " \"" + window.matchPattern() + "\" " + window.description());
            }
        }
        results.forbidden()
                .forEach(seen ->
                        missing.add("forbidden: " + seen.test() + " \"" + seen.outcome() + "\" " + seen.description()));
        results.failures().forEach(failure -> missing.add("failed: " + failure));
        return missing;
    }

    /**
     * The outcomes of a test that bear witness to its race window.
     *
     * @param test a test
     * @return its outcomes whose description says so
     */
    static List<StateCase> windows(TestInfo test) {
        return test.cases().stream()
                .filter(outcome -> outcome.description().startsWith(WINDOW))
                .toList();
    }

    /**
     * The race windows of a test that were never reached.
     *
     * @param test a test
     * @param results what was observed
     * @return its outcomes that bear witness to a window and were not seen
     */
    static List<StateCase> unreached(TestInfo test, StressResults results) {
        return windows(test).stream()
                .filter(window -> results.observations().stream().noneMatch(seen -> isWitness(seen, test, window)))
                .toList();
    }

    private static boolean isWitness(Observation seen, TestInfo test, StateCase window) {
        return seen.test().equals(test.name()) && seen.description().equals(window.description());
    }
}
