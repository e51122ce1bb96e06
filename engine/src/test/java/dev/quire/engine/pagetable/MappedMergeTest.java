/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Merges pieces of anonymous memory that processes map: each process sees the same pages before and after. */
@SuppressWarnings("NullAway.Init")
class MappedMergeTest extends WholeEngineTest {
    private static final long FIRST_INDEX = 1L << 20;

    /** A multiple of 1 GiB. */
    private static final long BASE = 1L << 40;

    private Quire engine;
    private Folios folios;
    private AnonVma owner;
    private PageTables tables;
    private PageTables other;
    private RcuReader reader;

    private void openProcesses(HeadMapKind headMap) {
        engine = open(headMap);
        folios = engine.folios();
        owner = engine.newAnonVma();
        tables = engine.newPageTables();
        other = engine.newPageTables();
        reader = engine.newReader();
    }

    @AfterEach
    void closeProcesses() {
        reader.close();
        other.close();
        tables.close();
        owner.close();
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    private static long address(long offset) {
        return BASE + (offset << 12);
    }

    /** A locked folio of a new engine, that belongs at the first index, where the first process has a region for it. */
    private long newFolio(HeadMapKind headMap, int order) {
        openProcesses(headMap);
        long folio = folios.allocate(order);
        owner.adopt(folio, FIRST_INDEX);
        tables.addRegion(BASE, 1L << order, owner, FIRST_INDEX);
        folios.lock(folio);
        return folio;
    }

    /** The same, mapped there page by page. */
    private long newMapped(HeadMapKind headMap, int order) {
        long folio = newFolio(headMap, order);
        assertEquals(Errno.OK, tables.map(BASE, folio, 0, 1L << order, true));
        return folio;
    }

    /** The same, mapped there by one entry of 2 MiB or 1 GiB. */
    private long newMappedHuge(HeadMapKind headMap, int order) {
        long folio = newFolio(headMap, order);
        assertEquals(Errno.OK, tables.mapHuge(BASE, folio, 0, order, true));
        return folio;
    }

    /** Splits a locked folio; the test has a reference to each piece. */
    private void split(long folio, int newOrder) {
        assertEquals(
                Errno.OK,
                engine.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, newOrder, SplitPolicies.ALL_ORDERS, true));
    }

    private int merge(long folio, int order) {
        return engine.merger().merge(folio, order);
    }

    /** All leaves and migration entries of a process, as they are. */
    private List<String> leaves(PageTables process, long start, long end) {
        List<String> leaves = new ArrayList<>();
        process.newWalker(reader)
                .forEachLeaf(
                        start,
                        end,
                        (address, order, entry) ->
                                leaves.add(Long.toHexString(address) + " " + order + " " + Long.toHexString(entry)));
        return leaves;
    }

    private List<String> leaves(int order) {
        return leaves(tables, BASE, address(1L << order));
    }

    private void assertCounts(long folio, int references, int total, int entire, int nrPagesMapped) {
        assertEquals(references, folios.references(folio), "references");
        assertEquals(total, FolioMapcounts.total(folio), "leaves");
        assertEquals(entire, FolioMapcounts.entire(folio), "leaves of the whole");
        assertEquals(nrPagesMapped, FolioMapcounts.nrPagesMapped(folio), "pages that smaller leaves map");
    }

    private void release(long folio) {
        folios.unlock(folio);
        folios.unpin(folio);
    }

    // ---- one process

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, 2, 0", "HEAD_BITS, 4, 0", "HEAD_BITS, 4, 2", "HEAD_BITS, 8, 4",
        "TAIL_WORDS, 2, 0", "TAIL_WORDS, 4, 0", "TAIL_WORDS, 4, 2", "TAIL_WORDS, 8, 4"
    })
    void thereAndBackEveryEntryIsWhatItWas(HeadMapKind headMap, int order, int pieceOrder) {
        long folio = newMapped(headMap, order);
        PageWalker walker = tables.newWalker(reader);
        assertTrue(walker.touch(address(1), true));
        assertTrue(walker.touch(address(3), false));
        tables.writeProtect(address(2), 1);
        List<String> before = leaves(order);
        split(folio, pieceOrder);
        assertEquals(Errno.OK, merge(folio, order));

        assertEquals(before, leaves(order));
        assertEquals(order, folios.order(folio));
        assertCounts(folio, (1 << order) + 1, 1 << order, 0, 1 << order);
        assertEquals(1, engine.accounting().counters().nrAnonymous(order));
        for (long offset = 0; offset < 1L << order; offset++) {
            assertEquals(folio, folios.headOf(page(folio, offset)));
        }
        long pinned = walker.pin(address((1L << order) - 1), true);
        assertEquals(page(folio, (1L << order) - 1), pinned);
        walker.unpin(pinned);
        release(folio);
    }

    /** The pieces are mapped by pages; the whole by one entry, if there is memory for the table to split it with. */
    @ParameterizedTest
    @CsvSource({"HEAD_BITS, true", "HEAD_BITS, false", "TAIL_WORDS, true", "TAIL_WORDS, false"})
    void twoMebibytesGetOneEntry(HeadMapKind headMap, boolean isMemory) {
        long folio = newMappedHuge(headMap, 9);
        assertTrue(tables.newWalker(reader).touch(BASE, true));
        List<String> before = leaves(9);
        split(folio, 0);
        assertEquals(512, leaves(9).size());
        long nrTables = tables.nrTables();
        if (!isMemory) {
            failures.failAfter(0);
        }
        assertEquals(Errno.OK, merge(folio, 9));
        failures.stop();
        if (isMemory) {
            assertEquals(before, leaves(9));
            assertCounts(folio, 2, 1, 1, 0);
        } else {
            assertEquals(512, leaves(9).size());
            assertCounts(folio, 513, 512, 0, 512);
        }
        assertEquals(nrTables, tables.nrTables(), "one is set aside for the one that is gone");
        // As any other entry: what was set aside is enough to split it.
        tables.unmap(address(100), 1);
        assertCounts(folio, 512, 511, 0, 511);
        tables.unmap(BASE, 512);
        assertEquals(1, tables.nrTables());
        release(folio);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void oneGibibyteOfLargeEntries(HeadMapKind headMap) {
        long folio = newMappedHuge(headMap, 18);
        split(folio, 9);
        List<String> before = leaves(18);
        assertEquals(512, before.size());
        for (long offset = 0; offset < 1 << 18; offset += 512) {
            assertCounts(page(folio, offset), 2, 1, 1, 0);
        }
        assertEquals(Errno.OK, merge(folio, 18));
        assertEquals(before, leaves(18));
        assertCounts(folio, 513, 512, 0, 1 << 18);
        assertFalse(FolioMapcounts.isPartiallyMapped(folio));
        // PGD, PUD and PMD table, and one for each entry.
        assertEquals(3 + 512, tables.nrTables());
        release(folio);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void entriesThatAreNotAlikeStaySmall(HeadMapKind headMap) {
        long folio = newMapped(headMap, 9);
        tables.writeProtect(address(511), 1);
        split(folio, 4);
        List<String> before = leaves(9);
        assertEquals(Errno.OK, merge(folio, 9));
        assertEquals(before, leaves(9));
        split(folio, 0);
        tables.unmap(address(7), 1);
        tables.writeProtect(BASE, 512);
        assertEquals(Errno.OK, merge(folio, 9));
        assertEquals(511, leaves(9).size(), "one is missing");
        assertCounts(folio, 512, 511, 0, 511);
        release(folio);
    }

    // ---- several processes

    /** The other process sees the second half only, at an address that is aligned to nothing, and cannot write. */
    @ParameterizedTest
    @CsvSource({"HEAD_BITS, 4, 0", "HEAD_BITS, 9, 0", "HEAD_BITS, 10, 9", "TAIL_WORDS, 4, 2", "TAIL_WORDS, 10, 0"})
    void eachProcessGetsBackWhatItHad(HeadMapKind headMap, int order, int pieceOrder) {
        long folio = newFolio(headMap, order);
        long nrPages = 1L << order;
        long half = nrPages / 2;
        long otherBase = 5 * 4096;
        other.addRegion(otherBase, half, owner, FIRST_INDEX + half);
        assertEquals(Errno.OK, tables.map(BASE, folio, 0, nrPages, false));
        assertEquals(Errno.OK, other.map(otherBase, folio, half, half, false));
        List<String> before = leaves(other, otherBase, otherBase + half * 4096);
        split(folio, pieceOrder);
        assertEquals(Errno.OK, merge(folio, order));
        assertEquals(before, leaves(other, otherBase, otherBase + half * 4096));
        PageWalker walker = tables.newWalker(reader);
        for (long offset = 0; offset < nrPages; offset++) {
            long pinned = walker.pin(address(offset), false);
            assertEquals(page(folio, offset), pinned);
            walker.unpin(pinned);
        }
        int nrLarge = (int) (nrPages >>> 9);
        int nrLeaves = (nrLarge > 0 ? nrLarge : (int) nrPages) + (int) half;
        int entire = order == 9 ? 1 : 0;
        assertCounts(folio, nrLeaves + 1, nrLeaves, entire, (int) (nrPages + half) - (entire << order));
        release(folio);
    }

    // ---- pieces that are mapped in part, or not at all

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aWholeOfWhichAPartIsMappedIsQueued(HeadMapKind headMap) {
        long folio = newMapped(headMap, 6);
        split(folio, 4);
        // Of the second piece a part goes, of the third all.
        tables.unmap(address(20), 3);
        tables.unmap(address(32), 16);
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        assertEquals(1, queue.nrFolios());
        List<String> before = leaves(6);
        assertEquals(45, before.size());

        assertEquals(Errno.OK, merge(folio, 6));
        assertEquals(before, leaves(6));
        assertCounts(folio, 46, 45, 0, 45);
        assertEquals(1, queue.nrFolios(), "the whole instead of the piece");
        assertEquals(1, engine.accounting().counters().nrPartiallyMapped());
        assertTrue(PageFlag.DEFERRED_SPLIT.isSet(FolioStruct.flags1(folio)));
        tables.unmap(BASE, 64);
        assertEquals(0, queue.nrFolios());
        release(folio);
    }

    // ---- refusals

    /** A piece that somebody holds, or has locked, or a state in which it cannot be: all is mapped as before. */
    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, 0, PINNED, -11",
        "HEAD_BITS, 300, PINNED, -11",
        "HEAD_BITS, 511, PINNED, -11",
        "TAIL_WORDS, 300, PINNED, -11",
        "HEAD_BITS, 300, LOCKED, -16",
        "TAIL_WORDS, 511, LOCKED, -16",
        "HEAD_BITS, 300, WRITEBACK, -16",
        "HEAD_BITS, 300, OWNER_PRIV_1, -16",
        "HEAD_BITS, 300, HWPOISON, -16"
    })
    void anUnfitPieceLeavesAllMappedAsItWas(HeadMapKind headMap, long at, String unfit, int expected) {
        long folio = newMapped(headMap, 9);
        split(folio, 0);
        tables.unmap(address(17), 1);
        long piece = page(folio, at);
        long flags = PageStruct.flags(piece);
        boolean pinned = unfit.equals("PINNED");
        if (pinned) {
            assertTrue(folios.tryPin(piece));
        } else {
            PageStruct.getAndSetFlags(piece, PageFlag.valueOf(unfit).mask());
        }
        List<String> before = leaves(9);
        assertEquals(Errno.name(expected), Errno.name(merge(folio, 9)));
        assertEquals(before, leaves(9));
        for (long offset = 0; offset < 512; offset++) {
            int nrMappings = offset == 17 ? 0 : 1;
            assertEquals(
                    1 + nrMappings + (pinned && offset == at ? 1 : 0),
                    folios.references(page(folio, offset)),
                    "offset " + offset);
            assertEquals(nrMappings, FolioMapcounts.total(page(folio, offset)));
            boolean isLocked = offset == 0 || (offset == at && unfit.equals("LOCKED"));
            assertEquals(isLocked, folios.isLocked(page(folio, offset)), "offset " + offset);
        }
        PageStruct.flags(piece, flags);
        if (pinned) {
            folios.unpin(piece);
        }
        assertEquals(Errno.OK, merge(folio, 9));
        assertCounts(folio, 512, 511, 0, 511);
        release(folio);
    }

    /** A piece without the test's own reference: only page tables keep it, and a merge would leave it with too few. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aPieceThatTheCallerDoesNotHoldIsRefused(HeadMapKind headMap) {
        long folio = newMapped(headMap, 2);
        split(folio, 0);
        folios.unpin(page(folio, 3));
        assertEquals(Errno.EAGAIN, merge(folio, 2));
        assertEquals(1, folios.references(page(folio, 3)));
        assertTrue(folios.tryPin(page(folio, 3)));
        assertEquals(Errno.OK, merge(folio, 2));
        release(folio);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void togetherTheyAreMappedTooOften(HeadMapKind headMap) {
        long folio = newMapped(headMap, 4);
        split(folio, 2);
        // What is made up is in the counts, but in no page table.
        int nrInjected = FolioMapcounts.MAX_PAGE_MAPPINGS - 15;
        inject(page(folio, 8), nrInjected);
        List<String> before = leaves(4);
        assertEquals(Errno.EOVERFLOW, merge(folio, 4));
        assertEquals(before, leaves(4));
        assertFalse(folios.isLocked(page(folio, 8)));
        inject(page(folio, 8), -nrInjected);
        assertEquals(Errno.OK, merge(folio, 4));
        assertCounts(folio, 17, 16, 0, 16);
        release(folio);
    }

    private static void inject(long folio, int nrLeaves) {
        PageStruct.getAndAddRefcount(folio, nrLeaves);
        FolioStruct.getAndAddLargeMapcount(folio, nrLeaves);
        FolioStruct.getAndAddNrPagesMapped(folio, nrLeaves);
    }
}
