/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.mapping.CallingFile.Call;
import dev.quire.engine.mapping.CallingFile.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * A file that calls back into the page cache, of another file even, while it is asked for something takes locks in a
 * wrong order: two that do so could wait for each other for ever. It is told at once, and nothing stays locked.
 */
@SuppressWarnings("NullAway.Init")
class PageCacheLockOrderTest extends OpenFilesTest {
    private CallingFile calling;
    private OpenFile file;
    private OpenFile other;

    @BeforeEach
    void openFiles() throws IOException {
        calling = new CallingFile(new byte[3 * PAGE]);
        file = engine.pageCache().open(calling, reader);
        other = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader);
    }

    @AfterEach
    void bothFilesWorkAfterwards() throws IOException {
        for (OpenFile each : new OpenFile[] {file, other}) {
            each.write(ByteBuffer.allocate(2 * PAGE), 0);
            each.sync();
            each.punchHole(1, PAGE);
            each.truncate(1);
            each.close();
        }
        engine.pageCache().sync();
    }

    private void assertViolation(Request request, Call call, Executable use, String taking, String holding) {
        calling.callAt(request, call);
        Throwable cause = assertThrows(Exception.class, use);
        calling.callAt(request, () -> {});
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        assertEquals(IllegalStateException.class, cause.getClass());
        assertEquals("lock order violated: taking=" + taking + ", holding=" + holding, cause.getMessage());
    }

    /** Whenever a page is read: errors of what is read ahead are not told, that of the page that is wanted is. */
    private Call atEveryRead(Call call) {
        return () -> {
            calling.callAt(Request.READ, atEveryRead(call));
            call.run();
        };
    }

    private void dirty() throws IOException {
        file.write(ByteBuffer.allocate(PAGE), 0);
    }

    @Test
    void whileAFolioIsFilledNoFileIsWrittenTo() {
        assertViolation(
                Request.READ,
                atEveryRead(() -> other.write(ByteBuffer.allocate(1), 0)),
                () -> file.read(ByteBuffer.allocate(1), 0),
                "INODE",
                "FOLIO");
    }

    @Test
    void whileAFolioIsFilledNoFileIsOpened() {
        assertViolation(
                Request.READ,
                atEveryRead(() -> engine.pageCache()
                        .open(new MemoryFile(new byte[0]), reader)
                        .close()),
                () -> file.read(ByteBuffer.allocate(1), 0),
                "FILE_TABLE",
                "FOLIO");
    }

    @Test
    void whileAFolioIsWrittenBackNoFileIsCut() throws IOException {
        dirty();
        assertViolation(Request.WRITE, () -> other.truncate(1), () -> file.sync(), "INODE", "WRITEBACK");
    }

    @Test
    void whileAFolioIsWrittenBackNoneIsOfAnotherFile() throws IOException {
        dirty();
        other.write(ByteBuffer.allocate(1), 0);
        assertViolation(Request.WRITE, () -> other.sync(), () -> file.sync(), "WRITEBACK", "WRITEBACK");
    }

    @Test
    void whileAFileIsSyncedNoneElseIs() throws IOException {
        assertViolation(Request.SYNC, () -> other.sync(), () -> file.sync(), "FILE_SYNC", "FILE_SYNC");
    }

    @Test
    void whileAHoleIsPunchedNoFileIsWrittenTo() {
        assertViolation(
                Request.ZERO,
                () -> other.write(ByteBuffer.allocate(1), 0),
                () -> file.punchHole(0, PAGE),
                "INODE",
                "INODE");
    }

    @Test
    void whileAFileIsCutNoneElseIs() {
        assertViolation(Request.RESIZE, () -> other.truncate(1), () -> file.truncate(PAGE), "INODE", "INODE");
    }

    @Test
    void whileAFileIsOpenedNoneElseIs() {
        CallingFile opened = new CallingFile(new byte[0]);
        opened.callAt(Request.SIZE, () -> engine.pageCache().unwrittenFiles());
        IOException thrown =
                assertThrows(IOException.class, () -> engine.pageCache().open(opened, reader));
        assertEquals(
                "java.lang.IllegalStateException: lock order violated: taking=FILE_TABLE, holding=FILE_TABLE",
                thrown.getMessage());
    }

    @Test
    void whileTheLastOneClosesAFileNoneIsOpened() throws IOException {
        CallingFile closing = new CallingFile(new byte[PAGE]);
        OpenFile last = engine.pageCache().open(closing, reader);
        last.write(ByteBuffer.allocate(PAGE), 0);
        closing.callAt(Request.WRITE, () -> engine.pageCache().open(new MemoryFile(new byte[0]), reader));
        IOException thrown = assertThrows(IOException.class, last::close);
        assertTrue(
                String.valueOf(thrown.getMessage())
                        .endsWith("lock order violated: taking=FILE_TABLE, holding=WRITEBACK"),
                thrown.getMessage());
        assertEquals(1, engine.pageCache().unwrittenFiles().size());
    }

    @Test
    void whileSharedMemoryIsSwappedOutNoFileIsCut() throws IOException {
        CallingFile swapFile = new CallingFile(new byte[0]);
        try (SwapArea swap = engine.pageCache().swapOn(swapFile);
                SharedMemory memory = engine.pageCache().newSharedMemory(PAGE)) {
            try (OpenFile shared = memory.open(reader)) {
                shared.write(ByteBuffer.allocate(PAGE), 0);
            }
            swapFile.callAt(Request.WRITE, () -> other.truncate(1));
            IOException thrown = assertThrows(IOException.class, () -> memory.swapOut(0, PAGE));
            assertTrue(swapFile.hasCalled());
            assertTrue(
                    String.valueOf(thrown.getMessage())
                            .endsWith("lock order violated: taking=INODE, holding=WRITEBACK"),
                    thrown.getMessage());
            assertEquals(1, memory.nrPages());
            assertEquals(1, memory.swapOut(0, PAGE));
            assertTrue(swap.isOn());
        }
    }
}
