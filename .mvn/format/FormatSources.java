/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.JavaFormatterOptions.Style;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Holds every Java source to one format: the licence header as first line, then palantir-java-format.
 *
 * <p>The formatter parses with the compiler of the JDK it runs on, so it must run on the JDK that compiles the project;
 * a formatter inside Maven's own JVM would reject newer syntax. The build starts it with the selected JDK.
 */
final class FormatSources {
    private static final String LICENCE_HEADER =
            "/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */\n";

    private final Formatter formatter = Formatter.createFormatter(
            JavaFormatterOptions.builder().style(Style.PALANTIR).build());

    private FormatSources() {}

    /**
     * Formats the sources below a folder, or only tells which are not formatted.
     *
     * @param arguments {@code check} or {@code apply}, then the folder
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2 || !List.of("check", "apply").contains(arguments[0])) {
            throw new IllegalArgumentException("expected check|apply FOLDER: arguments=" + List.of(arguments));
        }
        boolean apply = arguments[0].equals("apply");
        Path root = Path.of(arguments[1]).toRealPath();
        List<Path> unformatted = new FormatSources().unformatted(root);
        for (Path source : unformatted) {
            System.out.println((apply ? "formatted " : "not formatted: ") + root.relativize(source));
            if (apply) {
                Files.writeString(source, new FormatSources().format(source));
            }
        }
        if (!apply && !unformatted.isEmpty()) {
            System.out.println("To format them: mvn -q -pl .mvn/format validate -Dformat=apply");
            System.exit(1);
        }
    }

    private List<Path> unformatted(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> isSource(root.relativize(file))).sorted().toList().parallelStream()
                    .filter(file -> !read(file).equals(format(file)))
                    .toList();
        }
    }

    private static boolean isSource(Path file) {
        if (!file.getFileName().toString().endsWith(".java")) {
            return false;
        }
        for (Path folder : file) {
            if (folder.toString().equals("target")) {
                return false;
            }
        }
        return true;
    }

    private String format(Path source) {
        String text = read(source);
        try {
            return formatter.formatSourceAndFixImports(text.startsWith(LICENCE_HEADER) ? text : LICENCE_HEADER + text);
        } catch (FormatterException e) {
            throw new IllegalStateException("cannot parse " + source + ": " + e.getMessage(), e);
        }
    }

    private static String read(Path source) {
        try {
            return Files.readString(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
