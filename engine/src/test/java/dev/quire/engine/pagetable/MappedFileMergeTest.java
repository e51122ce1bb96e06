/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Merges pieces of a file that a process maps: they are unmapped, and faulted in again from the whole. */
@SuppressWarnings("NullAway.Init")
class MappedFileMergeTest extends WholeEngineTest {
    private static final long BASE = 1L << 40;

    private Quire engine;
    private Folios folios;
    private AddressSpace file;
    private PageTables tables;
    private RcuReader reader;

    /**
     * One folio at the start of a file, split into pieces, which the process maps; locked, with a reference of the
     * test's.
     */
    private long mappedPieces(HeadMapKind headMap, int order, int pieceOrder) {
        engine = open(headMap);
        folios = engine.folios();
        file = engine.newAddressSpace();
        tables = engine.newPageTables();
        reader = engine.newReader();
        file.extend(4096L << Math.max(order, 8));
        tables.addRegion(BASE, 1L << order, file, 0);
        long folio = folios.allocate(order);
        assertEquals(Errno.OK, file.add(folio, 0));
        folios.lock(folio);
        assertEquals(Errno.OK, engine.splitter().splitUniform(folio, pieceOrder));
        for (long offset = 0; offset < 1L << order; offset += 1L << pieceOrder) {
            map(page(folio, offset), pieceOrder, offset > 0);
        }
        return folio;
    }

    /** Maps a whole folio, as whoever faults it in does. */
    private void map(long folio, int order, boolean lockIt) {
        if (lockIt) {
            assertTrue(folios.tryPin(folio));
            folios.lock(folio);
        }
        long address = BASE + (folios.index(folio) << 12);
        assertEquals(
                Errno.OK,
                order == 9
                        ? tables.mapHuge(address, folio, 0, 9, true)
                        : tables.map(address, folio, 0, 1L << order, true));
        if (lockIt) {
            release(folio);
        }
    }

    private void release(long folio) {
        folios.unlock(folio);
        folios.unpin(folio);
    }

    @AfterEach
    void close() {
        reader.close();
        tables.close();
        file.close();
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, 1, 0",
        "HEAD_BITS, 9, 0",
        "HEAD_BITS, 9, 4",
        "HEAD_BITS, 11, 9",
        "TAIL_WORDS, 1, 0",
        "TAIL_WORDS, 9, 4",
        "TAIL_WORDS, 11, 9"
    })
    void thePiecesAreUnmappedAndTheWholeIsFaultedIn(HeadMapKind headMap, int order, int pieceOrder) {
        long folio = mappedPieces(headMap, order, pieceOrder);
        PageWalker walker = tables.newWalker(reader);
        assertTrue(walker.touch(BASE + (4096L << order) - 1, true));
        assertEquals(Errno.OK, engine.merger().merge(folio, order));
        assertEquals(0, FolioMapcounts.total(folio));
        assertEquals((1 << order) + 1, folios.references(folio));
        assertTrue(PageFlag.DIRTY.isSet(PageStruct.flags(folio)), "an entry that is gone was dirty");
        assertEquals(PageTableEntry.NONE, walker.entry(BASE));
        if (order < 10) {
            map(folio, order, false);
            assertEquals(order == 9 ? 1 : 1 << order, FolioMapcounts.total(folio));
        }
        release(folio);
        tables.unmap(BASE, 1L << order);
        assertEquals(Integer.toString(order), FolioLayout.text(file, 0, 1L << order));
        checkFolios(engine, file);
    }

    /** What can be told before costs nobody a fault. */
    @ParameterizedTest
    @CsvSource({"HEAD_BITS, PINNED, -11", "TAIL_WORDS, PINNED, -11", "HEAD_BITS, LOCKED, -16", "HEAD_BITS, PRIVATE, -16"
    })
    void anUnfitPieceStaysMappedLikeAllOthers(HeadMapKind headMap, String unfit, int expected) {
        long folio = mappedPieces(headMap, 4, 2);
        long piece = page(folio, 8);
        boolean pinned = unfit.equals("PINNED");
        if (pinned) {
            assertTrue(folios.tryPin(piece));
        } else {
            PageStruct.getAndSetFlags(piece, PageFlag.valueOf(unfit).mask());
        }
        assertEquals(Errno.name(expected), Errno.name(engine.merger().merge(folio, 4)));
        for (long offset = 0; offset < 16; offset += 4) {
            assertEquals(4, FolioMapcounts.total(page(folio, offset)));
            int held = offset == 0 || (pinned && offset == 8) ? 1 : 0;
            assertEquals(8 + held, folios.references(page(folio, offset)), "offset " + offset);
            boolean isLocked = offset == 0 || (offset == 8 && unfit.equals("LOCKED"));
            assertEquals(isLocked, folios.isLocked(page(folio, offset)));
        }
        if (pinned) {
            folios.unpin(piece);
        } else {
            PageStruct.getAndClearFlags(piece, PageFlag.valueOf(unfit).mask());
        }
        assertEquals(Errno.OK, engine.merger().merge(folio, 4));
        release(folio);
        checkFolios(engine, file);
    }

    /** An entry at index 0 as large as its array needs a level above, for which there is no node. */
    @Test
    void withoutMemoryThePiecesAreWhatTheyWereButNotMapped() {
        long folio = mappedPieces(HeadMapKind.HEAD_BITS, 6, 0);
        folios.unlock(folio);
        assertEquals(Errno.OK, file.populate(100, 1, 0));
        file.punchHole(100 << 12, 1 << 12, SplitPolicies.RANGE);
        folios.lock(folio);
        assertEquals(1, engine.leaks().nrNodes(), "what is removed last takes the level with it");
        failures.failAfter(0);
        int result = engine.merger().merge(folio, 6);
        failures.stop();
        assertEquals(Errno.ENOMEM, result);
        for (long offset = 0; offset < 64; offset++) {
            assertEquals(0, FolioMapcounts.total(page(folio, offset)));
            assertEquals(offset == 0 ? 2 : 1, folios.references(page(folio, offset)));
            assertEquals(offset == 0, folios.isLocked(page(folio, offset)));
        }
        assertEquals(64, FolioLayout.count(file));
        assertEquals(Errno.OK, engine.merger().merge(folio, 6));
        release(folio);
        checkFolios(engine, file);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void onlySomePiecesAreMapped(HeadMapKind headMap) {
        long folio = mappedPieces(headMap, 6, 2);
        tables.unmap(BASE, 30);
        assertEquals(Errno.OK, engine.merger().merge(folio, 6));
        assertFalse(FolioMapcounts.isAnyMapped(folio, 64));
        release(folio);
        file.punchHole(3 << 12, 7 << 12, SplitPolicies.RANGE);
        checkFolios(engine, file);
    }
}
