/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/**
 * What has been written gets to the file and stays there, also if the file forgets it, throws anything, or is closed
 * meanwhile.
 */
class PageCacheSyncTest extends OpenFilesTest {
    private final byte[] content = bytes(40 * PAGE + 5, 1);

    private void write(OpenFile file, int offsetBytes, int lengthBytes, int value) throws IOException {
        byte[] change = new byte[lengthBytes];
        Arrays.fill(change, (byte) value);
        assertEquals(lengthBytes, file.write(ByteBuffer.wrap(change), offsetBytes));
        Arrays.fill(content, offsetBytes, offsetBytes + lengthBytes, (byte) value);
    }

    @Test
    void whatTheFileForgetsWhenItIsSyncedIsWrittenAgain() throws IOException {
        ForgetfulFile forgetful = new ForgetfulFile(content);
        try (OpenFile file = engine.pageCache().open(forgetful, reader)) {
            write(file, 100, PAGE, 1);
            file.sync();
            write(file, 7 * PAGE, 2 * PAGE, 2);
            write(file, 30 * PAGE + 9, 1, 3);
            forgetful.failSyncs(true);
            assertEquals(
                    "writing back failed: injected: sync",
                    assertThrows(IOException.class, file::sync).getMessage());
            assertFalse(Arrays.equals(content, forgetful.content()), "the file was to forget something");
            assertThrows(IOException.class, file::sync, "it is not kept the second time either");
            forgetful.failSyncs(false);
            file.sync();
            assertArrayEquals(content, forgetful.content());
        }
    }

    /** Reclaim writes back without asking the file to keep it. */
    @Test
    void whatWasWrittenBackLongBeforeTheSyncIsWrittenAgainToo() throws IOException {
        ForgetfulFile forgetful = new ForgetfulFile(content);
        try (OpenFile file = engine.pageCache().open(forgetful, reader)) {
            write(file, 3 * PAGE, PAGE, 1);
            ((CachedFile) file.file()).writeback().writeAll();
            assertArrayEquals(content, forgetful.content());
            forgetful.failSyncs(true);
            assertThrows(IOException.class, file::sync);
            forgetful.failSyncs(false);
            assertEquals(1, engine.pageCache().unwrittenFiles().size());
            file.sync();
            assertEquals(List.of(), engine.pageCache().unwrittenFiles());
            assertArrayEquals(content, forgetful.content());
        }
    }

    @Test
    void whatTheFileForgotIsWrittenByTheLastCloseAndByASyncOfAll() throws IOException {
        ForgetfulFile forgetful = new ForgetfulFile(content);
        OpenFile first = engine.pageCache().open(forgetful, reader);
        write(first, 3 * PAGE, PAGE, 1);
        forgetful.failSyncs(true);
        assertThrows(IOException.class, first::sync);
        first.close();
        assertArrayEquals(content, forgetful.content());
        assertTrue(forgetful.isClosed());

        ForgetfulFile other = new ForgetfulFile(content);
        OpenFile second = engine.pageCache().open(other, reader);
        write(second, 5 * PAGE, PAGE, 2);
        other.failSyncs(true);
        engine.pageCache().sync();
        other.failSyncs(false);
        engine.pageCache().sync();
        assertArrayEquals(content, other.content());
        assertThrows(IOException.class, second::close);
        assertTrue(other.isClosed());
    }

    /** Such a page lies between those that a failed sync makes dirty again, but its bytes are not the file's. */
    @Test
    void pagesThatCannotBeReadAreNotWritten() throws IOException {
        ForgetfulFile forgetful = new ForgetfulFile(content);
        FaultyFile faulty = new FaultyFile(forgetful, new SplittableRandom(2));
        try (OpenFile file = engine.pageCache().open(faulty, reader)) {
            write(file, 0, PAGE, 1);
            write(file, 20 * PAGE, PAGE, 2);
            faulty.fail(1000);
            assertThrows(IOException.class, () -> file.view(10 * PAGE));
            faulty.fail(0);
            forgetful.failSyncs(true);
            assertThrows(IOException.class, file::sync);
            forgetful.failSyncs(false);
            file.sync();
            assertArrayEquals(content, forgetful.content());
        }
    }

    @Test
    void aFileThatThrowsWhatItMayNotLosesNothingAndLeavesNothing() throws IOException {
        boolean[] failing = {false};
        MemoryFile throwing = new MemoryFile(content) {
            @Override
            public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
                throwIf(failing[0]);
                super.read(into, offsetBytes);
            }

            @Override
            public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
                throwIf(failing[0]);
                super.write(from, offsetBytes);
            }

            @Override
            public synchronized void sync() {
                throwIf(failing[0]);
            }
        };
        try (OpenFile file = engine.pageCache().open(throwing, reader)) {
            failing[0] = true;
            assertEquals(
                    "java.lang.IllegalStateException: injected: unchecked",
                    assertThrows(IOException.class, () -> file.read(ByteBuffer.allocate(1), 0))
                            .getMessage());
            failing[0] = false;
            file.evict(0, content.length);
            write(file, 100, 2 * PAGE, 1);
            failing[0] = true;
            IOException told = assertThrows(IOException.class, file::sync);
            assertEquals(
                    "writing back failed: java.lang.IllegalStateException: injected: unchecked", told.getMessage());
            assertEquals(0, engine.pageCache().reclaim(3));
            failing[0] = false;
            assertThrows(IOException.class, file::sync, "reclaim has failed since");
            file.sync();
            assertArrayEquals(content, throwing.content());
        }
    }

    private static void throwIf(boolean failing) {
        if (failing) {
            throw new IllegalStateException("injected: unchecked");
        }
    }

    /**
     * The sync of all files has written what was dirty, and waits for the file, while more is written and the file
     * closed.
     */
    @Test
    void theLastCloseBesideASyncOfAllWritesBackAndLetsGo() throws Exception {
        CountDownLatch syncing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        MemoryFile slow = new MemoryFile(content) {
            @Override
            @SuppressWarnings("UnsynchronizedOverridesSynchronized") // Others write meanwhile.
            public void sync() throws IOException {
                syncing.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
        OpenFile file = engine.pageCache().open(slow, reader);
        write(file, 0, PAGE, 1);
        FutureTask<Void> syncingAll = task(engine.pageCache()::sync);
        new Thread(syncingAll).start();
        syncing.await();
        write(file, 5 * PAGE, PAGE, 2);
        FutureTask<Void> closing = task(file::close);
        Thread closer = new Thread(closing);
        closer.start();
        // It either waits for the sync, or is done, and then it should not be.
        while (closer.getState() != Thread.State.WAITING && closer.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
        goOn.countDown();
        closing.get();
        assertArrayEquals(content, slow.content());
        assertTrue(slow.isClosed());
        syncingAll.get();
    }

    /** One step of a thread. */
    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private static FutureTask<Void> task(Step step) {
        return new FutureTask<>(() -> {
            step.run();
            return null;
        });
    }

    @Test
    void aFileThatCannotBeClosedKeepsNoOtherFromBeingSynced() throws IOException {
        FaultyFile[] faulty = new FaultyFile[3];
        MemoryFile[] files = new MemoryFile[faulty.length];
        for (int i = 0; i < faulty.length; i++) {
            files[i] = new MemoryFile(content);
            faulty[i] = new FaultyFile(files[i], new SplittableRandom(i)) {
                @Override
                public void close() throws IOException {
                    super.close();
                    throw new IOException("injected: close");
                }
            };
            OpenFile file = engine.pageCache().open(faulty[i], reader);
            assertEquals(1, file.write(ByteBuffer.wrap(new byte[] {1}), 0));
            faulty[i].fail(1000);
            assertThrows(IOException.class, file::close);
            faulty[i].fail(0);
        }
        assertEquals(
                "writing back failed: injected: close",
                assertThrows(IOException.class, () -> engine.pageCache().sync()).getMessage());
        content[0] = 1;
        for (MemoryFile file : files) {
            assertArrayEquals(content, file.content());
            assertTrue(file.isClosed());
        }
    }

    @Test
    void filesThatCouldNotBeWrittenAreNamed() throws IOException {
        FaultyFile faulty = new FaultyFile(new MemoryFile(content), new SplittableRandom(2)) {
            @Override
            public String toString() {
                return "the disk";
            }
        };
        OpenFile file = engine.pageCache().open(faulty, reader);
        assertEquals(List.of(), engine.pageCache().unwrittenFiles());
        write(file, 0, 1, 1);
        assertEquals(List.of("the disk"), engine.pageCache().unwrittenFiles());
        faulty.fail(1000);
        assertThrows(IOException.class, file::close);
        assertEquals(List.of("the disk"), engine.pageCache().unwrittenFiles());
        faulty.fail(0);
        engine.pageCache().sync();
        assertEquals(List.of(), engine.pageCache().unwrittenFiles());
    }
}
