/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Replays folio layouts that a running Linux kernel produced, one row per operation on one folio, and compares exactly.
 * {@code -Dquire.golden.kernelSplit=FILE} reads another file of the same format, which the header of the bundled one
 * explains.
 */
class KernelSplitGoldenTest extends WholeEngineTest {
    private static final long FIRST_INDEX = 3L << 20;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyRowOnFilesAndSharedMemoryGivesTheKernelsLayout(HeadMapKind headMap) throws IOException {
        List<KernelSplitRow> rows = KernelSplitRow.read(row -> !row.kind().equals("anon"));
        Set<String> seen = new TreeSet<>();
        Quire engine = open(headMap);
        for (KernelSplitRow row : rows) {
            seen.add(row.operation());
            assertEquals(row.orders(), replay(engine, row), () -> "line " + row.line() + ": " + row);
        }
        System.out.println("KernelSplitGoldenTest: " + headMap + ", rows replayed: " + rows.size());
        if (KernelSplitRow.isBundled()) {
            assertEquals(2014, rows.size());
            assertEquals(Set.of("uniform", "nonuniform", "punch", "truncate", "pinned+punch", "pinned+truncate"), seen);
        }
    }

    private String replay(Quire engine, KernelSplitRow row) {
        try (AddressSpace space = newSpace(engine, row)) {
            space.extend((FIRST_INDEX + (4L << row.order())) << Geometry.PAGE_SHIFT);
            long folio = engine.folios().allocate(row.order());
            assertEquals(0, space.add(folio, FIRST_INDEX));
            long nrFailedBefore = engine.splitStatistics().nrFailed(row.order());
            long nrSplitsBefore = engine.splitStatistics().nrSplits();
            apply(engine, space, row, folio);
            String layout = FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + (1L << row.order()));
            checkStatus(
                    row,
                    layout,
                    engine.splitStatistics().nrFailed(row.order()) - nrFailedBefore,
                    engine.splitStatistics().nrSplits() - nrSplitsBefore);
            if (row.operation().startsWith("pinned+")) {
                engine.folios().unpin(folio);
            }
            checkFolios(engine, space);
            return layout;
        }
    }

    /** As the kernel counted it: a split that failed and left the layout, or none that failed and another layout. */
    private static void checkStatus(KernelSplitRow row, String layout, long nrFailed, long nrSplits) {
        boolean failed = row.status().equals("failed");
        assertTrue(failed || row.status().equals("ok"), row::toString);
        assertEquals(failed, nrFailed > 0, () -> "line " + row.line() + ": failed splits of the folio: " + nrFailed);
        assertEquals(failed, layout.equals(Integer.toString(row.order())), () -> "line " + row.line() + ": " + layout);
        assertTrue(!failed || nrSplits == 0, () -> "line " + row.line() + ": splits: " + nrSplits);
    }

    private static AddressSpace newSpace(Quire engine, KernelSplitRow row) {
        return row.kind().equals("shmem") ? engine.newSharedMemory() : engine.newAddressSpace(row.minimumOrder());
    }

    private static void apply(Quire engine, AddressSpace space, KernelSplitRow row, long folio) {
        switch (row.operation()) {
            case "uniform" -> {
                engine.folios().lock(folio);
                // The only reason for which the kernel refused one of these is the minimum order of the mapping.
                int expected = row.status().equals("ok") ? Errno.OK : Errno.EINVAL;
                assertEquals(expected, engine.splitter().splitUniform(folio, row.newOrder()), row::toString);
                engine.folios().unlock(folio);
                engine.folios().unpin(folio);
            }
            case "nonuniform" -> {
                engine.folios().lock(folio);
                long at = folio + row.offset(0) * PageStruct.BYTES;
                assertEquals(0, engine.splitter().splitNonUniform(folio, at, row.newOrder()));
                engine.folios().unlock(folio);
                engine.folios().unpin(folio);
            }
            case "punch" -> {
                engine.folios().unpin(folio);
                punch(space, row);
            }
            case "pinned+punch" -> punch(space, row);
            case "truncate" -> {
                engine.folios().unpin(folio);
                truncate(space, row);
            }
            case "pinned+truncate" -> truncate(space, row);
            default -> throw new AssertionError("operation in line " + row.line() + ": " + row.operation());
        }
    }

    private static void punch(AddressSpace space, KernelSplitRow row) {
        long start = (FIRST_INDEX + row.offset(0)) << Geometry.PAGE_SHIFT;
        long end = (FIRST_INDEX + row.offset(1)) << Geometry.PAGE_SHIFT;
        space.punchHole(start, end - start, SplitPolicies.NON_UNIFORM);
    }

    private static void truncate(AddressSpace space, KernelSplitRow row) {
        space.truncate((FIRST_INDEX + row.offset(0)) << Geometry.PAGE_SHIFT, SplitPolicies.NON_UNIFORM);
    }
}
