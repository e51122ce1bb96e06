/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import com.github.difflib.patch.PatchFailedException;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Makes class files of a mutant with the compiler of the running JDK; the checkout's sources stay as they are. */
final class MutantCompiler {
    /** A mutant that says nothing about the scenarios until somebody brings it up to date with the engine. */
    static final class BrokenMutantException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String problem;

        private BrokenMutantException(String problem) {
            super(problem);
            this.problem = problem;
        }

        String problem() {
            return problem;
        }
    }

    private static final class SourceText extends SimpleJavaFileObject {
        private final String text;

        private SourceText(Path source, String text) {
            super(URI.create("mutant:///" + source.getFileName()), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private final Path checkout;
    private final String classPath;

    /**
     * Makes a compiler.
     *
     * @param checkout root of the project
     * @param classPath the engine's classes and what its sources need
     */
    MutantCompiler(Path checkout, String classPath) {
        this.checkout = checkout;
        this.classPath = classPath;
    }

    /**
     * Applies a mutant and compiles the changed file alone.
     *
     * @param mutant the mutant
     * @param outputFolder gets the class files; before the engine on a class path they replace the engine's
     * @throws IOException if a file cannot be read or written
     * @throws BrokenMutantException if the mutant does not apply or does not compile
     */
    void compile(Mutant mutant, Path outputFolder) throws IOException, BrokenMutantException {
        Files.createDirectories(outputFolder);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        List<String> options =
                List.of("-proc:none", "-nowarn", "-implicit:none", "-d", outputFolder.toString(), "-cp", classPath);
        List<SourceText> sources = List.of(new SourceText(mutant.source(), changedSource(mutant)));
        if (!compiler.getTask(messages, null, null, options, null, sources).call()) {
            throw new BrokenMutantException(
                    "does not compile: " + messages.toString().strip());
        }
    }

    private String changedSource(Mutant mutant) throws IOException, BrokenMutantException {
        try {
            return String.join("\n", mutant.apply(checkout));
        } catch (PatchFailedException e) {
            throw new BrokenMutantException("does not apply to " + mutant.source() + ": " + e.getMessage());
        }
    }
}
