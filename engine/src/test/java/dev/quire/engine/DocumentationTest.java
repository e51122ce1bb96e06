/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the README says of packages and docs/memory-model.md of shared fields is compared with the sources. */
class DocumentationTest {
    private static final Path MODULE = Path.of("src", "main", "java");
    private static final Path ENGINE = MODULE.resolve(Path.of("dev", "quire", "engine"));
    private static final Pattern SHARED_FIELD =
            Pattern.compile("^ +(?:private |final |static )*(?:volatile |Atomic\\w+\\b)[^;=(]*?\\b(\\w+)(?: =.*|;)$");

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(ENGINE)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.endsWith("package-info.java"))
                    .toList();
        }
    }

    /** Packages below the engine's own. */
    private static Set<String> packages() throws IOException {
        try (Stream<Path> files = Files.list(ENGINE)) {
            return files.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static Set<String> exportedPackages() throws IOException {
        return matches("exports dev\\.quire\\.engine\\.(\\w+);", Files.readString(MODULE.resolve("module-info.java")));
    }

    private static Set<String> matches(String regex, String text) {
        return Pattern.compile(regex)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void theReadmeHasEveryPackageAndSaysWhichAreNotExported() throws IOException {
        String row = Files.readAllLines(Path.of("..", "README.md")).stream()
                .filter(line -> line.startsWith("| `engine` |"))
                .findAny()
                .orElseThrow();
        String listed = row.substring(row.indexOf(": "));
        int mark = listed.indexOf(" (not exported)");
        assertTrue(mark > 0, row);
        Set<String> hidden = packages();
        hidden.removeAll(exportedPackages());
        assertEquals(packages(), matches("`(\\w+)`", listed));
        assertEquals(hidden, matches("`(\\w+)`", listed.substring(0, mark)));
        assertEquals(exportedPackages(), matches("`(\\w+)`", listed.substring(mark)));
    }

    /** Who has only the exported packages has no page to follow such a link to. */
    @Test
    void noExportedPackageLinksToOneThatIsNot() throws IOException {
        Set<String> hiddenPackages = packages();
        hiddenPackages.removeAll(exportedPackages());
        Set<String> hidden = new TreeSet<>();
        for (Path source : sources()) {
            if (hiddenPackages.contains(packageOf(source))) {
                hidden.add(source.getFileName().toString().replace(".java", ""));
            }
        }
        Pattern link = Pattern.compile(
                "\\{@link(?:plain)? (?:dev\\.quire\\.engine\\.\\w+\\.)?(" + String.join("|", hidden) + ")\\b");
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            Matcher links = link.matcher(Files.readString(source));
            while (!hidden.contains(source.getFileName().toString().replace(".java", "")) && links.find()) {
                found.add(source.getFileName() + ": " + links.group());
            }
        }
        assertEquals(List.of(), found);
    }

    private static String packageOf(Path source) {
        return ENGINE.relativize(source).getName(0).toString();
    }

    @Test
    void theMemoryModelHasEveryFieldThatIsVolatileOrAtomic() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("..", "docs", "memory-model.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();
        List<String> missing = new ArrayList<>();
        int nrFields = 0;
        for (Path source : sources()) {
            String type = source.getFileName().toString().replace(".java", "");
            for (String line : Files.readAllLines(source)) {
                Matcher field = SHARED_FIELD.matcher(line);
                if (field.matches()) {
                    nrFields++;
                    if (rows.stream().noneMatch(row -> isAbout(row, type, field.group(1)))) {
                        missing.add(type + "." + field.group(1));
                    }
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(nrFields > 30, "fields: " + nrFields);
    }

    private static boolean isAbout(String row, String type, String field) {
        return row.contains("`" + type + ".")
                && Pattern.compile("[`.]" + field + "`").matcher(row).find();
    }
}
