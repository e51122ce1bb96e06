/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import dev.quire.engine.memory.PageArena;
import dev.quire.stress.MutantCompiler.BrokenMutantException;
import dev.quire.stress.StressResults.Observation;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.openjdk.jcstress.infra.collectors.TestResult;

/**
 * Runs, against each mutant, the scenario that must catch it. A mutant is killed if the scenario sees an outcome that
 * it forbids; one that survives means that the scenario proves nothing.
 *
 * <p>A mutated class is compiled from a copy of its source and put before the engine on the class path of the forks;
 * the engine itself has no switch for it.
 */
public final class MutantRunner {
    /** Tried in this order until the mutant is dead. */
    private static final Set<Effort> EFFORTS = EnumSet.range(Effort.SHORT, Effort.LONG);

    private enum Fate {
        KILLED,
        SURVIVED,
        BROKEN
    }

    private record Verdict(Fate fate, String evidence) {}

    private static final String USAGE = """
        usage: quire mutants [NAME...]
        Breaks the engine in one place at a time and runs the test that must notice.
        NAME is a file in stress/mutants without its ending; without a name all are run.
        Example: quire mutants grace-period-without-membarrier
        """;

    private final Path checkout;
    private final PrintStream out;
    private final String classPath = System.getProperty("java.class.path");
    private final JcstressForks forks;

    private MutantRunner(Path checkout, PrintStream out) throws IOException {
        this.checkout = checkout;
        this.out = out;
        forks = new JcstressForks();
    }

    /**
     * Runs mutants and prints the fate of each; exits with 0 only if all are killed.
     *
     * @param arguments root of the checkout, then names of mutants, of which none means all, or {@code -h} or
     *     {@code --help}
     * @throws IOException if a file cannot be read or written
     */
    public static void main(String[] arguments) throws IOException {
        System.exit(run(List.of(arguments), System.out, System.err));
    }

    /** Does so with other streams, and returns what to exit with. */
    static int run(List<String> arguments, PrintStream out, PrintStream errors) throws IOException {
        if (arguments.contains("-h") || arguments.contains("--help")) {
            out.print(USAGE);
            return 0;
        }
        if (arguments.isEmpty() || arguments.stream().anyMatch(argument -> argument.startsWith("-"))) {
            errors.print(USAGE);
            return 2;
        }
        Path checkout = Path.of(arguments.getFirst());
        try {
            requireEngineOf(checkout);
            List<Mutant> mutants = choose(Mutant.readAll(checkout), arguments.subList(1, arguments.size()));
            int nrKilled = new MutantRunner(checkout, out).runAll(mutants);
            out.printf("%d of %d mutants killed%n", nrKilled, mutants.size());
            return nrKilled == mutants.size() ? 0 : 1;
        } catch (IllegalArgumentException e) {
            errors.println(e.getMessage());
            return 2;
        }
    }

    /** A mutated class fits only the engine that the other classes come from. */
    private static void requireEngineOf(Path checkout) throws IOException {
        Path classes = locationOfEngine();
        long built = lastModified(classes);
        try (Stream<Path> sources = Files.walk(checkout.resolve("engine/src/main/java"))) {
            if (sources.anyMatch(source -> Files.isRegularFile(source) && lastModified(source) > built)) {
                throw new IllegalArgumentException("the engine's sources are newer than " + classes.getFileName()
                        + "; to build it: mvn -q package -DskipTests -pl stress -am");
            }
        }
    }

    private static Path locationOfEngine() throws IOException {
        try {
            return Path.of(PageArena.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IOException("cannot tell where the engine's classes are", e);
        }
    }

    private static long lastModified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Mutant> choose(List<Mutant> all, List<String> names) {
        if (names.isEmpty()) {
            return all;
        }
        List<Mutant> chosen = new ArrayList<>();
        for (String name : names) {
            chosen.add(all.stream()
                    .filter(mutant -> mutant.name().equals(name))
                    .findAny()
                    .orElseThrow(() -> new IllegalArgumentException("no such mutant: name=" + name + ", mutants="
                            + all.stream().map(Mutant::name).toList())));
        }
        return chosen;
    }

    private int runAll(List<Mutant> mutants) throws IOException {
        int nrKilled = 0;
        for (Mutant mutant : mutants) {
            long startNanos = System.nanoTime();
            Verdict verdict = run(mutant);
            long seconds = Duration.ofNanos(System.nanoTime() - startNanos).toSeconds();
            out.printf("%-8s %s (%d s): %s%n", verdict.fate, mutant.name(), seconds, verdict.evidence);
            if (verdict.fate != Fate.KILLED) {
                out.printf("         %s%n         %s%n", mutant.guarantee(), mutant.reason());
            }
            nrKilled += verdict.fate == Fate.KILLED ? 1 : 0;
        }
        return nrKilled;
    }

    private Verdict run(Mutant mutant) throws IOException {
        if (mutant.tests().isEmpty()) {
            return new Verdict(Fate.BROKEN, "no test matches its scenario: " + mutant.scenario());
        }
        Path classes = Files.createTempDirectory("quire-mutant");
        try {
            new MutantCompiler(checkout, classPath).compile(mutant, classes);
            return hunt(mutant, classes + File.pathSeparator + classPath);
        } catch (BrokenMutantException e) {
            return new Verdict(Fate.BROKEN, e.problem());
        } finally {
            delete(classes);
        }
    }

    /** Runs forks, the best optimised first, until one of them sees what its test forbids. */
    private Verdict hunt(Mutant mutant, String mutatedClassPath) throws IOException {
        List<TestResult> results = new ArrayList<>();
        for (Effort effort : EFFORTS) {
            for (int jvmMode = forks.nrJvmModes() - 1; jvmMode >= 0; jvmMode--) {
                for (String test : mutant.tests()) {
                    results.addAll(
                            forks.run(test, jvmMode, mutatedClassPath, effort.nrIterations(), effort.iteration()));
                    StressResults seen = StressResults.of(results);
                    if (!seen.forbidden().isEmpty()) {
                        return killed(seen, seen.forbidden().getFirst());
                    }
                    if (!seen.failures().isEmpty()) {
                        return new Verdict(
                                Fate.BROKEN,
                                "does not finish: " + seen.failures().getFirst());
                    }
                }
            }
        }
        StressResults seen = StressResults.of(results);
        long nrSamples = mutant.tests().stream().mapToLong(seen::nrSamples).sum();
        return new Verdict(Fate.SURVIVED, String.format("%,d samples, none of them forbidden", nrSamples));
    }

    private static Verdict killed(StressResults seen, Observation observation) {
        String test = observation.test();
        return new Verdict(
                Fate.KILLED,
                String.format(
                        "%s saw \"%s\" %,d times in %,d: %s",
                        test.substring(MutantRunner.class.getPackageName().length() + 1),
                        observation.outcome(),
                        observation.nrSamples(),
                        seen.nrSamples(test),
                        observation.description()));
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
