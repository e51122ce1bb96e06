/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.KernelSplitRow;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Replays the rows of the kernel's recording that are about anonymous memory: a folio of which some pages are mapped is
 * split, its unmapped pages are freed by that, and one that somebody has pinned stays whole. The folio is mapped by two
 * processes, both of which unmap what the recorded one did.
 */
@SuppressWarnings("NullAway.Init")
class KernelAnonymousSplitGoldenTest extends WholeEngineTest {
    private SplitSubject subject;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyRowOnAnonymousMemoryGivesTheKernelsLayout(HeadMapKind headMap) throws IOException {
        List<KernelSplitRow> rows = KernelSplitRow.read(row -> row.kind().equals("anon"));
        Set<String> seen = new TreeSet<>();
        subject = new SplitSubject(open(headMap), headMap, SplitKind.ANONYMOUS_IN_PAGE_TABLES);
        for (KernelSplitRow row : rows) {
            seen.add(row.operation());
            assertEquals(row.orders(), replay(row), () -> "line " + row.line() + ": " + row);
        }
        subject.close();
        System.out.println("KernelAnonymousSplitGoldenTest: " + headMap + ", rows replayed: " + rows.size());
        if (KernelSplitRow.isBundled()) {
            assertEquals(121, rows.size());
            assertEquals(Set.of("uniform", "dontneed+uniform", "pinned+uniform"), seen);
        }
    }

    private String replay(KernelSplitRow row) {
        long folio = subject.make(row.order());
        long trigger = 0;
        if (row.operation().equals("dontneed+uniform")) {
            subject.unmap(row.offset(0), row.offset(1) - row.offset(0));
            // The split is asked for through a page that is still mapped.
            trigger = row.offset(0) > 0 ? 0 : row.offset(1);
        }
        FolioInvariants invariants = new FolioInvariants(subject);
        // The system call with which the row was recorded says EBUSY if its split says EAGAIN.
        boolean pinned = row.status().equals("EBUSY");
        assertEquals(pinned ? "pinned+uniform" : row.operation(), row.operation());
        assertTrue(pinned || row.status().equals("ok"), row::status);
        if (pinned) {
            subject.folios.tryPin(folio);
        }
        int result = subject.splitter.splitUniform(page(trigger), row.newOrder());
        assertEquals(pinned ? Errno.EAGAIN : Errno.OK, result, () -> "line " + row.line());
        if (pinned) {
            subject.folios.unpin(folio);
            invariants.afterFailedSplit();
        } else {
            invariants.afterSplit(SplitLayouts.uniform(row.order(), row.newOrder()), trigger, 0);
        }
        long locked = pinned ? 0 : trigger;
        subject.folios.unlock(page(locked));
        subject.folios.unpin(page(locked));
        String layout = layout(row.order());
        subject.unmap(0, Geometry.pagesIn(row.order()));
        return layout;
    }

    /** Orders of the folios that are left, "-" for a run of pages that are freed. */
    private String layout(int order) {
        List<String> parts = new ArrayList<>();
        long offset = 0;
        while (offset < Geometry.pagesIn(order)) {
            long folio = page(offset);
            if (subject.folios.references(folio) > 0) {
                int pieceOrder = subject.folios.order(folio);
                parts.add(Integer.toString(pieceOrder));
                long end = offset + Geometry.pagesIn(pieceOrder);
                for (; offset < end; offset++) {
                    assertTrue(isMapped(offset), "page " + offset + " is mapped");
                }
            } else {
                if (parts.isEmpty() || !parts.getLast().equals("-")) {
                    parts.add("-");
                }
                assertFalse(isMapped(offset), "page " + offset + " is mapped");
                offset++;
            }
        }
        return String.join(",", parts);
    }

    private boolean isMapped(long offset) {
        return Objects.requireNonNull(subject.processes).isMapped(offset);
    }

    private long page(long offset) {
        return subject.folio + offset * PageStruct.BYTES;
    }
}
