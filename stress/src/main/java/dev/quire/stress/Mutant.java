/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.patch.Patch;
import com.github.difflib.patch.PatchFailedException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * The engine with one place broken on purpose: a unified diff of one hunk, below a header that says what it breaks and
 * who must notice.
 *
 * @param name name of the patch file without its ending
 * @param guarantee what the engine promises and the mutant does not keep
 * @param scenario matches (somewhere in the full name, as jcstress's {@code -t} does) the tests that must catch it
 * @param reason how the change breaks the guarantee
 * @param source the changed file, relative to the checkout
 * @param change the hunk
 */
record Mutant(String name, String guarantee, Pattern scenario, String reason, Path source, Patch<String> change) {
    /** Where the patches are, relative to the checkout. */
    static final Path FOLDER = Path.of("stress", "mutants");

    private static final Path ENGINE_SOURCES = Path.of("engine", "src", "main", "java");
    private static final String ENDING = ".patch";

    /** Lines of context at either end that may have changed, or shifted, since the patch was made. */
    private static final int MAX_FUZZ = 2;

    /**
     * Reads all mutants of a checkout.
     *
     * @param checkout root of the project
     * @return the mutants, by name
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if one is not a mutant
     */
    static List<Mutant> readAll(Path checkout) throws IOException {
        Set<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> patches = Files.newDirectoryStream(checkout.resolve(FOLDER), "*" + ENDING)) {
            patches.forEach(files::add);
        }
        List<Mutant> mutants = new ArrayList<>();
        for (Path file : files) {
            String name = file.getFileName().toString();
            mutants.add(parse(name.substring(0, name.length() - ENDING.length()), Files.readAllLines(file)));
        }
        return mutants;
    }

    /**
     * Parses a patch file.
     *
     * @param name the mutant's name
     * @param lines the file's lines
     * @return the mutant
     * @throws IllegalArgumentException if a header field is missing, or the diff is not one hunk against an engine
     *     source
     */
    static Mutant parse(String name, List<String> lines) {
        int diffStart = indexOfPrefix(name, lines, "--- a/");
        List<String> header = lines.subList(0, diffStart);
        List<String> diff = lines.subList(diffStart, lines.size());
        Path source = Path.of(diff.getFirst().substring("--- a/".length()).strip());
        if (!source.equals(source.normalize()) || !source.startsWith(ENGINE_SOURCES)) {
            throw invalid(name, "not an engine source: " + source);
        }
        requireOneHunk(name, diff);
        return new Mutant(
                name,
                field(name, header, "Guarantee: "),
                scenario(name, field(name, header, "Scenario: ")),
                field(name, header, "Why: "),
                source,
                UnifiedDiffUtils.parseUnifiedDiff(diff));
    }

    private static int indexOfPrefix(String name, List<String> lines, String prefix) {
        for (int line = 0; line < lines.size(); line++) {
            if (lines.get(line).startsWith(prefix)) {
                return line;
            }
        }
        throw invalid(name, "no line starts with \"" + prefix + '"');
    }

    private static String field(String name, List<String> header, String key) {
        String value = header.get(indexOfPrefix(name, header, key))
                .substring(key.length())
                .strip();
        if (value.isEmpty()) {
            throw invalid(name, "empty field " + key);
        }
        return value;
    }

    private static Pattern scenario(String name, String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("mutant " + name + ": scenario is no regular expression: " + regex, e);
        }
    }

    /** The library lets fuzz eat changed lines as well: there must be context enough for it. */
    private static void requireOneHunk(String name, List<String> diff) {
        List<String> body = diff.subList(indexOfPrefix(name, diff, "@@ ") + 1, diff.size());
        if (body.stream().anyMatch(line -> line.startsWith("@@ ") || line.startsWith("--- "))) {
            throw invalid(name, "more than one hunk");
        }
        String kinds = body.stream()
                .map(line -> line.isEmpty() ? " " : line.substring(0, 1))
                .collect(Collectors.joining());
        if (!kinds.matches(" {" + MAX_FUZZ + ",}[-+][-+ ]*(?<=[-+]) {" + MAX_FUZZ + ",}")) {
            throw invalid(name, "needs " + MAX_FUZZ + " lines of context before and after its change");
        }
    }

    private static IllegalArgumentException invalid(String name, String problem) {
        return new IllegalArgumentException("mutant " + name + ": " + problem);
    }

    /** The tests that must catch this mutant, by name. */
    List<String> tests() {
        return TestList.tests().stream().filter(scenario.asPredicate()).sorted().toList();
    }

    /**
     * The changed source.
     *
     * @param checkout root of the project
     * @return lines of the file with the change
     * @throws IOException if the source cannot be read
     * @throws PatchFailedException if it no longer has the lines that the mutant changes
     */
    List<String> apply(Path checkout) throws IOException, PatchFailedException {
        return change.applyFuzzy(Files.readAllLines(checkout.resolve(source)), MAX_FUZZ);
    }
}
