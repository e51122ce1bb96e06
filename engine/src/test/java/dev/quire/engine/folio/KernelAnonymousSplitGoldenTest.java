/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.KernelSplitRow;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Replays the rows of the kernel's recording that are about anonymous memory: a folio of which some pages are mapped is split,
 * its unmapped pages are freed by that, and one that somebody has pinned stays whole. What the page tables would do is done by
 * {@link RecordedMappers}.
 */
@SuppressWarnings("NullAway.Init")
class KernelAnonymousSplitGoldenTest extends WholeEngineTest {
    private SplitSubject subject;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyRowOnAnonymousMemoryGivesTheKernelsLayout(HeadMapKind headMap) throws IOException {
        List<KernelSplitRow> rows = KernelSplitRow.read(row -> row.kind().equals("anon"));
        Set<String> seen = new TreeSet<>();
        subject = new SplitSubject(open(headMap), headMap, SplitKind.ANONYMOUS_MAPPED);
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
            subject.mappers.unmapAll(subject.folios, page(row.offset(0)), row.offset(1) - row.offset(0));
            // The split is asked for through a page that is still mapped.
            trigger = row.offset(0) > 0 ? 0 : row.offset(1);
        }
        FolioInvariants invariants = new FolioInvariants(subject);
        boolean pinned = row.operation().equals("pinned+uniform");
        if (pinned) {
            subject.folios.tryPin(folio);
        }
        int result = subject.splitter.splitUniform(page(trigger), row.newOrder());
        assertEquals(pinned ? Errno.EAGAIN : Errno.OK, result, () -> "line " + row.line());
        if (pinned) {
            subject.folios.unpin(folio);
            invariants.afterFailure();
        } else {
            invariants.afterSuccess(SplitLayouts.uniform(row.order(), row.newOrder()), trigger, 0);
        }
        long locked = pinned ? 0 : trigger;
        subject.folios.unlock(page(locked));
        subject.folios.unpin(page(locked));
        String layout = layout(row.order());
        subject.mappers.unmapAll(subject.folios, folio, Geometry.pagesIn(row.order()));
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
                assertEquals(Geometry.pagesIn(pieceOrder), subject.mappers.nrMapped(folio, pieceOrder), "mapped pages");
                parts.add(Integer.toString(pieceOrder));
                offset += Geometry.pagesIn(pieceOrder);
            } else {
                if (parts.isEmpty() || !parts.getLast().equals("-")) {
                    parts.add("-");
                }
                offset++;
            }
        }
        return String.join(",", parts);
    }

    private long page(long offset) {
        return subject.folio + offset * PageStruct.BYTES;
    }
}
