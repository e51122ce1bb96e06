/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XaChecker;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shared memory is a file without a file: in memory, in swap, or a hole. */
@SuppressWarnings("NullAway.Init")
class SharedMemoryTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int ORDER = 9;
    private static final int NR_PAGES = 1 << ORDER;

    /** Notes how many bytes each call has moved. */
    private static final class CountedFile extends MemoryFile {
        private final List<Integer> reads = new ArrayList<>();
        private final List<Integer> writes = new ArrayList<>();

        private CountedFile() {
            super(new byte[0]);
        }

        @Override
        public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
            reads.add(into.remaining());
            super.read(into, offsetBytes);
        }

        @Override
        public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
            writes.add(from.remaining());
            super.write(from, offsetBytes);
        }
    }

    @TempDir
    Path folder;

    private final byte[] content = new byte[NR_PAGES * PAGE];
    private final CountedFile swapFile = new CountedFile();
    private Quire engine;
    private RcuReader reader;
    private SwapArea swap;
    private SharedMemory memory;
    private OpenFile file;

    @BeforeEach
    void openMemory() {
        engine = open(Quire.builder().capacityBytes(8 << 20).headMap(HeadMapKind.HEAD_BITS));
        reader = engine.newReader();
        swap = engine.pageCache().swapOn(swapFile);
        memory = engine.pageCache().newSharedMemory(0);
        file = memory.open(reader);
        new SplittableRandom(1).nextBytes(content);
    }

    @AfterEach
    void closeMemory() throws IOException {
        XaChecker.check(memory.file().space().index());
        file.close();
        memory.close();
        assertEquals(0, swap.nrUsedSlots());
        swap.close();
        assertTrue(swapFile.isClosed());
        reader.close();
    }

    private void writeContent() throws IOException {
        assertEquals(content.length, file.write(ByteBuffer.wrap(content), 0));
    }

    /** Writes one folio of 2 MiB and swaps it out. */
    private void swapOutContent() throws IOException {
        writeContent();
        assertEquals(List.of("0:9"), folios());
        assertEquals(NR_PAGES, memory.swapOut(0, content.length));
        assertEquals(List.of(), folios());
        swapFile.writes.clear();
    }

    private byte[] read(long offsetBytes, int lengthBytes) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(lengthBytes);
        file.read(into, offsetBytes);
        return Arrays.copyOf(into.array(), into.position());
    }

    private void assertReads() throws IOException {
        assertArrayEquals(content, read(0, content.length + 1));
    }

    private List<String> folios() throws IOException {
        List<String> folios = new ArrayList<>();
        file.forEachFolio((index, order, folio) -> folios.add(index + ":" + order));
        return folios;
    }

    /** Where swap entries begin, and their orders. */
    private List<String> swapped() {
        SwapEntries entries = memory.file().space().swapEntries();
        List<String> swapped = new ArrayList<>();
        for (long index = 0; index < NR_PAGES; index++) {
            int order = entries.orderAt(index);
            if (order >= 0) {
                swapped.add(index + ":" + order);
                index += (1L << order) - 1;
            }
        }
        return swapped;
    }

    private void zero(int offsetBytes, int lengthBytes) {
        Arrays.fill(content, offsetBytes, offsetBytes + lengthBytes, (byte) 0);
    }

    // ---- in memory and out

    @Test
    void aFolioGoesToSwapAndComesBackAsAWhole() throws IOException {
        writeContent();
        assertEquals(NR_PAGES, memory.swapOut(0, content.length));
        assertEquals(List.of(content.length), swapFile.writes);
        assertEquals(List.of("0:9"), swapped());
        assertEquals(0, memory.nrPages());
        assertEquals(NR_PAGES, memory.nrSwappedPages());
        assertEquals(NR_PAGES, swap.nrUsedSlots());
        assertArrayEquals(content, swapFile.content());
        assertArrayEquals(Arrays.copyOfRange(content, 777_777, 777_778), read(777_777, 1));
        assertEquals(List.of(content.length), swapFile.reads);
        assertEquals(List.of("0:9"), folios());
        assertEquals(0, swap.nrUsedSlots());
        assertReads();
        // The word that says what was read is to be 0.
        file.forEachFolio((index, order, folio) -> FolioUse.takeUsedParts(folio, order));
        checkFolios(engine, memory.file().space());
    }

    @Test
    void aRealSwapFileHasWhatWasSwappedOut() throws IOException {
        Path path = folder.resolve("swap");
        try (Quire other = Quire.builder().capacityBytes(4 << 20).open();
                SwapArea area = other.pageCache().swapOn(path);
                RcuReader ownReader = other.newReader();
                SharedMemory own = other.pageCache().newSharedMemory(0);
                OpenFile ownFile = own.open(ownReader)) {
            ownFile.write(ByteBuffer.wrap(content), 0);
            assertEquals(NR_PAGES, ownFile.evict(0, content.length));
            assertEquals(NR_PAGES, area.nrUsedSlots());
            assertArrayEquals(content, Arrays.copyOf(Files.readAllBytes(path), content.length));
            ByteBuffer into = ByteBuffer.allocate(content.length);
            assertEquals(content.length, ownFile.read(into, 0));
            assertArrayEquals(content, into.array());
        }
    }

    @Test
    void moreThanFitsInMemoryIsKept() throws IOException {
        byte[] large = new byte[14 << 20];
        new SplittableRandom(2).nextBytes(large);
        assertEquals(large.length, file.write(ByteBuffer.wrap(large), 0));
        assertTrue(memory.nrSwappedPages() >= (6 << 20) / PAGE, "pages in swap: " + memory.nrSwappedPages());
        assertArrayEquals(large, read(0, large.length));
    }

    @Test
    void whatIsWrittenToAPageInSwapIsAddedToIt() throws IOException {
        swapOutContent();
        byte[] change = {1, 2, 3, 4, 5};
        file.write(ByteBuffer.wrap(change), 10 * PAGE - 2);
        System.arraycopy(change, 0, content, 10 * PAGE - 2, change.length);
        assertReads();
        assertEquals(NR_PAGES, memory.swapOut(0, content.length));
        assertReads();
    }

    @Test
    void aSingleEntryComesBackAloneWithoutMemoryForAll() throws IOException {
        swapOutContent();
        // What is left is in blocks of one page.
        List<Long> taken = new ArrayList<>();
        for (long folio = engine.folios().allocate(0);
                folio != 0;
                folio = engine.folios().allocate(0)) {
            taken.add(folio);
        }
        engine.folios().unpin(taken.removeFirst());
        engine.folios().unpin(taken.remove(taken.size() / 2));
        engine.awaitReclaim();
        assertArrayEquals(Arrays.copyOfRange(content, 300 * PAGE, 301 * PAGE), read(300 * PAGE, PAGE));
        assertEquals(List.of("300:0"), folios());
        assertEquals(List.of("0:8", "256:5", "288:3", "296:2", "301:0", "302:1", "304:4", "320:6", "384:7"), swapped());
        taken.forEach(engine.folios()::unpin);
        assertReads();
    }

    // ---- holes

    @Test
    void holesReadAsZeroAndTakeNoMemory() throws IOException {
        file.truncate(1L << 40);
        assertArrayEquals(new byte[3 * PAGE], read(5 * PAGE + 7, 3 * PAGE));
        assertArrayEquals(new byte[10], read((1L << 40) - 10, 100));
        assertEquals(-1, file.read(ByteBuffer.allocate(1), 1L << 40));
        assertEquals(0, memory.nrPages());
        file.write(ByteBuffer.wrap(new byte[] {9}), 6 * PAGE + 1);
        byte[] expected = new byte[3 * PAGE];
        expected[PAGE + 1 - 7] = 9;
        assertArrayEquals(expected, read(5 * PAGE + 7, 3 * PAGE));
        assertEquals(List.of("6:0"), folios());
    }

    @Test
    void aViewOfAHoleIsAPageOfZeroesThatSwapNeedNotKeep() throws IOException {
        file.truncate(10 * PAGE);
        try (FolioView view = file.view(3 * PAGE)) {
            assertEquals(PAGE, view.bytes().byteSize());
            assertEquals(0, view.bytes().get(ValueLayout.JAVA_LONG, 8));
            assertEquals(List.of("3:0"), folios());
            assertEquals(0, memory.swapOut(0, 10 * PAGE));
        }
        assertEquals(1, memory.swapOut(0, 10 * PAGE));
        assertEquals(List.of(), folios());
        assertEquals(List.of(), swapped());
    }

    @Test
    void aHoleCutsThroughALargeEntry() throws IOException {
        swapOutContent();
        file.punchHole(100 * PAGE, 200 * PAGE);
        zero(100 * PAGE, 200 * PAGE);
        assertEquals(List.of(), swapFile.reads);
        assertEquals(List.of("0:6", "64:5", "96:2", "300:2", "304:4", "320:6", "384:7"), swapped());
        assertEquals(NR_PAGES - 200, swap.nrUsedSlots());
        assertEquals(NR_PAGES - 200, memory.file().space().nrChargedPages());
        assertReads();
    }

    @Test
    void aHoleThatCutsThroughPagesBringsThemInFirst() throws IOException {
        swapOutContent();
        file.punchHole(100 * PAGE + 10, 50);
        zero(100 * PAGE + 10, 50);
        assertEquals(List.of(content.length), swapFile.reads);
        assertReads();
        memory.swapOut(0, content.length);
        file.punchHole(7 * PAGE + 1, 90 * PAGE, SplitPolicies.NON_UNIFORM);
        zero(7 * PAGE + 1, 90 * PAGE);
        assertReads();
    }

    @Test
    void truncationGivesSlotsBack() throws IOException {
        swapOutContent();
        file.truncate(3 * PAGE);
        assertEquals(3, swap.nrUsedSlots());
        assertEquals(List.of("0:1", "2:0"), swapped());
        file.truncate(content.length);
        zero(3 * PAGE, content.length - 3 * PAGE);
        assertReads();
        memory.swapOut(0, content.length);
        file.truncate(PAGE + 5);
        file.truncate(content.length);
        zero(PAGE + 5, 2 * PAGE);
        assertReads();
    }

    // ---- which, and in what pieces

    @Test
    void aFolioWithoutARunOfSlotsGoesInHalves() throws IOException {
        // Of the 2048 slots, no 512 are free in a row, but 256.
        List<Long> taken = new ArrayList<>();
        for (int run = 0; run < 8; run++) {
            taken.add(engine.swapTable().allocate(8));
        }
        for (int run = 0; run < 8; run += 2) {
            engine.swapTable().free(taken.get(run), 256);
        }
        writeContent();
        assertEquals(NR_PAGES, memory.swapOut(0, content.length));
        assertEquals(List.of("0:8", "256:8"), swapped());
        assertReads();
        for (int run = 1; run < 8; run += 2) {
            engine.swapTable().free(taken.get(run), 256);
        }
    }

    @Test
    void whatFindsNoSlotStays() throws IOException {
        for (int run = 0; run < 2048; run++) {
            engine.swapTable().allocate(0);
        }
        engine.swapTable().free(1000, 3);
        writeContent();
        assertEquals(3, memory.swapOut(0, content.length));
        assertEquals(NR_PAGES - 3, memory.nrPages());
        assertEquals(0, memory.swapOut(0, content.length));
        engine.swapTable().free(0, 1000);
        engine.swapTable().free(1003, 1045);
        assertReads();
        assertEquals(0, swap.nrUsedSlots());
    }

    @Test
    void reclaimTakesThePartsThatWereNotUsed() throws IOException {
        swapOutContent();
        read(100 * PAGE, 1);
        // One 64th of the folio is 8 pages.
        assertEquals(NR_PAGES - 8, engine.pageCache().reclaim(1));
        assertEquals(List.of("96:3"), folios());
        assertEquals(0, engine.accounting().lru().nrPages(LruList.ACTIVE_ANONYMOUS));
        assertEquals(8, engine.accounting().lru().nrPages(LruList.INACTIVE_ANONYMOUS));
        assertReads();
    }

    @Test
    void reclaimTakesWhatWasUsedLongestAgo() throws IOException {
        for (int page = 0; page < 40; page++) {
            file.write(ByteBuffer.wrap(new byte[] {1}), (long) page * 2 * PAGE);
        }
        assertEquals(35, engine.pageCache().reclaim(35), "a batch, and a part of one");
        assertEquals(IntStream.range(0, 35).mapToObj(page -> 2 * page + ":0").toList(), swapped());
    }

    @Test
    void whatWasReadStaysLongerAndWhatWasReadAgainLongest() throws IOException {
        for (int page = 0; page < 6; page += 2) {
            file.write(ByteBuffer.wrap(new byte[] {1}), (long) page * PAGE);
        }
        for (int page : new int[] {0, 2, 0}) {
            read((long) page * PAGE, 1);
        }
        assertEquals(1, engine.pageCache().reclaim(1));
        assertEquals(List.of("4:0"), swapped());
        assertEquals(1, engine.accounting().lru().nrPages(LruList.ACTIVE_ANONYMOUS), "read again");
        assertEquals(1, engine.accounting().lru().nrPages(LruList.INACTIVE_ANONYMOUS), "read once");
        assertEquals(1, engine.pageCache().reclaim(1));
        assertEquals(List.of("2:0", "4:0"), swapped());
        assertEquals(1, engine.pageCache().reclaim(1));
        assertEquals(List.of("0:0", "2:0", "4:0"), swapped());
    }

    @Test
    void reclaimTakesFilesFirst() throws IOException {
        writeContent();
        try (OpenFile other = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader)) {
            read(other);
            assertEquals(1, engine.pageCache().reclaim(1));
            assertEquals(0, other.nrCachedPages());
            assertEquals(NR_PAGES, memory.nrPages());
        }
    }

    private static void read(OpenFile other) throws IOException {
        assertEquals(1, other.read(ByteBuffer.allocate(1), 0));
    }

    @Test
    void whatIsViewedStays() throws IOException {
        writeContent();
        try (FolioView view = file.view(0)) {
            assertEquals(0, memory.swapOut(0, content.length));
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(content[0], view.bytes().get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(List.of(), swapFile.writes);
        }
        assertEquals(NR_PAGES, memory.swapOut(0, content.length));
    }

    @Test
    void foliosThatReachBeyondTheRangeStay() throws IOException {
        writeContent();
        assertEquals(0, memory.swapOut(0, content.length - PAGE));
        assertEquals(0, memory.swapOut(1, content.length));
        assertEquals(NR_PAGES, memory.swapOut(0, content.length + 1));
    }

    @Test
    void pagesThatAreNotInTheRangeWithAllTheirBytesStay() throws IOException {
        file.write(ByteBuffer.wrap(new byte[] {1}), 0);
        file.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7}), 2 * PAGE);
        assertEquals(0, memory.swapOut(0, PAGE - 1));
        assertEquals(0, file.evict(0, PAGE - 1));
        assertEquals(0, memory.swapOut(1, 2 * PAGE));
        assertEquals(0, memory.swapOut(2 * PAGE, 6));
        assertEquals(1, memory.swapOut(2 * PAGE, 7), "to the end of the memory");
        assertEquals(1, file.evict(0, PAGE));
        assertEquals(List.of("0:0", "2:0"), swapped());
    }

    // ---- misuse

    @Test
    void withoutASwapAreaReclaimLeavesSharedMemoryAlone() throws IOException {
        writeContent();
        swap.close();
        assertEquals(0, engine.pageCache().reclaim(1));
        assertEquals(0, memory.swapOut(0, content.length));
        assertEquals(List.of("0:9"), folios());
        assertFalse(swap.isOn());
    }

    @Test
    void closingWhatIsInUseIsRefused() throws IOException {
        swapOutContent();
        assertEquals(
                "the swap area is in use: slots=512",
                assertThrows(IllegalStateException.class, swap::close).getMessage());
        assertEquals(
                "the shared memory is in use: users=1",
                assertThrows(IllegalStateException.class, memory::close).getMessage());
        assertThrows(IllegalStateException.class, () -> engine.pageCache().swapOn(new MemoryFile(new byte[0])));
        assertReads();
    }

    @Test
    void aSecondCloseDoesNothingAndEverythingElseThrows() throws IOException {
        file.close();
        memory.close();
        memory.close();
        assertThrows(ClosedChannelException.class, () -> file.read(ByteBuffer.allocate(1), 0));
        assertThrows(IllegalStateException.class, () -> memory.open(reader));
        assertThrows(IllegalStateException.class, memory::sizeBytes);
        assertThrows(IllegalStateException.class, memory::nrPages);
        assertThrows(IllegalStateException.class, memory::nrSwappedPages);
        assertThrows(IllegalStateException.class, () -> memory.swapOut(0, 1));
        memory = engine.pageCache().newSharedMemory(0);
        file = memory.open(reader);
    }

    @Test
    void argumentsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> engine.pageCache().newSharedMemory(-1));
        assertThrows(IllegalArgumentException.class, () -> memory.swapOut(0, -1));
        assertThrows(IllegalArgumentException.class, () -> memory.swapOut(-1, 1));
    }
}
