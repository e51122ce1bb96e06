/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every mutant still fits the engine; whether it is caught, {@link MutantRunner} tells. */
class ShippedMutantsTest {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    private Path classes;

    private static List<Mutant> mutants() throws IOException {
        return Mutant.readAll(CHECKOUT);
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void appliesAndCompiles(Mutant mutant) throws IOException {
        assertDoesNotThrow(() -> {
            assertNotEquals(Files.readAllLines(CHECKOUT.resolve(mutant.source())), mutant.apply(CHECKOUT));
            new MutantCompiler(CHECKOUT, System.getProperty("java.class.path")).compile(mutant, classes);
        });
        try (Stream<Path> files = Files.walk(classes)) {
            assertFalse(files.noneMatch(file -> file.toString().endsWith(".class")), "no class was compiled");
        }
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void hasTestsThatMustCatchIt(Mutant mutant) {
        assertFalse(mutant.tests().isEmpty(), "no test matches " + mutant.scenario());
    }
}
