/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pages of a file that page tables show: what a fault maps, what unmaps it, and what comes back. */
class FileMappingTest extends FileMappingFixture {
    // ---- faults

    @Test
    void aFaultBringsInThePageAndReadsAhead() throws IOException {
        write(0, 20);
        file.sync();
        assertEquals(20, file.evict(0, 20 * PAGE));
        try (FileMapping mapping = file.map(tables, BASE, NR_PAGES, 0)) {
            assertEquals(BASE, mapping.address());
            assertEquals(NR_PAGES, mapping.nrPages());
            assertEquals(0, mapping.firstIndex());
            assertEquals(0, file.nrCachedPages(), "nothing comes in before it is used");
            assertEquals(PageWalker.NOT_PINNED, walker.pin(BASE, false));
            assertEquals(valueOf(0), read(mapping, BASE + 17));
            assertEquals(4, file.nrCachedPages());
            assertEquals(pages(0, 1), leaves(mapping));
            for (int page = 0; page < 20; page++) {
                assertEquals(valueOf(page), read(mapping, BASE + (long) page * PAGE + 4095));
            }
            assertTrue(file.nrCachedPages() > 20, "read ahead: " + file.nrCachedPages());
            assertTrue(leaves(mapping).containsAll(pages(0, 20)));
        }
        assertEquals(PageTableEntry.NONE, walker.entry(BASE));
        file.forEachFolio((index, order, folio) -> assertEquals(0, FolioMapcounts.total(folio)));
    }

    @Test
    void aFaultMapsTheWholeFolio() throws IOException {
        write(16, 16);
        try (FileMapping mapping = file.map(tables, BASE, NR_PAGES, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE + 21 * PAGE, false));
            assertEquals(pages(16, 32), leaves(mapping));
            long folio = pin(16);
            assertEquals(4, folios.order(folio));
            assertEquals(16, FolioMapcounts.total(folio));
            assertEquals(16 + 16 + 1, folios.references(folio));
            folios.unpin(folio);
            assertEquals(Errno.OK, mapping.faultIn(BASE + 16 * PAGE, false), "is there already");
        }
    }

    @Test
    void aFaultMapsWhatTheRegionShowsOfTheFolio() throws IOException {
        write(16, 16);
        try (FileMapping mapping = file.map(tables, BASE, 4, 22)) {
            assertEquals(valueOf(23), read(mapping, BASE + PAGE));
            assertEquals(pages(22, 26), leaves(mapping));
        }
    }

    /** Where part of the folio is mapped already, the largest vacant block around the page is. */
    @Test
    void aFaultMapsWhatIsVacant() throws IOException {
        write(16, 16);
        try (FileMapping mapping = file.map(tables, BASE, NR_PAGES, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE + 16 * PAGE, false));
            tables.unmap(BASE + 20 * PAGE, 7);
            assertEquals(valueOf(21), read(mapping, BASE + 21 * PAGE));
            List<String> expected = new ArrayList<>(pages(16, 24));
            expected.addAll(pages(27, 32));
            assertEquals(expected, leaves(mapping));
            assertEquals(valueOf(24), read(mapping, BASE + 24 * PAGE));
            expected.addAll(8, pages(24, 26));
            assertEquals(expected, leaves(mapping));
        }
    }

    @Test
    void aLargeFolioGetsALargeLeafWhereItsAddressAllows() throws IOException {
        write(0, NR_PAGES);
        try (FileMapping aligned = file.map(tables, BASE, NR_PAGES, 0);
                FileMapping misaligned = file.map(tables, 2 * BASE + PAGE, NR_PAGES, 0);
                FileMapping tooShort = file.map(tables, 3 * BASE, 511, 0)) {
            assertEquals(valueOf(600), read(aligned, BASE + 600L * PAGE));
            assertEquals(List.of("512/9"), leaves(aligned));
            assertEquals(valueOf(3), read(aligned, BASE + 3 * PAGE));
            assertEquals(List.of("0/9", "512/9"), leaves(aligned));
            assertEquals(valueOf(3), read(misaligned, 2 * BASE + PAGE + 3 * PAGE));
            assertEquals(pages(0, 512), leaves(misaligned));
            assertEquals(valueOf(3), read(tooShort, 3 * BASE + 3 * PAGE));
            assertEquals(pages(0, 511), leaves(tooShort));
            long folio = pin(0);
            assertEquals(1, FolioMapcounts.entire(folio));
            assertEquals(1 + 512 + 511, FolioMapcounts.total(folio));
            folios.unpin(folio);
        }
    }

    @Test
    void nothingIsWrittenThroughAMapping() throws IOException {
        write(0, 4);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 4, 0)) {
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE, true));
            assertEquals(PageWalker.NOT_PINNED, walker.pinOrFault(BASE, true, mapping));
            assertEquals(valueOf(0), read(mapping, BASE));
            assertEquals(PageWalker.NOT_PINNED, walker.pinOrFault(BASE, true, mapping));
            assertFalse(walker.touch(BASE, true));
            assertTrue(walker.touch(BASE, false));
            long folio = pin(0);
            folios.lock(folio);
            tables.unmap(BASE, 4);
            assertEquals(
                    "the region is read-only: start=0x10000000000",
                    assertThrows(IllegalArgumentException.class, () -> tables.map(BASE, folio, 0, 4, true))
                            .getMessage());
            assertEquals(List.of(), leaves(mapping));
            folios.unlock(folio);
            assertFalse(PageFlag.DIRTY.isSet(PageStruct.flags(folio)));
            assertTrue(PageFlag.REFERENCED.isSet(PageStruct.flags(folio)));
            folios.unpin(folio);
        }
    }

    @Test
    void whatIsWrittenToTheFileIsSeenAtOnce() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 4, 0)) {
            assertEquals(0, read(mapping, BASE + 2 * PAGE));
            write(2, 1);
            assertEquals(valueOf(2), read(mapping, BASE + 2 * PAGE));
        }
    }

    // ---- what unmaps

    @Test
    void aFaultBehindTheEndOfTheFileIsRefused() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 2 * NR_PAGES, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE + (NR_PAGES - 1L) * PAGE, false));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + (long) NR_PAGES * PAGE, false));
            assertEquals(-1, read(mapping, BASE + (long) NR_PAGES * PAGE));
            file.truncate((NR_PAGES + 1L) * PAGE - 4095);
            assertEquals(0, read(mapping, BASE + (long) NR_PAGES * PAGE + 4095));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + (NR_PAGES + 1L) * PAGE, false));
        }
    }

    @Test
    void aTruncationUnmapsInAllProcesses() throws IOException {
        write(0, 16);
        try (PageTables other = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, 16, 0);
                FileMapping others = file.map(other, 0, 10, 6)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            assertEquals(Errno.OK, others.faultIn(0, false));
            long page = walker.pin(BASE + 15 * PAGE, false);
            walker.unpin(page);
            file.truncate(10 * PAGE + 100);
            assertEquals(List.of(), leaves(mapping), "the folio was split");
            assertEquals(PageTableEntry.NONE, other.newWalker(reader).entry(9 * PAGE));
            assertEquals(-1, read(mapping, BASE + 11 * PAGE));
            assertEquals(11, read(mapping, BASE + 10 * PAGE + 99));
            assertEquals(0, read(mapping, BASE + 10 * PAGE + 100));
            file.truncate(12 * PAGE);
            assertEquals(0, read(mapping, BASE + 11 * PAGE), "cut off, not hidden");
        }
    }

    /** Who holds a folio keeps it from being split; its pages behind the end are there, but nobody gets them mapped. */
    @Test
    void aFolioAcrossTheEndIsMappedUpToTheEnd() throws IOException {
        write(0, 16);
        try (FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertEquals(valueOf(12), read(mapping, BASE + 12 * PAGE));
            long folio = pin(0);
            file.truncate(5 * PAGE + 1);
            assertEquals(4, folios.order(folio));
            assertEquals(0, FolioMapcounts.total(folio));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + 6 * PAGE, false));
            assertEquals(valueOf(1), read(mapping, BASE + PAGE));
            assertEquals(pages(0, 6), leaves(mapping));
            folios.unpin(folio);
        }
    }

    @Test
    void aHoleReadsAsZeroThroughTheMapping() throws IOException {
        write(0, 16);
        try (FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertEquals(valueOf(12), read(mapping, BASE + 12 * PAGE));
            file.punchHole(4 * PAGE + 1, 2 * PAGE);
            int[] seen = new int[16];
            for (int page = 0; page < 16; page++) {
                seen[page] = read(mapping, BASE + (long) page * PAGE + 2);
            }
            for (int page = 0; page < 16; page++) {
                assertEquals(page >= 4 && page < 6 ? 0 : valueOf(page), seen[page], "page " + page);
            }
            assertEquals(valueOf(4), read(mapping, BASE + 4 * PAGE));
        }
    }

    @Test
    void splitsAndMergesUnmapAndTheTruthComesBack() throws IOException {
        write(0, 512);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 512, 0)) {
            assertEquals(valueOf(5), read(mapping, BASE + 5 * PAGE));
            assertEquals(List.of("0/9"), leaves(mapping));
            long folio = pin(0);
            folios.lock(folio);
            assertEquals(
                    Errno.OK,
                    engine.splitter()
                            .split(folio, SplitPolicies.NON_UNIFORM, 0, 1, 4, SplitPolicies.ALL_ORDERS, false));
            folios.unlock(folio);
            folios.unpin(folio);
            assertEquals(List.of(), leaves(mapping));
            assertEquals(valueOf(5), read(mapping, BASE + 5 * PAGE));
            assertEquals(pages(0, 16), leaves(mapping));
            long first = pin(0);
            folios.lock(first);
            assertEquals(Errno.OK, engine.merger().merge(first, 9));
            folios.unlock(first);
            folios.unpin(first);
            assertEquals(List.of(), leaves(mapping));
            assertEquals(valueOf(500), read(mapping, BASE + 500 * PAGE));
            assertEquals(List.of("0/9"), leaves(mapping));
        }
    }

    @Test
    void evictionSparesWhatIsMapped() throws IOException {
        write(0, 32);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            long folio = pin(0);
            int nrPages = 1 << folios.order(folio);
            folios.unpin(folio);
            assertEquals(32 - nrPages, file.evict(0, NR_PAGES * PAGE));
        }
        assertTrue(file.evict(0, NR_PAGES * PAGE) > 0);
        assertEquals(0, file.nrCachedPages());
    }

    @Test
    void reclaimUnmapsWhatWasNotUsedLatelyAndSparesTheRest() throws IOException {
        write(0, 16);
        write(16, 16);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 32, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            assertEquals(Errno.OK, mapping.faultIn(BASE + 16 * PAGE, false));
            forgetUse(0);
            forgetUse(16);
            for (int page = 0; page < 16; page++) {
                assertTrue(walker.touch(BASE + (long) page * PAGE, false));
            }
            assertEquals(16, engine.pageCache().reclaim(1));
            assertEquals(pages(0, 16), leaves(mapping), "the older one was used");
            assertFalse(PageTableEntry.isAccessed(walker.entry(BASE)), "its use was noted");
            assertEquals(16, engine.pageCache().reclaim(1), "not used again since");
            assertEquals(List.of(), leaves(mapping));
            assertEquals(0, file.nrCachedPages());
            assertEquals(valueOf(20), read(mapping, BASE + 20 * PAGE));
        }
    }

    /** Of a large folio that is mapped as pages, reclaim keeps those that were used. */
    @Test
    void reclaimKeepsThePartThatWasUsed() throws IOException {
        write(0, 16);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            forgetUse(0);
            assertTrue(walker.touch(BASE + 8 * PAGE, false));
            assertTrue(walker.touch(BASE + 11 * PAGE, false));
            assertEquals(12, engine.pageCache().reclaim(1));
            assertEquals(4, file.nrCachedPages());
            long folio = pin(8);
            assertEquals(2, folios.order(folio));
            folios.unpin(folio);
            assertEquals(valueOf(9), read(mapping, BASE + 9 * PAGE));
            assertEquals(pages(8, 12), leaves(mapping));
        }
    }

    private void forgetUse(long index) {
        long folio = pin(index);
        FolioUse.takeUsedAgain(folio);
        FolioUse.takeUsedParts(folio, folios.order(folio));
        folios.unpin(folio);
    }

    @Test
    void reclaimLeavesAFolioThatSomebodyHoldsMapped() throws IOException {
        write(0, 16);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            forgetUse(0);
            long page = walker.pin(BASE + 3 * PAGE, false);
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(pages(0, 16), leaves(mapping));
            walker.unpin(page);
        }
    }
}
