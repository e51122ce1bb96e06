/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page cache over files of the file system. */
@SuppressWarnings("NullAway.Init")
class PageCacheTest extends OpenFilesTest {
    @TempDir
    Path folder;

    private Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("file"), content);
    }

    private static byte[] read(OpenFile file, long offsetBytes, int lengthBytes) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(lengthBytes);
        file.read(into, offsetBytes);
        return Arrays.copyOf(into.array(), into.position());
    }

    @Test
    void readsWhatTheFileHas() throws IOException {
        byte[] content = bytes(300 * PAGE + 123, 1);
        try (OpenFile file = engine.pageCache().open(file(content), reader)) {
            assertEquals(content.length, file.sizeBytes());
            assertArrayEquals(content, read(file, 0, content.length + 1000));
            assertArrayEquals(Arrays.copyOfRange(content, 5000, 5010), read(file, 5000, 10));
            assertEquals(301, file.nrCachedPages());
            assertEquals(-1, file.read(ByteBuffer.allocate(1), content.length));
            assertEquals(0, file.read(ByteBuffer.allocate(0), content.length));
        }
    }

    @Test
    void sequentialReadsBringInFoliosThatGrow() throws IOException {
        byte[] content = bytes(4 << 20, 2);
        try (OpenFile file = engine.pageCache().open(file(content), reader)) {
            for (int at = 0; at < content.length; at += 1000) {
                int length = Math.min(1000, content.length - at);
                assertArrayEquals(Arrays.copyOfRange(content, at, at + length), read(file, at, length));
            }
            int[] largest = {0};
            file.forEachFolio((index, order, folio) -> largest[0] = Math.max(largest[0], order));
            assertEquals(9, largest[0]);
        }
    }

    @Test
    void writesReachTheFileWithSync() throws IOException {
        byte[] content = bytes(20 * PAGE + 7, 3);
        Path path = file(content);
        byte[] change = bytes(9 * PAGE, 4);
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            assertEquals(change.length, file.write(ByteBuffer.wrap(change), 3 * PAGE + 100));
            System.arraycopy(change, 0, content, 3 * PAGE + 100, change.length);
            assertArrayEquals(content, read(file, 0, content.length));
            assertTrue(Arrays.mismatch(content, Files.readAllBytes(path)) >= 0, "the file has it before it was synced");
            file.sync();
            assertArrayEquals(content, Files.readAllBytes(path));
        }
    }

    @Test
    void theLastCloseWritesBack() throws IOException {
        Path path = folder.resolve("new");
        byte[] content = bytes(3 * PAGE + 1, 5);
        OpenFile first = engine.pageCache().create(path, reader);
        OpenFile second = engine.pageCache().open(path, reader);
        first.write(ByteBuffer.wrap(content), 0);
        assertArrayEquals(content, read(second, 0, content.length));
        first.close();
        first.close();
        assertEquals(0, Files.size(path));
        assertThrows(ClosedChannelException.class, first::sizeBytes);
        second.close();
        assertArrayEquals(content, Files.readAllBytes(path));
    }

    @Test
    void aWriteBeyondTheEndLeavesZeroesBetween() throws IOException {
        Path path = file(new byte[] {1, 2, 3});
        byte[] expected = new byte[5 * PAGE + 2];
        System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 0, 3);
        expected[5 * PAGE] = 8;
        expected[5 * PAGE + 1] = 9;
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            file.write(ByteBuffer.wrap(new byte[] {8, 9}), 5 * PAGE);
            assertArrayEquals(expected, read(file, 0, expected.length + 1));
            file.sync();
            assertArrayEquals(expected, Files.readAllBytes(path));
        }
    }

    @Test
    void whatIsCutOffIsZeroWhenTheFileGrowsAgain() throws IOException {
        byte[] content = bytes(40 * PAGE, 6);
        Path path = file(content);
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            read(file, 0, content.length);
            file.truncate(10 * PAGE + 50);
            assertEquals(10 * PAGE + 50, file.sizeBytes());
            assertEquals(10 * PAGE + 50, Files.size(path));
            file.truncate(30 * PAGE);
            Arrays.fill(content, 10 * PAGE + 50, 40 * PAGE, (byte) 0);
            byte[] expected = Arrays.copyOf(content, 30 * PAGE);
            assertArrayEquals(expected, read(file, 0, 40 * PAGE));
            file.sync();
            assertArrayEquals(expected, Files.readAllBytes(path));
        }
    }

    @Test
    void aHoleReadsAsZeroInCacheAndFile() throws IOException {
        byte[] content = bytes(600 * PAGE, 7);
        Path path = file(content);
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            read(file, 0, content.length);
            file.write(ByteBuffer.wrap(bytes(PAGE, 8)), 101 * PAGE);
            file.punchHole(100 * PAGE + 1, 50 * PAGE);
            Arrays.fill(content, 100 * PAGE + 1, 150 * PAGE + 1, (byte) 0);
            assertArrayEquals(content, read(file, 0, content.length));
            file.sync();
            assertArrayEquals(content, Files.readAllBytes(path));
            file.evict(0, content.length);
            assertEquals(0, file.nrCachedPages());
            assertArrayEquals(content, read(file, 0, content.length));
        }
    }

    @Test
    void aHoleIsPunchedInTheFileThatIsOpenWhateverItsPathLeadsToByNow() throws IOException {
        byte[] content = bytes(20 * PAGE, 14);
        byte[] others = bytes(20 * PAGE, 15);
        Path path = file(content);
        try (OpenFile file = engine.pageCache().open(path, reader)) {
            Path moved = Files.move(path, folder.resolve("moved"));
            Files.write(path, others);
            file.punchHole(3 * PAGE + 1, 10 * PAGE);
            Arrays.fill(content, 3 * PAGE + 1, 13 * PAGE + 1, (byte) 0);
            assertArrayEquals(content, Files.readAllBytes(moved));
            assertArrayEquals(others, Files.readAllBytes(path));
        }
    }

    @Test
    void aViewShowsTheBytesInPlaceUntilItIsClosed() throws IOException {
        byte[] content = bytes(64 * PAGE, 9);
        try (OpenFile file = engine.pageCache().open(file(content), reader)) {
            FolioView view = file.view(5 * PAGE + 10);
            MemorySegment bytes = view.bytes();
            assertEquals(content[5 * PAGE + 10], bytes.get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(5 * PAGE + 10, view.offsetBytes());
            file.write(ByteBuffer.wrap(new byte[] {77}), 5 * PAGE + 11);
            assertEquals(77, bytes.get(ValueLayout.JAVA_BYTE, 1));
            assertThrows(IllegalArgumentException.class, () -> bytes.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
            file.sync();
            long cached = file.nrCachedPages();
            assertTrue(file.evict(0, content.length) < cached, "the viewed folio was evicted");
            view.close();
            view.close();
            assertThrows(IllegalStateException.class, () -> bytes.get(ValueLayout.JAVA_BYTE, 0));
            file.evict(0, content.length);
            assertEquals(0, file.nrCachedPages());
            assertThrows(IndexOutOfBoundsException.class, () -> file.view(content.length));
            assertThrows(IndexOutOfBoundsException.class, () -> file.view(-1));
        }
    }

    @Test
    void aViewOutlivesItsFileAndWhatIsCutOffIt() throws IOException {
        byte[] content = bytes(8 * PAGE, 12);
        OpenFile file = engine.pageCache().open(file(content), reader);
        try (FolioView view = file.view(3 * PAGE)) {
            file.truncate(0);
            file.close();
            byte[] seen = view.bytes().toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(Arrays.copyOfRange(content, 3 * PAGE, 3 * PAGE + seen.length), seen);
        }
    }

    @Test
    void aViewIsForTheThreadThatOpenedIt() throws IOException, InterruptedException {
        try (OpenFile file = engine.pageCache().open(file(bytes(PAGE, 13)), reader);
                FolioView view = file.view(0)) {
            Throwable[] thrown = new Throwable[2];
            Thread other = new Thread(() -> {
                thrown[0] = assertThrows(Throwable.class, () -> view.bytes().get(ValueLayout.JAVA_BYTE, 0));
                thrown[1] = assertThrows(Throwable.class, view::close);
            });
            other.start();
            other.join();
            assertEquals(WrongThreadException.class, thrown[0].getClass());
            assertEquals(WrongThreadException.class, thrown[1].getClass());
            assertEquals(bytes(PAGE, 13)[0], view.bytes().get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void badArgumentsAreNamed() throws IOException {
        try (OpenFile file = engine.pageCache().open(file(new byte[10]), reader)) {
            assertEquals(
                    "range out of bounds: offsetBytes=-1, lengthBytes=1, end max=4611686018427387904",
                    assertThrows(IllegalArgumentException.class, () -> file.read(ByteBuffer.allocate(1), -1))
                            .getMessage());
            assertThrows(IllegalArgumentException.class, () -> file.write(ByteBuffer.allocate(1), 1L << 62));
            assertThrows(IllegalArgumentException.class, () -> file.truncate(-1));
            assertThrows(IllegalArgumentException.class, () -> file.punchHole(0, 0));
            reader.enter();
            try {
                assertThrows(IllegalStateException.class, () -> file.read(ByteBuffer.allocate(1), 0));
            } finally {
                reader.exit();
            }
            assertEquals(10, file.sizeBytes());
        }
        assertThrows(NoSuchFileException.class, () -> engine.pageCache().open(folder.resolve("none"), reader));
        assertThrows(IllegalArgumentException.class, () -> engine.pageCache().reclaim(0));
    }

    @Test
    void aFileThatMayOnlyBeReadRefusesChanges() throws IOException {
        BackingFile readOnly = new MemoryFile(new byte[PAGE]) {
            @Override
            public boolean isWritable() {
                return false;
            }
        };
        try (OpenFile file = engine.pageCache().open(readOnly, reader)) {
            assertThrows(NonWritableChannelException.class, () -> file.write(ByteBuffer.allocate(1), 0));
            assertThrows(NonWritableChannelException.class, () -> file.truncate(0));
            assertThrows(NonWritableChannelException.class, () -> file.punchHole(0, 1));
            assertArrayEquals(new byte[PAGE], read(file, 0, 2 * PAGE));
            file.sync();
        }
    }

    @Test
    void aFileLargerThanMemoryIsReadAndWrittenThroughWhatThereIs() throws IOException {
        try (Quire small = Quire.builder().capacityBytes(1 << 20).open();
                RcuReader ownReader = small.newReader()) {
            byte[] content = bytes(3 << 20, 10);
            Path path = file(content);
            try (OpenFile file = small.pageCache().open(path, ownReader)) {
                assertArrayEquals(content, read(file, 0, content.length));
                assertTrue(file.nrCachedPages() <= 256, "pages: " + file.nrCachedPages());
                byte[] change = bytes(content.length, 11);
                assertEquals(change.length, file.write(ByteBuffer.wrap(change), 0));
                assertArrayEquals(change, read(file, 0, content.length));
                file.sync();
                assertArrayEquals(change, Files.readAllBytes(path));
            }
        }
    }
}
