/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GuestScenarioReaderTest {
    private static GuestScenario read(String... lines) {
        return GuestScenarioReader.read("t.guest", String.join("\n", lines));
    }

    private static String operations(GuestScenario scenario) {
        StringBuilder text = new StringBuilder();
        for (GuestOperation operation : scenario.operations()) {
            text.append(text.isEmpty() ? "" : " ")
                    .append(operation.kind())
                    .append(' ')
                    .append(operation.offsetBytes() / 4096)
                    .append('+')
                    .append(operation.lengthBytes() / 4096);
        }
        return text.toString();
    }

    @Test
    void everyStatement() {
        GuestScenario scenario = read(
                "# What it is.",
                "",
                "  memory 8MiB huge 2MiB   # not the title",
                "allocate 0 8MiB",
                "shared 4096 8KiB",
                "private 1MiB 4096",
                "hole 2MiB 2MiB");
        assertEquals("What it is.", scenario.title());
        assertEquals(8 << 20, scenario.memoryBytes());
        assertEquals(9, scenario.hugeOrder());
        assertEquals("ALLOCATE 0+2048 SHARED 1+2 PRIVATE 256+1 HOLE 512+512", operations(scenario));
        assertEquals(2, scenario.nrConversions());
        assertEquals("t.guest", scenario.name());
    }

    @Test
    void repetitionsAreWrittenOut() {
        assertEquals(
                "SHARED 0+1 SHARED 2+1 SHARED 4+1 HOLE 0+1 HOLE 0+1",
                operations(read(
                        "memory 1GiB huge 1GiB",
                        "repeat 3 step 8KiB",
                        "shared 0 4KiB",
                        "end",
                        "repeat 2",
                        "hole 0 4096",
                        "end")));
        assertEquals(
                "SHARED 0+1 SHARED 1+1 SHARED 16+1 SHARED 17+1",
                operations(read(
                        "memory 1GiB huge 1GiB",
                        "repeat 2 step 64KiB",
                        "repeat 2 step 4KiB",
                        "shared 0 4KiB",
                        "end",
                        "end")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "shared 0 4096 | 1: the first statement must be memory: shared",
                "memory 1GiB | 1: not memory SIZE huge SIZE, once",
                "memory 1GiB huge 4MiB | 1: huge pages of neither 2MiB nor 1GiB: 4MiB",
                "memory 3MiB huge 2MiB | 1: size is no multiple of the huge page: 3MiB",
                "memory 0 huge 2MiB | 1: size is no multiple of the huge page: 0",
                "memory 2MiB huge 2MiB;memory 2MiB huge 2MiB | 2: not memory SIZE huge SIZE, once",
                "memory 2MiB huge 2MiB;share 0 4096 | 2: no such statement: share",
                "memory 2MiB huge 2MiB;shared 0 | 2: not shared OFFSET LENGTH",
                "memory 2MiB huge 2MiB;shared 0 100 | 2: range out of bounds or not aligned to pages: offset=0,"
                        + " length=100",
                "memory 2MiB huge 2MiB;hole 0 0 | 2: range out of bounds or not aligned to pages: offset=0, length=0",
                "memory 2MiB huge 2MiB;hole 2MiB 4KiB | 2: range out of bounds or not aligned to pages:"
                        + " offset=2097152, length=4096",
                "memory 2MiB huge 2MiB;hole -1 4KiB | 2: no number, or too large: -1",
                "memory 2MiB huge 2MiB;hole 0 4KB | 2: no number, or too large: 4KB",
                "memory 9999999999GiB huge 2MiB | 1: no number, or too large: 9999999999GiB",
                "memory 65536GiB huge 1GiB | 1: memory larger than 32768GiB: 65536GiB",
                "memory 2MiB huge 2MiB;repeat 2;hole 0 4KiB | 2: repeat without end",
                "memory 2MiB huge 2MiB;end | 2: end without repeat",
                "memory 2MiB huge 2MiB;repeat 0 | 2: count out of range: 0",
                "memory 2MiB huge 2MiB;repeat 2 by 3 | 2: not repeat COUNT [step BYTES]",
                "memory 2MiB huge 2MiB;repeat 3 step 1MiB;hole 0 4KiB;end | 4: range out of bounds or not aligned to"
                        + " pages: offset=2097152, length=4096",
                "memory 2MiB huge 2MiB;repeat 1000000;hole 0 4KiB;hole 0 4KiB;end | 5: too many operations:"
                        + " max=1000000",
                "'' | 0: no memory statement",
            })
    void whatIsWrongIsSaidWithItsLine(String lines, String message) {
        LabException failure = assertThrows(LabException.class, () -> read(lines.split(";")));
        assertEquals("t.guest:" + message, failure.getMessage());
    }

    private static List<String> bundled() {
        return GuestScenarioReader.bundledNames();
    }

    @ParameterizedTest
    @MethodSource("bundled")
    void everyBundledScenarioCanBeReadAndHasATitle(String name) throws IOException {
        GuestScenario scenario = GuestScenarioReader.open(name);
        assertTrue(scenario.nrConversions() > 50, name);
        assertTrue(scenario.title().endsWith("."), name);
    }

    @Test
    void aFileIsReadToo(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("a.guest"), "memory 2MiB huge 2MiB\nshared 0 4KiB\n");
        assertEquals(1, GuestScenarioReader.open(file.toString()).nrConversions());
        String missing = folder.resolve("b.guest").toString();
        assertThrows(LabException.class, () -> GuestScenarioReader.open(missing));
    }
}
