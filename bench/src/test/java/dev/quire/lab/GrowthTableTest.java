/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrowthTableTest {
    private static final String HEADER =
            "\"Benchmark\",\"Mode\",\"Threads\",\"Samples\",\"Score\",\"Score Error (99.9%)\",\"Unit\",\"Param:"
                + " checked\",\"Param: headMap\",\"Param: hugePages\",\"Param: order\",\"Param: pieceOrders\",\"Param:"
                + " policy\"\n";
    private static final String NAME = "\"dev.quire.bench.FolioSplitGrowthBenchmark.split";

    @TempDir
    private Path folder;

    private static String result(String suffix, String score, String headMap, int order, String policy) {
        return result(suffix, score, headMap, order, "ALL", policy);
    }

    private static String result(
            String suffix, String score, String headMap, int order, String pieceOrders, String policy) {
        return NAME + suffix + "\",\"avgt\",1,5," + score + ",1.5,\"ns/op\",true," + headMap + ",true," + order + ","
                + pieceOrders + "," + policy + "\n";
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("growth.csv"), text);
    }

    @Test
    void rowsAreSortedByOrderAndTimesHaveThreeDigits() throws IOException {
        Path file = file(HEADER
                + result("", "1423456.789000", "HEAD_BITS", 18, "UNIFORM")
                + result(":bytesPerSplit", "19207192.000000", "HEAD_BITS", 18, "UNIFORM")
                + result("", "267123.400000", "TAIL_WORDS", 18, "NON_UNIFORM")
                + result("", "3612.000000", "HEAD_BITS", 9, "UNIFORM")
                + result("", "999.600000", "TAIL_WORDS", 9, "RANGE")
                + result("", "64.240000", "HEAD_BITS", 9, "NON_UNIFORM"));
        assertEquals("""
            | order | folio | UNIFORM, HEAD_BITS | UNIFORM, TAIL_WORDS | NON_UNIFORM, HEAD_BITS \
            | NON_UNIFORM, TAIL_WORDS | RANGE, HEAD_BITS | RANGE, TAIL_WORDS |
            |---|---|---|---|---|---|---|---|
            | 9 | 2 MiB | 3.61 us | | 64.2 ns | | | 1.00 us |
            | 18 | 1 GiB | 1.42 ms | | | 267 us | | |
            """, GrowthTable.read(file).markdown());
    }

    @Test
    void thereIsAColumnForEachMethodThatWasMeasured() throws IOException {
        Path file = file(HEADER
                + result("", "1400000.000000", "HEAD_BITS", 18, "STAGED")
                + result("", "1300000.000000", "HEAD_BITS", 18, "UNIFORM"));
        assertEquals("""
            | order | folio | UNIFORM, HEAD_BITS | UNIFORM, TAIL_WORDS | STAGED, HEAD_BITS | STAGED, TAIL_WORDS |
            |---|---|---|---|---|---|
            | 18 | 1 GiB | 1.30 ms | | 1.40 ms | |
            """, GrowthTable.read(file).markdown());
    }

    @Test
    void piecesOfFewerOrdersHaveColumnsOfTheirOwn() throws IOException {
        Path file = file(HEADER
                + result("", "70.000000", "HEAD_BITS", 9, "MTHP", "NON_UNIFORM")
                + result("", "80.000000", "HEAD_BITS", 9, "RANGE")
                + result("", "60.000000", "HEAD_BITS", 9, "NON_UNIFORM"));
        assertEquals("""
            | order | folio | NON_UNIFORM, HEAD_BITS | NON_UNIFORM, TAIL_WORDS | NON_UNIFORM (MTHP), HEAD_BITS \
            | NON_UNIFORM (MTHP), TAIL_WORDS | RANGE, HEAD_BITS | RANGE, TAIL_WORDS |
            |---|---|---|---|---|---|---|---|
            | 9 | 2 MiB | 60.0 ns | | 70.0 ns | | 80.0 ns | |
            """, GrowthTable.read(file).markdown());
    }

    @Test
    void whatIsNoResultOfTheBenchmarkIsRefused() throws IOException {
        assertThrows(LabException.class, () -> GrowthTable.read(file("")));
        assertThrows(LabException.class, () -> GrowthTable.read(file(HEADER)));
        Path wrongUnit = file(HEADER + result("", "1", "HEAD_BITS", 9, "RANGE").replace("ns/op", "us/op"));
        LabException refused = assertThrows(LabException.class, () -> GrowthTable.read(wrongUnit));
        assertTrue(String.valueOf(refused.getMessage()).contains(":2: "), refused::getMessage);
        Path wrongPolicy = file(HEADER + result("", "1", "HEAD_BITS", 9, "ANY"));
        assertThrows(LabException.class, () -> GrowthTable.read(wrongPolicy));
        Path withoutColumn =
                file(HEADER.replace("Param: order", "Param: other") + result("", "1", "HEAD_BITS", 9, "RANGE"));
        assertThrows(LabException.class, () -> GrowthTable.read(withoutColumn));
    }

    /** Results in the documentation, where it is there, are those of the files beside it. */
    @ParameterizedTest
    @ValueSource(strings = {"folio-split-growth.csv", "folio-split-growth-staged.csv", "folio-split-growth-mthp.csv"})
    void theDocumentedTablesAreThoseOfTheDocumentedResults(String name) throws IOException {
        Path docs = Path.of("../docs");
        assumeTrue(Files.isDirectory(docs), "no documentation here");
        String documented = Files.readString(docs.resolve("benchmarks.md"));
        String table = GrowthTable.read(docs.resolve("results").resolve(name)).markdown();
        List<String> missing =
                table.lines().filter(line -> !documented.contains(line + "\n")).toList();
        assertEquals(List.of(), missing);
        assertTrue(documented.contains("\n\n" + table + "\n"), table);
    }
}
