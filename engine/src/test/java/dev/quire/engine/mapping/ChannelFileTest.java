/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file of the file system stays the one that was opened. */
@SuppressWarnings("NullAway.Init")
class ChannelFileTest {
    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    @TempDir
    Path folder;

    /** What becomes of a path. */
    private enum Change {
        RENAMED {
            @Override
            void apply(Path path) throws IOException {
                Files.move(path, path.resolveSibling("moved"));
            }
        },
        UNLINKED {
            @Override
            void apply(Path path) throws IOException {
                Files.delete(path);
            }
        },
        REPLACED {
            @Override
            void apply(Path path) throws IOException {
                Path other = Files.write(path.resolveSibling("other"), new byte[] {9, 9, 9, 9});
                Files.move(other, path, StandardCopyOption.ATOMIC_MOVE);
            }
        };

        abstract void apply(Path path) throws IOException;
    }

    private static byte[] read(ChannelFile file) throws IOException {
        ByteBuffer into = ByteBuffer.allocate((int) file.sizeBytes());
        file.read(into, 0);
        return into.array();
    }

    /** An interrupt closes the channel: then only who does not go by the path finds the file again. */
    @ParameterizedTest
    @EnumSource(Change.class)
    @EnabledOnOs(OS.LINUX)
    void anInterruptedFileIsFoundAgainWhateverBecomesOfItsPath(Change change) throws IOException {
        Path path = Files.write(folder.resolve("file"), new byte[] {1, 2, 3});
        ChannelFile file = ChannelFile.open(path, false);
        change.apply(path);
        Thread.currentThread().interrupt();
        file.write(ByteBuffer.wrap(new byte[] {7}), 1);
        assertTrue(Thread.interrupted(), "the thread stays interrupted");
        assertArrayEquals(new byte[] {1, 7, 3}, read(file));
        Thread.currentThread().interrupt();
        file.sync();
        assertTrue(Thread.interrupted());
        file.close();
        file.close();
    }

    /** As on a file system that is mounted read-only, the refusal to write is none of access. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aFileThatIsBusyAsAProgramIsOpenedForReading() throws IOException {
        Path program = Files.copy(Path.of("/bin/sleep"), folder.resolve("sleep"), StandardCopyOption.COPY_ATTRIBUTES);
        assumeTrue(Files.isExecutable(program));
        Process running = new ProcessBuilder(program.toString(), "60").start();
        try {
            for (boolean create : new boolean[] {false, true}) {
                ChannelFile file = ChannelFile.open(program, create);
                assertFalse(file.isWritable());
                assertEquals(Files.size(program), file.sizeBytes());
                file.close();
            }
        } finally {
            running.destroyForcibly();
        }
    }

    @Test
    void whatIsNoFileIsRefusedAsItWas() {
        assertThrows(FileSystemException.class, () -> ChannelFile.open(folder, false));
        assertThrows(FileSystemException.class, () -> ChannelFile.open(folder, true));
    }

    /**
     * Each file that takes the path has a number of its own; what is open must be known by the key of what it reads.
     */
    @Test
    void theKeyIsThatOfTheFileThatIsOpen() throws IOException, InterruptedException {
        Map<Integer, Object> keys = new ConcurrentHashMap<>();
        Path path = folder.resolve("file");
        AtomicBoolean over = new AtomicBoolean();
        replace(path, 0, keys);
        Thread replacing = Thread.ofPlatform().start(() -> {
            for (int number = 1; !over.get(); number++) {
                replace(path, number, keys);
            }
        });
        try {
            long start = System.nanoTime();
            while (System.nanoTime() - start < NANOS) {
                ChannelFile file = ChannelFile.open(path, false);
                assertEquals(keys.get(ByteBuffer.wrap(read(file)).getInt()), file.key());
                file.close();
            }
        } finally {
            over.set(true);
            replacing.join();
        }
    }

    private static void replace(Path path, int number, Map<Integer, Object> keys) {
        try {
            Path next = Files.write(
                    path.resolveSibling("next"),
                    ByteBuffer.allocate(Integer.BYTES).putInt(number).array());
            keys.put(
                    number,
                    Files.readAttributes(next, BasicFileAttributes.class).fileKey());
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
