/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of which a part cannot be read, that throw what they like, or take themselves for each other. */
class PageCacheBadFileTest extends OpenFilesTest {
    private static final int NR_PAGES = 1024;
    private static final int BAD_PAGE = 700;

    private final byte[] content = bytes(NR_PAGES * PAGE, 1);

    /** Reads that meet one page fail. */
    private static final class BadSectorFile extends MemoryFile {
        BadSectorFile(byte[] content) {
            super(content);
        }

        @Override
        public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
            if (offsetBytes < (BAD_PAGE + 1) * PAGE && offsetBytes + into.remaining() > BAD_PAGE * PAGE) {
                throw new IOException("bad sector");
            }
            super.read(into, offsetBytes);
        }
    }

    /** Reads pages, all of them or up to the bad one, and compares what comes; returns how many came. */
    private int readPages(OpenFile file, int firstPage, int nrPages) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(nrPages * PAGE);
        int nrRead = file.read(into, (long) firstPage * PAGE);
        assertArrayEquals(
                Arrays.copyOfRange(content, firstPage * PAGE, firstPage * PAGE + nrRead),
                Arrays.copyOf(into.array(), nrRead));
        return nrRead / PAGE;
    }

    @Test
    void aPageThatCannotBeReadTakesNoOtherWithIt() throws IOException {
        try (OpenFile file = engine.pageCache().open(new BadSectorFile(content), reader)) {
            assertEquals(0, file.file().space().populate(0, NR_PAGES, 9));
            assertEquals(BAD_PAGE, readPages(file, 0, NR_PAGES));
            assertThrows(IOException.class, () -> readPages(file, BAD_PAGE, 1));
            assertEquals(NR_PAGES - BAD_PAGE - 1, readPages(file, BAD_PAGE + 1, NR_PAGES - BAD_PAGE - 1));
            assertEquals(BAD_PAGE - 512, readPages(file, 512, NR_PAGES - 512));
            for (int page = 512; page < NR_PAGES; page++) {
                if (page != BAD_PAGE) {
                    assertEquals(1, readPages(file, page, 1), "page " + page);
                }
            }
            assertThrows(IOException.class, () -> file.view(BAD_PAGE * PAGE));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPageThatCannotBeReadCanBeOverwritten(boolean readBefore) throws IOException {
        BadSectorFile bad = new BadSectorFile(content);
        try (OpenFile file = engine.pageCache().open(bad, reader)) {
            assertEquals(0, file.file().space().populate(512, 512, 9));
            if (readBefore) {
                assertThrows(IOException.class, () -> readPages(file, BAD_PAGE, 1));
            }
            assertThrows(IOException.class, () -> file.write(ByteBuffer.allocate(1), BAD_PAGE * PAGE + 1));
            byte[] change = new byte[3 * PAGE];
            Arrays.fill(change, (byte) 1);
            assertEquals(change.length, file.write(ByteBuffer.wrap(change), (BAD_PAGE - 1) * PAGE));
            System.arraycopy(change, 0, content, (BAD_PAGE - 1) * PAGE, change.length);
            assertEquals(1, file.write(ByteBuffer.wrap(new byte[] {2}), 600 * PAGE + 5), "a part of a good one");
            content[600 * PAGE + 5] = 2;
            assertEquals(3, readPages(file, BAD_PAGE - 1, 3));
            file.sync();
        }
        assertArrayEquals(content, bad.content());
    }

    /** Fails with an exception that is no error of a file, while it is asked to. */
    private static final class ThrowingFile extends MemoryFile {
        private long badFrom = Long.MAX_VALUE;
        private boolean throwsAtWrite;
        private boolean throwsAtResize;
        private boolean throwsAtClose;

        ThrowingFile(byte[] content) {
            super(content);
        }

        @Override
        public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
            if (offsetBytes + into.remaining() > badFrom) {
                throw new IllegalStateException("no read");
            }
            super.read(into, offsetBytes);
        }

        @Override
        public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
            if (throwsAtWrite) {
                throw new AssertionError("no write");
            }
            super.write(from, offsetBytes);
        }

        @Override
        public synchronized void resize(long sizeBytes) throws IOException {
            if (throwsAtResize) {
                throw new IllegalStateException("no resize");
            }
            super.resize(sizeBytes);
        }

        @Override
        public synchronized void close() throws IOException {
            super.close();
            if (throwsAtClose) {
                throw new IllegalStateException("no close");
            }
        }
    }

    @Test
    void whateverAFileThrowsAPageThatIsThereIsRead() throws IOException {
        ThrowingFile throwing = new ThrowingFile(content);
        throwing.badFrom = 8 * PAGE;
        try (OpenFile file = engine.pageCache().open(throwing, reader)) {
            // What is read ahead fails, what is read does not.
            for (int page = 0; page < 8; page++) {
                assertEquals(1, readPages(file, page, 1), "page " + page);
            }
            assertEquals(8, readPages(file, 0, 16));
            assertEquals(
                    "java.lang.IllegalStateException: no read",
                    assertThrows(IOException.class, () -> readPages(file, 8, 1)).getMessage());
            assertThrows(IOException.class, () -> file.write(ByteBuffer.allocate(1), 9 * PAGE + 1));
            throwing.badFrom = Long.MAX_VALUE;
            assertEquals(16, readPages(file, 0, 16));
        }
    }

    /** Reclaim takes a batch of folios off the lists before it writes the first of them. */
    @Test
    void whateverAFileThrowsWhenItIsWrittenNoFolioIsLost() throws IOException {
        int nrPages = 64;
        ThrowingFile throwing = new ThrowingFile(new byte[0]);
        try (OpenFile file = engine.pageCache().open(throwing, reader)) {
            for (int page = 0; page < nrPages; page++) {
                file.write(ByteBuffer.wrap(content, page * PAGE, PAGE), (long) page * PAGE);
            }
            LruLists lru = engine.accounting().lru();
            throwing.throwsAtWrite = true;
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(nrPages, lru.nrPages(LruList.INACTIVE_FILE) + lru.nrPages(LruList.ACTIVE_FILE));
            assertEquals(
                    "writing back failed: java.lang.AssertionError: no write",
                    assertThrows(IOException.class, file::sync).getMessage());
            throwing.throwsAtWrite = false;
            assertEquals(nrPages, engine.pageCache().reclaim(nrPages));
        }
        assertArrayEquals(Arrays.copyOf(content, nrPages * PAGE), throwing.content());
    }

    @Test
    void whateverAFileThrowsWhenItIsCutItHasRefused() throws IOException {
        ThrowingFile throwing = new ThrowingFile(content);
        try (OpenFile file = engine.pageCache().open(throwing, reader)) {
            throwing.throwsAtResize = true;
            assertEquals(
                    "java.lang.IllegalStateException: no resize",
                    assertThrows(IOException.class, () -> file.truncate(PAGE)).getMessage());
            assertThrows(IOException.class, () -> file.truncate(2L * content.length));
            assertEquals(content.length, file.sizeBytes());
            assertEquals(NR_PAGES, readPages(file, 0, NR_PAGES));
        }
    }

    /** As one does that hands a buffer to a channel once. */
    @Test
    void aFileThatWritesLessThanItWasGivenHasFailed() throws IOException {
        boolean[] writesLess = {true};
        MemoryFile hasty = new MemoryFile(new byte[0]) {
            @Override
            public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
                int limit = from.limit();
                from.limit(writesLess[0] ? limit - 1 : limit);
                super.write(from, offsetBytes);
                from.limit(limit);
            }
        };
        try (OpenFile file = engine.pageCache().open(hasty, reader)) {
            file.write(ByteBuffer.wrap(content, 0, PAGE - 7), 0);
            assertEquals(
                    "writing back failed: not all was written: offsetBytes=0, bytes left=1",
                    assertThrows(IOException.class, file::sync).getMessage());
            writesLess[0] = false;
            file.sync();
        }
        assertArrayEquals(Arrays.copyOf(content, PAGE - 7), hasty.content());
    }

    /** The lock of the table is not held while somebody else's code runs. */
    @Test
    void aFileMayUseThePageCacheToTellItsName() throws IOException {
        MemoryFile named = new MemoryFile(new byte[0]) {
            @Override
            public String toString() {
                try (OpenFile other = engine.pageCache().open(new MemoryFile(new byte[5]), reader)) {
                    return "file of " + other.sizeBytes();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        try (OpenFile file = engine.pageCache().open(named, reader)) {
            file.write(ByteBuffer.wrap(new byte[] {1}), 0);
            assertEquals(List.of("file of 5"), engine.pageCache().unwrittenFiles());
        }
    }

    @Test
    void whateverAFileThrowsWhenItIsClosedTheOthersAreWritten() throws IOException {
        MemoryFile[] files = new MemoryFile[20];
        OpenFile[] open = new OpenFile[files.length];
        for (int i = 0; i < files.length; i++) {
            ThrowingFile throwing = new ThrowingFile(new byte[0]);
            throwing.throwsAtClose = true;
            UnwritableFile unwritable = new UnwritableFile(throwing);
            files[i] = throwing;
            OpenFile opened = engine.pageCache().open(unwritable, reader);
            opened.write(ByteBuffer.wrap(new byte[] {7}), 0);
            assertThrows(IOException.class, opened::close);
            unwritable.fails = false;
            open[i] = opened;
        }
        IOException told =
                assertThrows(IOException.class, () -> engine.pageCache().sync());
        assertEquals("writing back failed: java.lang.IllegalStateException: no close", told.getMessage());
        for (MemoryFile file : files) {
            assertArrayEquals(new byte[] {7}, file.content());
            assertTrue(file.isClosed());
        }
    }

    /** Cannot be written to, at first. */
    private static final class UnwritableFile extends FaultyFile {
        private boolean fails = true;

        UnwritableFile(BackingFile file) {
            super(file, new SplittableRandom(1));
        }

        @Override
        public void write(ByteBuffer from, long offsetBytes) throws IOException {
            if (fails) {
                throw new IOException("no write");
            }
            super.write(from, offsetBytes);
        }
    }

    /** Says that it is the same as any other of equal content, as a record over a list does. */
    private static final class ComparedFile extends MemoryFile {
        ComparedFile(byte[] content) {
            super(content);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ComparedFile file && Arrays.equals(content(), file.content());
        }

        @Override
        public int hashCode() {
            return Objects.hash(Arrays.hashCode(content()));
        }
    }

    @Test
    void aFileIsItselfWhateverItTakesItselfFor() throws IOException {
        ComparedFile first = new ComparedFile(new byte[PAGE]);
        ComparedFile second = new ComparedFile(new byte[PAGE]);
        OpenFile openFirst = engine.pageCache().open(first, reader);
        OpenFile openSecond = engine.pageCache().open(second, reader);
        openFirst.write(ByteBuffer.wrap(new byte[] {1}), 0);
        openFirst.sync();
        openFirst.write(ByteBuffer.wrap(new byte[] {2}), 0);
        openFirst.close();
        openSecond.close();
        assertEquals(2, first.content()[0]);
        assertEquals(0, second.content()[0]);
        assertTrue(first.isClosed());
        assertTrue(second.isClosed());
    }

    /** A file that cannot be changed. */
    private static final class ReadOnlyFile extends MemoryFile {
        ReadOnlyFile(byte[] content) {
            super(content);
        }

        @Override
        public boolean isWritable() {
            return false;
        }
    }

    @Test
    void aClosedFileIsClosedAlsoIfItCouldNotBeChanged() throws IOException {
        OpenFile file = engine.pageCache().open(new ReadOnlyFile(content), reader);
        ByteBuffer from = ByteBuffer.allocate(1);
        assertThrows(NonWritableChannelException.class, () -> file.write(from, 0));
        assertThrows(NonWritableChannelException.class, () -> file.truncate(0));
        file.close();
        assertThrows(ClosedChannelException.class, () -> file.write(from, 0));
        assertThrows(ClosedChannelException.class, () -> file.truncate(0));
        assertThrows(ClosedChannelException.class, () -> file.punchHole(0, 1));
        assertEquals(1, from.remaining());
    }

    /** Cannot say what it is called, nor, in the end, whether it may be changed. */
    private static final class NamelessFile extends MemoryFile {
        private boolean throwsAll;

        NamelessFile() {
            super(new byte[0]);
        }

        @Override
        public boolean isWritable() {
            if (throwsAll) {
                throw new ArithmeticException("writable");
            }
            return true;
        }

        @Override
        public String toString() {
            throw new ArithmeticException("name");
        }
    }

    @Test
    void aFileThatCannotSayWhetherItIsWritableFailsTheCall() throws IOException {
        NamelessFile nameless = new NamelessFile();
        OpenFile file = engine.pageCache().open(nameless, reader);
        nameless.throwsAll = true;
        IOException refusal = assertThrows(IOException.class, () -> file.truncate(PAGE));
        assertEquals("java.lang.ArithmeticException: writable", refusal.getMessage());
        assertEquals(0, file.sizeBytes());
        assertThrows(IOException.class, file::sync);
        nameless.throwsAll = false;
        file.sync();
        file.close();
    }

    /** Or its memory would be lost, as closing again does nothing. */
    @Test
    void anEngineIsClosedAlsoIfADirtyFileHasNoName() throws IOException {
        Quire closing = Quire.builder().capacityBytes(1 << 22).open();
        RcuReader itsReader = closing.newReader();
        OpenFile file = closing.pageCache().open(new NamelessFile(), itsReader);
        file.write(ByteBuffer.allocate(10), 0);
        assertEquals(List.of(NamelessFile.class.getName()), closing.pageCache().unwrittenFiles());
        closing.close();
        long page = closing.arena().pageAt(0);
        assertEquals(
                "the arena is closed",
                assertThrows(IllegalStateException.class, () -> closing.arena().zeroFrames(page, 1))
                        .getMessage());
    }

    @Test
    void nothingIsEvictedOfAnEmptyFile() throws IOException {
        try (OpenFile file = engine.pageCache().open(new MemoryFile(new byte[0]), reader);
                SharedMemory memory = engine.pageCache().newSharedMemory(0)) {
            assertEquals(0, file.evict(0, file.sizeBytes()));
            assertEquals(0, memory.swapOut(0, memory.sizeBytes()));
            assertThrows(IllegalArgumentException.class, () -> file.evict(0, -1));
            assertThrows(IllegalArgumentException.class, () -> memory.swapOut(-1, 0));
        }
    }
}
