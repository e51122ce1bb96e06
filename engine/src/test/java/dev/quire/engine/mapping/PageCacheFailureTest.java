/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file refuses is told, once to each, and loses nothing. */
@SuppressWarnings("NullAway.Init")
class PageCacheFailureTest extends OpenFilesTest {
    private static final int ALWAYS = 1000;

    private final byte[] content = bytes(10 * PAGE + 5, 1);
    private MemoryFile memory;
    private FaultyFile faulty;

    @BeforeEach
    void openFaultyFile() {
        memory = new MemoryFile(content);
        faulty = new FaultyFile(memory, new SplittableRandom(2));
    }

    private OpenFile openFile() throws IOException {
        return engine.pageCache().open(faulty, reader);
    }

    private void write(OpenFile file, int offsetBytes, int lengthBytes, byte value) throws IOException {
        byte[] change = new byte[lengthBytes];
        Arrays.fill(change, value);
        assertEquals(lengthBytes, file.write(ByteBuffer.wrap(change), offsetBytes));
        Arrays.fill(content, offsetBytes, offsetBytes + lengthBytes, value);
    }

    private void assertReads(OpenFile file) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(content.length + 1);
        assertEquals(content.length, file.read(into, 0));
        assertArrayEquals(content, Arrays.copyOf(into.array(), content.length));
    }

    @Test
    void aFailedReadIsToldAndTheNextTriesAgain() throws IOException {
        try (OpenFile file = openFile()) {
            faulty.fail(ALWAYS);
            assertThrows(IOException.class, () -> assertReads(file));
            assertThrows(IOException.class, () -> file.view(0));
            assertThrows(IOException.class, () -> file.write(ByteBuffer.wrap(new byte[1]), 1));
            faulty.fail(0);
            assertReads(file);
            file.sync();
        }
        assertArrayEquals(content, memory.content());
    }

    @Test
    void anErrorOfWritebackIsToldOnceToEachOpenerAndThePagesStayDirty() throws IOException {
        OpenFile first = openFile();
        OpenFile second = openFile();
        OpenFile third = openFile();
        write(first, 100, 2 * PAGE, (byte) 7);
        faulty.fail(ALWAYS);
        assertEquals(
                "writing back failed: injected: sync",
                assertThrows(IOException.class, first::sync).getMessage());
        faulty.fail(0);
        first.sync();
        assertArrayEquals(content, memory.content());
        assertThrows(IOException.class, second::sync);
        second.sync();
        try (OpenFile late = openFile()) {
            late.sync();
        }
        second.close();
        assertThrows(IOException.class, third::close);
        first.close();
        assertTrue(memory.isClosed());
    }

    @Test
    void anErrorThatNobodyWasToldOfIsToldToTheNextOpener() throws IOException {
        OpenFile first = openFile();
        write(first, 0, PAGE, (byte) 7);
        faulty.fail(ALWAYS);
        engine.pageCache().sync();
        faulty.fail(0);
        OpenFile second = openFile();
        assertThrows(IOException.class, second::sync);
        second.sync();
        second.close();
        assertThrows(IOException.class, first::close);
        assertArrayEquals(content, memory.content());
    }

    @Test
    void whatCannotBeWrittenAtTheLastCloseIsKeptForTheNextOpener() throws IOException {
        OpenFile first = openFile();
        write(first, 3 * PAGE, 2 * PAGE, (byte) 7);
        faulty.fail(ALWAYS);
        assertThrows(IOException.class, first::close);
        assertFalse(memory.isClosed());
        assertThrows(IOException.class, () -> engine.pageCache().sync());
        faulty.fail(0);
        try (OpenFile second = openFile()) {
            assertReads(second);
        }
        assertArrayEquals(content, memory.content());
        assertTrue(memory.isClosed());
    }

    @Test
    void aLaterSyncOfAllLetsGoOfWhatCouldNotBeWrittenAtClose() throws IOException {
        OpenFile first = openFile();
        write(first, 3 * PAGE, 2 * PAGE, (byte) 7);
        faulty.fail(ALWAYS);
        assertThrows(IOException.class, first::close);
        faulty.fail(0);
        engine.pageCache().sync();
        assertArrayEquals(content, memory.content());
        assertTrue(memory.isClosed());
    }

    /** What was copied before the source failed is dirty where the file has it, and zero behind its end. */
    @Test
    void aWriteWhoseSourceFailsHalfwayLeavesNothingThatTheFileWillNotHave(@TempDir Path folder) throws IOException {
        Path source = Files.write(folder.resolve("source"), content);
        byte[] seen = new byte[11 * PAGE];
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(source, StandardOpenOption.READ, StandardOpenOption.WRITE);
                OpenFile file = openFile()) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * PAGE, arena);
            channel.truncate(PAGE);
            assertReads(file);
            MemorySegment partlyGone = mapped.asSlice(PAGE - 1000, 2000);
            assertThrows(InternalError.class, () -> file.write(partlyGone, 10 * PAGE + 2));
            assertEquals(content.length, file.sizeBytes());
            file.truncate(seen.length);
            assertEquals(seen.length, file.read(ByteBuffer.wrap(seen), 0));
        }
        byte[] expected = Arrays.copyOf(content, seen.length);
        System.arraycopy(content, PAGE - 1000, expected, 10 * PAGE + 2, 3);
        assertArrayEquals(expected, seen);
        assertArrayEquals(seen, memory.content());
    }

    @Test
    void aTruncationThatTheFileRefusesChangesNothing() throws IOException {
        try (OpenFile file = openFile()) {
            write(file, 9 * PAGE, 5, (byte) 7);
            faulty.fail(ALWAYS);
            assertThrows(IOException.class, () -> file.truncate(PAGE));
            assertThrows(IOException.class, () -> file.truncate(100 * PAGE));
            faulty.fail(0);
            assertEquals(content.length, file.sizeBytes());
            assertReads(file);
        }
        assertArrayEquals(content, memory.content());
    }

    @Test
    void whatIsCachedOfAHoleThatTheFileRefusesIsWrittenAgain() throws IOException {
        try (OpenFile file = openFile()) {
            assertReads(file);
            faulty.fail(ALWAYS);
            assertThrows(IOException.class, () -> file.punchHole(PAGE, 5 * PAGE));
            faulty.fail(0);
            assertFalse(Arrays.equals(content, memory.content()), "the file was to be zeroed in part");
            assertReads(file);
            file.sync();
            assertArrayEquals(content, memory.content());
        }
    }

    @Test
    void reclaimKeepsWhatCannotBeWritten() throws IOException {
        try (Quire small = Quire.builder().capacityBytes(1 << 19).open();
                RcuReader ownReader = small.newReader();
                OpenFile file = small.pageCache().open(faulty, ownReader)) {
            write(file, 0, 2 * PAGE, (byte) 7);
            faulty.fail(ALWAYS);
            assertTrue(small.pageCache().reclaim(1000) < 11);
            faulty.fail(0);
            assertReads(file);
            assertThrows(IOException.class, file::sync);
            assertEquals(11, small.pageCache().reclaim(1000));
            assertReads(file);
        }
        assertArrayEquals(content, memory.content());
    }

    @Test
    void memoryThatIsAllDirtyAndCannotBeWrittenIsToldToTheWriter() throws IOException {
        try (Quire small = Quire.builder().capacityBytes(1 << 19).open();
                RcuReader ownReader = small.newReader();
                OpenFile file = small.pageCache().open(faulty, ownReader)) {
            faulty.fail(ALWAYS);
            long nrWritten = file.write(ByteBuffer.wrap(new byte[1 << 20]), 0);
            assertTrue(nrWritten > 0 && nrWritten <= 1 << 19, "bytes: " + nrWritten);
            assertThrows(OutOfMemoryError.class, () -> file.write(ByteBuffer.wrap(new byte[PAGE]), nrWritten));
            assertEquals(Math.max(nrWritten, content.length), file.sizeBytes());
            faulty.fail(0);
            assertEquals(PAGE, file.write(ByteBuffer.wrap(new byte[PAGE]), nrWritten));
            assertThrows(IOException.class, file::sync);
            file.sync();
            assertEquals(nrWritten + PAGE, memory.sizeBytes());
        }
    }

    @Test
    void anInterruptDoesNotTakeTheFileAwayFromOthers(@TempDir Path folder) throws IOException {
        Path path = Files.write(folder.resolve("file"), content);
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            Thread.currentThread().interrupt();
            assertReads(file);
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
            write(file, 0, 3, (byte) 9);
            Thread.currentThread().interrupt();
            file.sync();
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
            assertArrayEquals(content, Files.readAllBytes(path));
        }
    }
}
