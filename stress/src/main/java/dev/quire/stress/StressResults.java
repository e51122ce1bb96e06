/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.collectors.DiskReadCollector;
import org.openjdk.jcstress.infra.collectors.InProcessCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.grading.GradingResult;

/**
 * What a jcstress run observed, added up over its forks.
 *
 * @param tests names of the tests that left a result, whatever it was
 * @param observations how often each outcome of each test was seen, ordered by test and outcome; never seen is not
 *     listed
 * @param failures forks that ended without a count: a time-out, an exception, a crash
 */
record StressResults(Set<String> tests, List<Observation> observations, List<String> failures) {
    private static final String RESULT_FILES = "jcstress-results-*.bin.gz";

    /**
     * One outcome of one test.
     *
     * @param test full name of the test
     * @param outcome the result as jcstress prints it
     * @param expect how the test grades it
     * @param description how the test describes it
     * @param nrSamples how often it was seen, 1 or more
     */
    record Observation(String test, String outcome, Expect expect, String description, long nrSamples) {
        private Observation plus(Observation other) {
            return new Observation(test, outcome, expect, description, nrSamples + other.nrSamples);
        }
    }

    /**
     * Reads all result files in a folder.
     *
     * @param folder where jcstress ran
     * @return what it observed
     * @throws IOException if there is no result file, or one cannot be read
     */
    static StressResults read(Path folder) throws IOException {
        InProcessCollector collector = new InProcessCollector();
        boolean found = false;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, RESULT_FILES)) {
            for (Path file : files) {
                found = true;
                readFile(file, collector);
            }
        }
        if (!found) {
            throw new IOException("no jcstress results in the folder: folder=" + folder + ", file=" + RESULT_FILES);
        }
        return of(collector.getTestResults());
    }

    private static void readFile(Path file, InProcessCollector collector) throws IOException {
        try {
            DiskReadCollector reader = new DiskReadCollector(file.toString(), collector);
            try {
                reader.dump();
            } finally {
                reader.close();
            }
        } catch (ClassNotFoundException e) {
            throw new IOException("results of another jcstress: file=" + file, e);
        } catch (IOException e) {
            throw new IOException("no whole results, as of a run that was stopped: file=" + file, e);
        }
    }

    /**
     * Grades and adds up the results of forks.
     *
     * @param results one per fork
     * @return what they observed
     */
    static StressResults of(Collection<TestResult> results) {
        Set<String> tests = new TreeSet<>();
        TreeMap<List<String>, Observation> observations = new TreeMap<>(StressResults::compareKeys);
        List<String> failures = new ArrayList<>();
        for (TestResult result : results) {
            tests.add(result.getName());
            if (result.status() != Status.NORMAL) {
                failures.add(result.getName() + ": " + result.status() + " " + String.join(" ", result.getMessages()));
            }
            for (GradingResult graded : result.grading().gradingResults.values()) {
                if (graded.count > 0) {
                    Observation observation = new Observation(
                            result.getName(), graded.id, graded.expect, graded.description, graded.count);
                    observations.merge(List.of(result.getName(), graded.id), observation, Observation::plus);
                }
            }
        }
        return new StressResults(tests, List.copyOf(observations.values()), failures);
    }

    /**
     * Adds what was observed elsewhere.
     *
     * @param other results of other forks
     * @return both together
     */
    StressResults plus(StressResults other) {
        Set<String> allTests = new TreeSet<>(tests);
        allTests.addAll(other.tests);
        TreeMap<List<String>, Observation> sums = new TreeMap<>(StressResults::compareKeys);
        Stream.concat(observations.stream(), other.observations.stream())
                .forEach(seen -> sums.merge(List.of(seen.test, seen.outcome), seen, Observation::plus));
        List<String> allFailures = new ArrayList<>(failures);
        allFailures.addAll(other.failures);
        return new StressResults(allTests, List.copyOf(sums.values()), allFailures);
    }

    private static int compareKeys(List<String> left, List<String> right) {
        int byTest = left.getFirst().compareTo(right.getFirst());
        return byTest != 0 ? byTest : left.getLast().compareTo(right.getLast());
    }

    /** How often a test was sampled, whatever came of it. */
    long nrSamples(String test) {
        return observations.stream()
                .filter(observation -> observation.test.equals(test))
                .mapToLong(Observation::nrSamples)
                .sum();
    }

    /** All that must not have been seen. */
    List<Observation> forbidden() {
        return observations.stream()
                .filter(observation -> observation.expect == Expect.FORBIDDEN)
                .toList();
    }
}
