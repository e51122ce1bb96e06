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

    private WindowCheck() {}

    /**
     * Prints what was observed and what is missing; exits with 0 only if nothing is.
     *
     * @param arguments folder where jcstress ran, then optionally the regular expression that chose its tests
     * @throws IOException if there are no results
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 1 || arguments.length > 2 || arguments[0].startsWith("-")) {
            System.err.println("usage: quire windows FOLDER [TEST-REGEX]");
            System.err.println("FOLDER is where quire stress ran; TEST-REGEX is what its option -t was.");
            System.err.println("Example: quire windows . PinVsFree");
            System.exit(2);
        }
        Pattern chosen = Pattern.compile(arguments.length > 1 ? arguments[1] : "");
        Collection<TestInfo> planned = TestList.tests().stream()
                .filter(chosen.asPredicate())
                .sorted()
                .map(TestList::getInfo)
                .toList();
        StressResults results = StressResults.read(Path.of(arguments[0]));
        print(results, System.out);
        List<String> missing = missing(planned, results);
        missing.forEach(System.err::println);
        System.out.printf("%d of %d tests ran, %d things missing%n", results.tests().size(), planned.size(), missing.size());
        System.exit(missing.isEmpty() ? 0 : 1);
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
     * @return one line per test that left no result, per fork that failed and per window that was never reached
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
            for (StateCase window : windows(test)) {
                if (results.observations().stream().noneMatch(seen -> isWitness(seen, test, window))) {
                    missing.add("never reached: " + test.name() + " \"" + window.matchPattern() + "\" "
                            + window.description());
                }
            }
        }
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

    private static boolean isWitness(Observation seen, TestInfo test, StateCase window) {
        return seen.test().equals(test.name()) && seen.description().equals(window.description());
    }
}
