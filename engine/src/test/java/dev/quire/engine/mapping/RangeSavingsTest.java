/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * How many folios range splits leave of what the kernel left, for each hole of the recorded layouts; keeps the docs'
 * table.
 */
class RangeSavingsTest extends WholeEngineTest {
    private static final Path BENCHMARKS = Path.of("..", "docs", "benchmarks.md");

    /** Holes in folios of one order. */
    private static final class Holes {
        private long nrHoles;
        private long nrKernelFolios;
        private long nrRangeFolios;
        private long nrHolesWithFewer;
        private long mostSaved;

        void add(long kernelFolios, long rangeFolios) {
            long saved = kernelFolios - rangeFolios;
            nrHoles++;
            nrKernelFolios += kernelFolios;
            nrRangeFolios += rangeFolios;
            nrHolesWithFewer += saved > 0 ? 1 : 0;
            mostSaved = Math.max(mostSaved, saved);
        }

        String row(int order) {
            double savedPercent = nrKernelFolios == 0 ? 0 : 100.0 * (nrKernelFolios - nrRangeFolios) / nrKernelFolios;
            return String.format(
                    Locale.ROOT,
                    "| %d | %d | %d | %d | %.0f %% | %d | %d |%n",
                    order,
                    nrHoles,
                    nrKernelFolios,
                    nrRangeFolios,
                    savedPercent,
                    nrHolesWithFewer,
                    mostSaved);
        }
    }

    @Test
    void neverMoreThanTheKernelAndAsTheDocsSay() throws IOException {
        Map<Integer, Holes> byOrder = new TreeMap<>();
        Quire engine = open(HeadMapKind.HEAD_BITS);
        for (KernelSplitRow row : KernelSplitRow.read(row -> row.operation().equals("punch"))) {
            long kernel = Arrays.stream(row.orders().split(",", -1))
                    .filter(order -> !order.equals("-"))
                    .count();
            long range = foliosLeftByRange(engine, row);
            assertTrue(range <= kernel, () -> "range left " + range + " folios: line " + row.line() + ": " + row);
            byOrder.computeIfAbsent(row.order(), order -> new Holes()).add(kernel, range);
        }
        StringBuilder table = new StringBuilder("""
            | order | holes | folios left by the kernel | by RANGE | fewer | holes with fewer | most for one hole |
            |---|---|---|---|---|---|---|
            """);
        byOrder.forEach((order, holes) -> table.append(holes.row(order)));
        assumeTrue(KernelSplitRow.isBundled(), "the docs' table is that of the bundled recording");
        assertTrue(
                Files.readString(BENCHMARKS).contains(table),
                () -> "table in " + BENCHMARKS + " is stale, it should be:\n" + table);
    }

    private static long foliosLeftByRange(Quire engine, KernelSplitRow row) {
        try (AddressSpace space = engine.newAddressSpace(row.minimumOrder())) {
            space.extend(Geometry.bytesIn(row.order()));
            long folio = engine.folios().allocate(row.order());
            assertEquals(Errno.OK, space.add(folio, 0), row::toString);
            engine.folios().unpin(folio);
            long start = row.offset(0) << Geometry.PAGE_SHIFT;
            space.punchHole(start, (row.offset(1) << Geometry.PAGE_SHIFT) - start, SplitPolicies.RANGE);
            return FolioLayout.count(space);
        }
    }
}
