/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Replays folio layouts that a running Linux kernel produced, one row per operation on one folio, and compares exactly.
 * {@code -Dquire.golden.kernelSplit=FILE} reads another file of the same format, which the header of the bundled one
 * explains.
 */
class KernelSplitGoldenTest extends WholeEngineTest {
    private static final String BUNDLED = "kernel-split.tsv.gz";
    private static final long FIRST_INDEX = 3L << 20;

    /** What a row does to the folio. Rows on anonymous memory need page tables, which produce them. */
    private enum Operation {
        UNIFORM,
        NONUNIFORM,
        PUNCH,
        TRUNCATE,
        PINNED_PUNCH,
        PINNED_TRUNCATE
    }

    private record Row(
            int line, Operation operation, int minimumOrder, int order, int newOrder, String offsets, String orders) {
        long offset(int field) {
            return Long.parseLong(offsets.split("[:@]", -1)[field]);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyRowOnFilesAndSharedMemoryGivesTheKernelsLayout(HeadMapKind headMap) throws IOException {
        List<Row> rows = rows();
        Set<Operation> seen = EnumSet.noneOf(Operation.class);
        Quire engine = open(headMap);
        for (Row row : rows) {
            seen.add(row.operation);
            assertEquals(row.orders, replay(engine, row), () -> "line " + row.line + ": " + row);
        }
        System.out.println("KernelSplitGoldenTest: " + headMap + ", rows replayed: " + rows.size());
        if (System.getProperty("quire.golden.kernelSplit") == null) {
            assertEquals(2014, rows.size());
            assertEquals(EnumSet.allOf(Operation.class), seen);
        }
    }

    private String replay(Quire engine, Row row) {
        try (AddressSpace space = engine.newAddressSpace(row.minimumOrder)) {
            space.extend((FIRST_INDEX + (4L << row.order)) << Geometry.PAGE_SHIFT);
            long folio = engine.folios().allocate(row.order);
            assertEquals(0, space.add(folio, FIRST_INDEX));
            apply(engine, space, row, folio);
            String layout = FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + (1L << row.order));
            if (row.operation != Operation.PINNED_PUNCH && row.operation != Operation.PINNED_TRUNCATE) {
                FolioLayout.check(engine, space);
            } else {
                engine.folios().unpin(folio);
            }
            return layout;
        }
    }

    private static void apply(Quire engine, AddressSpace space, Row row, long folio) {
        switch (row.operation) {
            case UNIFORM -> {
                engine.folios().lock(folio);
                engine.splitter().splitUniform(folio, row.newOrder);
                engine.folios().unlock(folio);
                engine.folios().unpin(folio);
            }
            case NONUNIFORM -> {
                engine.folios().lock(folio);
                long at = folio + row.offset(0) * PageStruct.BYTES;
                assertEquals(0, engine.splitter().splitNonUniform(folio, at, row.newOrder));
                engine.folios().unlock(folio);
                engine.folios().unpin(folio);
            }
            case PUNCH -> {
                engine.folios().unpin(folio);
                punch(space, row);
            }
            case PINNED_PUNCH -> punch(space, row);
            case TRUNCATE -> {
                engine.folios().unpin(folio);
                truncate(space, row);
            }
            case PINNED_TRUNCATE -> truncate(space, row);
        }
    }

    private static void punch(AddressSpace space, Row row) {
        long start = (FIRST_INDEX + row.offset(0)) << Geometry.PAGE_SHIFT;
        long end = (FIRST_INDEX + row.offset(1)) << Geometry.PAGE_SHIFT;
        space.punchHole(start, end - start, SplitPolicies.NON_UNIFORM);
    }

    private static void truncate(AddressSpace space, Row row) {
        space.truncate((FIRST_INDEX + row.offset(0)) << Geometry.PAGE_SHIFT, SplitPolicies.NON_UNIFORM);
    }

    private static List<Row> rows() throws IOException {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(source(), StandardCharsets.UTF_8))) {
            List<String> lines = reader.readAllLines();
            return java.util.stream.IntStream.range(0, lines.size())
                    .filter(line -> !lines.get(line).startsWith("#"))
                    .mapToObj(line -> row(line + 1, lines.get(line)))
                    .filter(Objects::nonNull)
                    .toList();
        }
    }

    private static InputStream source() throws IOException {
        String file = System.getProperty("quire.golden.kernelSplit");
        return file == null
                ? new GZIPInputStream(Objects.requireNonNull(KernelSplitGoldenTest.class.getResourceAsStream(BUNDLED)))
                : Files.newInputStream(Path.of(file));
    }

    private static @Nullable Row row(int line, String text) {
        String[] fields = text.split("\t", -1);
        assertEquals(8, fields.length, "fields in line " + line);
        String kind = fields[1];
        if (kind.equals("anon")) {
            return null;
        }
        int newOrder = Integer.parseInt(fields[4]);
        int minimumOrder = kind.startsWith("file-min") ? Integer.parseInt(kind.substring(8)) : newOrder;
        assertTrue(kind.equals("file") || kind.equals("shmem") || kind.startsWith("file-min"), "kind in line " + line);
        Operation operation =
                Operation.valueOf(fields[3].toUpperCase(java.util.Locale.ROOT).replace('+', '_'));
        return new Row(line, operation, minimumOrder, Integer.parseInt(fields[2]), newOrder, fields[5], fields[6]);
    }
}
