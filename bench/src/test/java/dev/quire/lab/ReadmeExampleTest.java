/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the example in the README. */
class ReadmeExampleTest {
    private static final int MAX_LINES = 15;
    private static final String IMPORTS = """
        import dev.quire.engine.Quire;
        import dev.quire.engine.folio.SplitPolicies;
        import dev.quire.engine.mapping.AddressSpace;
        import dev.quire.engine.mapping.FolioLookup;
        import dev.quire.engine.rcu.RcuReader;
        import java.lang.foreign.ValueLayout;
        """;

    @Test
    void theExampleIsShortCompilesAndDoesWhatItSays(@TempDir Path folder) throws Exception {
        String example = example();
        assertTrue(
                example.lines().count() <= MAX_LINES,
                "lines: " + example.lines().count());
        Path source = folder.resolve("Example.java");
        Files.writeString(
                source, IMPORTS + "public class Example { public static void main(String[] a) {" + example + "}}");
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertEquals(
                0, compiler.run(null, null, null, "-cp", System.getProperty("java.class.path"), source.toString()));
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            List<String> printed = run(loader.loadClass("Example"));
            assertEquals("0 6", printed.getFirst());
            assertEquals("131072 17", printed.getLast());
            assertEquals(17, printed.size());
        }
    }

    private static List<String> run(Class<?> example) throws ReflectiveOperationException {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            example.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static String example() throws java.io.IOException {
        String readme = Files.readString(Path.of("../README.md"));
        int start = readme.indexOf("```java\n") + "```java\n".length();
        return readme.substring(start, readme.indexOf("```", start));
    }
}
