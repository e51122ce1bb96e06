/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.machine.NativeMemory;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PageArenaTest {
    private static final long HUGE = Geometry.HUGE_PAGE_BYTES;
    private static final long ONE_TEBIBYTE_PAGES = 1L << 28;

    @ParameterizedTest
    @EnumSource
    void regionsOfASmallArenaLieWhereTheyShould(Backing backing) {
        try (PageArena arena = PageArena.open(1000, 10, 5, backing)) {
            assertEquals(1000, arena.nrPages());
            assertEquals(10, arena.nrNodes());
            assertEquals(5, arena.nrObjects());
            long base = arena.framesBase();
            assertEquals(0, base % (1L << 30));
            assertEquals(base + 2 * HUGE, arena.pageStructsBase());
            assertEquals(base + 3 * HUGE, arena.headBitsBase());
            assertEquals(base + 4 * HUGE, arena.nodesBase());
            assertEquals(base + 5 * HUGE, arena.objectsBase());
            assertEquals(base + 6 * HUGE, arena.zoneBase());
            assertEquals(base + 6 * HUGE + 4096, arena.countersBase());
        }
    }

    @Test
    void regionsOfOneTebibyteLieWhereTheyShould() {
        try (PageArena arena = PageArena.open(ONE_TEBIBYTE_PAGES, 1 << 20, 4096, Backing.AUTOMATIC)) {
            long base = arena.framesBase();
            assertEquals(base + (1L << 40), arena.pageStructsBase());
            assertEquals(arena.pageStructsBase() + (1L << 34), arena.headBitsBase());
            assertEquals(arena.headBitsBase() + 17 * HUGE, arena.nodesBase());
            assertEquals(arena.nodesBase() + 288 * HUGE, arena.objectsBase());
            assertEquals(arena.objectsBase() + HUGE, arena.zoneBase());
        }
    }

    @ParameterizedTest
    @EnumSource
    void regionsReadAsZeroAndDoNotOverlap(Backing backing) {
        SplittableRandom random = TestSeed.random("PageArenaTest");
        for (int round = 0; round < 10; round++) {
            long nrPages = random.nextLong(1, 1 << 20);
            long nrNodes = random.nextLong(1, 1 << 16);
            long nrObjects = random.nextLong(1, 1 << 16);
            try (PageArena arena = PageArena.open(nrPages, nrNodes, nrObjects, backing)) {
                Map<Long, Long> stampByAddress = new LinkedHashMap<>();
                stampEnds(stampByAddress, arena.framesBase(), nrPages * 4096);
                stampEnds(stampByAddress, arena.pageStructsBase(), nrPages * 64);
                long nrGibibytes = (nrPages + 262_143) / 262_144;
                stampEnds(stampByAddress, arena.headBitsBase(), nrGibibytes * (4096 + 64 + 1) * 8);
                stampEnds(stampByAddress, arena.nodesBase(), nrNodes * 576);
                stampEnds(stampByAddress, arena.objectsBase(), nrObjects * 128);
                stampEnds(stampByAddress, arena.zoneBase(), 4096);
                stampEnds(stampByAddress, arena.countersBase(), 4096);
                stampByAddress.forEach((address, stamp) -> assertEquals(
                        stamp,
                        NativeMemory.getLong(address),
                        () -> "pages=" + nrPages + ", nodes=" + nrNodes + ", objects=" + nrObjects + ", "
                                + TestSeed.asOption()));
            }
        }
    }

    /** Stamps the first and last word of a region after checking that they are zero, so not stamped for another. */
    private static void stampEnds(Map<Long, Long> stampByAddress, long base, long nrBytes) {
        for (long address : new long[] {base, base + nrBytes - 8}) {
            assertEquals(0, NativeMemory.getLong(address));
            NativeMemory.setLong(address, address);
            stampByAddress.put(address, address);
        }
    }

    @ParameterizedTest
    @EnumSource
    void handlesNumbersAndFramesLeadToEachOther(Backing backing) {
        long nrPages = 300_001;
        try (PageArena arena = PageArena.open(nrPages, 1, 1, backing)) {
            assertEquals(arena.pageStructsBase(), arena.pageAt(0));
            assertEquals(arena.framesBase(), arena.frameOf(arena.pageAt(0)));
            for (long pfn : new long[] {0, 1, 511, 512, 262_143, 262_144, nrPages - 1}) {
                long page = arena.pageAt(pfn);
                assertEquals(arena.pageStructsBase() + pfn * 64, page);
                assertEquals(pfn, arena.pfnOf(page));
                assertEquals(arena.framesBase() + pfn * 4096, arena.frameOf(page));
                assertTrue(arena.isPage(page));
                assertEquals(page, arena.requirePage(page));
            }
        }
    }

    @Test
    void whatIsNoPageIsRefused() {
        try (PageArena arena = PageArena.open(1000, 1, 1, Backing.AUTOMATIC)) {
            long first = arena.pageStructsBase();
            long end = first + 1000 * 64;
            for (long word :
                    new long[] {0, -1, Long.MIN_VALUE, arena.framesBase(), first - 64, first + 1, first + 32, end}) {
                assertFalse(arena.isPage(word));
                IllegalArgumentException refused =
                        assertThrows(IllegalArgumentException.class, () -> arena.requirePage(word));
                assertEquals(
                        "not a page of this arena: page=0x" + Long.toHexString(word) + ", first=0x"
                                + Long.toHexString(first) + ", end=0x" + Long.toHexString(end),
                        refused.getMessage());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 1, 'nrPages out of range: nrPages=0, max=17179869184'",
        "-1, 1, 1, 'nrPages out of range: nrPages=-1, max=17179869184'",
        "17179869185, 1, 1, 'nrPages out of range: nrPages=17179869185, max=17179869184'",
        "1, 0, 1, 'nrNodes out of range: nrNodes=0, max=68719476736'",
        "1, 68719476737, 1, 'nrNodes out of range: nrNodes=68719476737, max=68719476736'",
        "1, 1, 0, 'nrObjects out of range: nrObjects=0, max=4294967296'",
        "1, 1, 4294967297, 'nrObjects out of range: nrObjects=4294967297, max=4294967296'"
    })
    void numbersOutOfRangeAreRefused(long nrPages, long nrNodes, long nrObjects, String message) {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class, () -> PageArena.open(nrPages, nrNodes, nrObjects, Backing.AUTOMATIC));
        assertEquals(message, refused.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void oneTebibyteIsBackedAsItIsTouchedAndUnmappedByClose(Backing backing) throws IOException {
        PageArena.open(ONE_TEBIBYTE_PAGES, 1 << 24, 4096, backing).close();
        long residentBefore = ProcessMaps.residentBytesOfProcess();
        PageArena arena = PageArena.open(ONE_TEBIBYTE_PAGES, 1 << 24, 4096, backing);
        long residentAfter = ProcessMaps.residentBytesOfProcess();
        long from = arena.framesBase();
        long to = arena.countersBase() + 4096;
        try (arena) {
            assertGrownByLessThanEightMebibytes(residentBefore, residentAfter);
            ProcessMaps untouched = ProcessMaps.of(arena);
            assertEquals(to - from, untouched.mappedBytes());
            NativeMemory.setLong(arena.frameOf(arena.pageAt(ONE_TEBIBYTE_PAGES - 1)), 1);
            NativeMemory.setLong(arena.pageAt(ONE_TEBIBYTE_PAGES / 2), 1);
            ProcessMaps touched = ProcessMaps.of(arena);
            assertTrue(
                    touched.residentBytes() - untouched.residentBytes() >= 2 * 4096, "nothing behind what was touched");
            // One huge page each at most, where the system gives those without being asked.
            assertGrownByLessThanEightMebibytes(untouched.residentBytes(), touched.residentBytes());
        }
        // Other threads of the JVM may have mapped something small there since.
        assertTrue(ProcessMaps.of(from, to).mappedBytes() < 1L << 30, "still mapped after close");
    }

    private static void assertGrownByLessThanEightMebibytes(long before, long after) {
        assertTrue(after - before < 8 << 20, () -> "resident memory grew by " + ((after - before) >> 20) + " MiB");
    }

    @ParameterizedTest
    @EnumSource
    void closingAgainUnmapsNobodyElsesMemory(Backing backing) throws IOException {
        PageArena first = PageArena.open(1 << 20, 1, 1, backing);
        first.close();
        try (PageArena second = PageArena.open(1 << 20, 1, 1, backing)) {
            first.close();
            assertEquals(
                    second.countersBase() + 4096 - second.framesBase(),
                    ProcessMaps.of(second).mappedBytes());
            NativeMemory.setLong(second.framesBase(), 1);
        }
    }

    @Test
    void moreThanTheAddressSpaceIsRefusedByTheSystem() {
        // 64 TiB of frames and as much again of nodes and page structs are more than 47 bits of addresses.
        assertThrows(
                OutOfMemoryError.class,
                () -> PageArena.open(PageArena.MAX_PAGES, 1L << 36, 1L << 32, Backing.ANONYMOUS)
                        .close());
    }

    @Test
    void metadataCanBeAdvisedToHugePages() {
        try (PageArena arena = PageArena.open(1 << 20, 1 << 16, 1, Backing.SPARSE_FILE)) {
            assertFalse(arena.adviseHugeMetadata(true));
        }
        try (PageArena arena = PageArena.open(1 << 20, 1 << 16, 1, Backing.AUTOMATIC)) {
            // Whether the system takes the advice is its own affair, but it takes both or neither.
            assertEquals(arena.adviseHugeMetadata(true), arena.adviseHugeMetadata(false));
            assertEquals(0, NativeMemory.getLong(arena.nodesBase()));
            long hugeBytes = arena.hugeMetadataBytes();
            assertTrue(hugeBytes == -1 || hugeBytes % Geometry.HUGE_PAGE_BYTES == 0, () -> "bytes=" + hugeBytes);
        }
    }
}
