/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.github.difflib.patch.PatchFailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MutantTest {
    private static final String SOURCE = "engine/src/main/java/Engine.java";
    private static final List<String> ENGINE = List.of(
            "class Engine {",
            "    // doors",
            "    void run() {",
            "        lock();",
            "        work();",
            "        unlock();",
            "    }",
            "}");
    private static final List<String> PATCH = List.of(
            "Guarantee: Work is done under the lock.",
            "Scenario: PinVsFree$",
            "Why: The lock is taken after it.",
            "--- a/" + SOURCE,
            "+++ b/" + SOURCE,
            "@@ -2,7 +2,7 @@",
            "     // doors",
            "     void run() {",
            "-        lock();",
            "         work();",
            "+        lock();",
            "         unlock();",
            "     }",
            " }");
    private static final List<String> MUTATED = List.of(
            "class Engine {",
            "    // doors",
            "    void run() {",
            "        work();",
            "        lock();",
            "        unlock();",
            "    }",
            "}");

    @TempDir
    private Path checkout;

    @BeforeEach
    void writeEngine() throws IOException {
        Files.createDirectories(checkout.resolve(SOURCE).getParent());
        Files.write(checkout.resolve(SOURCE), ENGINE);
    }

    @Test
    void parsesHeaderAndTarget() {
        Mutant mutant = Mutant.parse("late-lock", PATCH);
        assertEquals("late-lock", mutant.name());
        assertEquals("Work is done under the lock.", mutant.guarantee());
        assertEquals("PinVsFree$", mutant.scenario().pattern());
        assertEquals("The lock is taken after it.", mutant.reason());
        assertEquals(Path.of(SOURCE), mutant.source());
    }

    @Test
    void applies() throws IOException, PatchFailedException {
        assertEquals(MUTATED, Mutant.parse("late-lock", PATCH).apply(checkout));
    }

    @Test
    void appliesWhereTheLinesHaveMoved() throws IOException, PatchFailedException {
        List<String> moved = new ArrayList<>(ENGINE);
        moved.addAll(0, List.of("import a;", "import b;", "import c;"));
        Files.write(checkout.resolve(SOURCE), moved);
        List<String> expected = new ArrayList<>(MUTATED);
        expected.addAll(0, List.of("import a;", "import b;", "import c;"));
        assertEquals(expected, Mutant.parse("late-lock", PATCH).apply(checkout));
    }

    @Test
    void appliesWhereTwoLinesOfContextHaveChanged() throws IOException, PatchFailedException {
        List<String> changed = new ArrayList<>(ENGINE);
        changed.set(1, "    // other doors");
        changed.set(2, "    void run(int times) {");
        Files.write(checkout.resolve(SOURCE), changed);
        List<String> expected = new ArrayList<>(MUTATED);
        expected.set(1, "    // other doors");
        expected.set(2, "    void run(int times) {");
        assertEquals(expected, Mutant.parse("late-lock", PATCH).apply(checkout));
    }

    @Test
    void doesNotApplyWhereTheMutatedLineIsGone() throws IOException {
        List<String> changed = new ArrayList<>(ENGINE);
        changed.set(3, "        tryLock();");
        Files.write(checkout.resolve(SOURCE), changed);
        Mutant mutant = Mutant.parse("late-lock", PATCH);
        assertThrows(PatchFailedException.class, () -> mutant.apply(checkout));
    }

    @Test
    void refusesIncompleteHeader() {
        for (int field = 0; field < 3; field++) {
            List<String> lines = new ArrayList<>(PATCH);
            String key = lines.remove(field).split(" ", -1)[0];
            assertRefused("no line starts with \"" + key + " \"", lines);
        }
    }

    @Test
    void refusesTwoHunks() {
        List<String> lines = new ArrayList<>(PATCH);
        lines.addAll(PATCH.subList(5, PATCH.size()));
        assertRefused("more than one hunk", lines);
    }

    @Test
    void refusesTooLittleContext() {
        List<String> lines = new ArrayList<>(PATCH);
        lines.remove(6);
        assertRefused("needs 2 lines of context before and after its change", lines);
    }

    @Test
    void refusesSourcesOutsideTheEngine() {
        List<String> lines = new ArrayList<>(PATCH);
        lines.set(3, "--- a/engine/src/main/java/../../test/java/EngineTest.java");
        assertRefused("not an engine source: engine/src/main/java/../../test/java/EngineTest.java", lines);
    }

    private static void assertRefused(String problem, List<String> lines) {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> Mutant.parse("late-lock", lines));
        assertEquals("mutant late-lock: " + problem, refusal.getMessage());
    }
}
