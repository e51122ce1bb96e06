/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.MemoryGroupStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XArray;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The watch over splits sees what is wrong, wherever it is: in each test something is spoilt while a second watch is
 * told.
 */
class SplitWatchTest extends WholeEngineTest {
    private static final int ORDER = 5;

    /** Page of the folio that is spoilt. */
    private static final long PAGE = 9;

    /** Hands on what it is told of a split, with something spoilt meanwhile. */
    private static final class Spoiler implements SplitObserver {
        final SplitWatch watch = new SplitWatch(() -> SplitWatch.Scope.ALL, null);
        Runnable spoil = () -> {};
        Runnable mend = () -> {};

        @Override
        public void begin(long folio) {
            watch.begin(folio);
        }

        @Override
        public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {
            spoil.run();
            watch.split(order, nrPieces, result, nanos, frozenNanos);
            mend.run();
        }
    }

    private final Spoiler spoiler = new Spoiler();

    private SplitSubject open(SplitKind kind, HeadMapKind headMap) {
        Quire engine = open(Quire.builder()
                .capacityBytes(1L << 30)
                .headMap(headMap)
                .pageOwners(true)
                .splitObserver(spoiler));
        spoiler.watch.watch(engine.splitter());
        return new SplitSubject(engine, headMap, kind);
    }

    /** Adds to a word, and takes it off again. */
    private void spoil(long address, long difference) {
        spoiler.spoil = () -> NativeMemory.getAndAddLong(address, difference);
        spoiler.mend = () -> NativeMemory.getAndAddLong(address, -difference);
    }

    private void spoil(SplitSubject subject, String what) {
        long page = subject.folio + PAGE * PageStruct.BYTES;
        long group = PageStruct.memcgData(subject.folio);
        FolioCounters counters = subject.accounting.counters();
        switch (what) {
            case "FLAGS" -> spoil(subject.folio, PageFlag.ARCH_1.mask());
            case "TAIL" -> spoil(page + Long.BYTES, 1L << 40);
            case "LAST_TAIL" -> spoil(subject.folio + (31L * PageStruct.BYTES) + 32, 1);
            case "REFERENCES" -> spoil(subject.folio + 48, 1L << 32);
            case "PINS" -> spoil(FolioStruct.deferredList(subject.folio) - 56, 1L << 32);
            case "MARK" -> {
                XArray index = Objects.requireNonNull(subject.space).index();
                spoiler.spoil = () -> index.setMark(SplitSubject.FIRST_INDEX, 1);
                spoiler.mend = () -> index.clearMark(SplitSubject.FIRST_INDEX, 1);
            }
            case "THP" -> {
                spoiler.spoil = () -> counters.addThpPages(false, 512);
                spoiler.mend = () -> counters.addThpPages(false, -512);
            }
            case "ANONYMOUS" -> {
                spoiler.spoil = () -> counters.addAnonymous(4, 1);
                spoiler.mend = () -> counters.addAnonymous(4, -1);
            }
            case "CLEANED" -> {
                spoiler.spoil = () -> counters.addFileCleaned(1);
                spoiler.mend = () -> counters.addFileCleaned(-1);
            }
            case "STATISTICS" -> {
                SplitStatistics statistics = subject.engine.splitStatistics();
                spoiler.spoil = () -> statistics.failed(7);
            }
            case "GROUP" -> {
                spoiler.spoil = () -> MemoryGroupStruct.getAndAddReferences(group, 1);
                spoiler.mend = () -> MemoryGroupStruct.getAndAddReferences(group, -1);
            }
            case "LRU" -> {
                LruLists lru = subject.accounting.lru();
                spoiler.spoil = () -> lru.subtractPages(PageStruct.flags(subject.folio), 1);
                spoiler.mend = () -> lru.subtractPages(PageStruct.flags(subject.folio), -1);
            }
            case "SLOT" -> {
                long slot = PageStruct.privateWord(subject.folio) + PAGE;
                spoil(subject.engine.arena().swapTableBase() + slot * Long.BYTES, 2);
            }
            case "OWNER" -> {
                long pfn = subject.engine.arena().pfnOf(subject.folio) + PAGE;
                spoil(subject.engine.arena().pageOwnersBase() + pfn * Long.BYTES, 1);
            }
            case "MAPPED" -> {
                TwoProcesses processes = Objects.requireNonNull(subject.processes);
                spoiler.spoil = () -> processes.touchFirst(PAGE);
            }
            default -> throw new AssertionError(what);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "FILE, FLAGS",
        "FILE, TAIL",
        "FILE, LAST_TAIL",
        "FILE, REFERENCES",
        "FILE, PINS",
        "FILE, MARK",
        "FILE, THP",
        "FILE, CLEANED",
        "FILE, STATISTICS",
        "FILE, GROUP",
        "FILE, LRU",
        "FILE, OWNER",
        "ANONYMOUS, ANONYMOUS",
        "ANONYMOUS_SWAP_CACHED, SLOT",
        "ANONYMOUS_IN_PAGE_TABLES, MAPPED"
    })
    void seesWhatARefusedSplitMustNotChange(SplitKind kind, String what) {
        SplitSubject subject = open(kind, HeadMapKind.HEAD_BITS);
        long folio = subject.make(ORDER);
        assertTrue(subject.folios.tryPin(folio));
        assertEquals(Errno.EAGAIN, subject.splitter.splitUniform(folio, 0));
        assertDoesNotThrow(spoiler.watch::requireNoViolation, "nothing is spoilt yet");
        spoil(subject, what);
        assertEquals(Errno.EAGAIN, subject.splitter.splitUniform(folio, 0));
        assertThrows(AssertionError.class, spoiler.watch::requireNoViolation);
        subject.folios.unpin(folio);
        subject.release(folio);
        subject.close();
    }

    @ParameterizedTest
    @CsvSource({
        "FILE, FLAGS",
        "FILE, REFERENCES",
        "FILE, MARK",
        "FILE, THP",
        "FILE, CLEANED",
        "FILE, STATISTICS",
        "FILE, GROUP",
        "FILE, LRU",
        "FILE, OWNER",
        "ANONYMOUS_SWAP_CACHED, SLOT",
        "ANONYMOUS_IN_PAGE_TABLES, ANONYMOUS",
        "ANONYMOUS_IN_PAGE_TABLES, MAPPED"
    })
    void seesWhatASplitMustNotDo(SplitKind kind, String what) {
        SplitSubject subject = open(kind, HeadMapKind.TAIL_WORDS);
        long folio = subject.make(ORDER);
        spoil(subject, what);
        assertEquals(Errno.OK, subject.splitter.splitUniform(folio, 0));
        assertThrows(AssertionError.class, spoiler.watch::requireNoViolation);
        if (kind == SplitKind.ANONYMOUS_SWAP_CACHED) {
            subject.releaseSwapCached(0);
        } else {
            subject.release(folio);
        }
        subject.close();
    }

    @ParameterizedTest
    @CsvSource({"false, HEAD_BITS", "true, HEAD_BITS", "false, TAIL_WORDS", "true, TAIL_WORDS"})
    void seesWhatARestructuringMustNotDo(boolean isSpoilt, HeadMapKind headMap) {
        SplitSubject subject = open(SplitKind.FILE, headMap);
        try (AddressSpace space = subject.engine.newAddressSpace()) {
            space.extend(1L << 20);
            long folio = subject.engine.folios().allocate(ORDER);
            assertEquals(Errno.OK, space.add(folio, 0));
            subject.engine.folios().unpin(folio);
            if (isSpoilt) {
                spoil(folio + 8 * PageStruct.BYTES, PageFlag.ARCH_1.mask());
            }
            FolioRestructurer restructurer = new FolioRestructurer(subject.splitter, space);
            assertEquals(Errno.OK, restructurer.restructure(0, 32, FolioCutCheckTest.Cut.GOOD, () -> {}));
            assertEquals(1, spoiler.watch.nrChecked());
            if (isSpoilt) {
                assertThrows(AssertionError.class, spoiler.watch::requireNoViolation);
            } else {
                assertDoesNotThrow(spoiler.watch::requireNoViolation);
            }
        }
        subject.close();
    }

    @Test
    void looksAtEveryAttempt() {
        SplitSubject subject = open(SplitKind.FILE, HeadMapKind.HEAD_BITS);
        long folio = subject.make(1);
        assertTrue(subject.folios.tryPin(folio));
        for (int attempt = 0; attempt < 10_000; attempt++) {
            assertEquals(Errno.EAGAIN, subject.splitter.splitUniform(folio, 0));
        }
        assertEquals(10_000, spoiler.watch.nrChecked());
        assertDoesNotThrow(spoiler.watch::requireNoViolation);
        subject.folios.unpin(folio);
        subject.release(folio);
        subject.close();
    }
}
