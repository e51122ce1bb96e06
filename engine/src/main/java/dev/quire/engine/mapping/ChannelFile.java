/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.memory.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;

/**
 * A file of the file system.
 *
 * <p>A {@link FileChannel} closes when a thread that uses it is interrupted, which would take the file away from all others
 * too. Here the channel is opened again, the call repeated, and the thread stays interrupted.
 */
final class ChannelFile implements BackingFile {
    /** Where Linux shows a process which files it has open. */
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private static final int ZEROES_BYTES = 1 << 16;
    private static final ByteBuffer ZEROES =
            ByteBuffer.allocateDirect(ZEROES_BYTES).asReadOnlyBuffer();

    private final Path path;
    private final Object key;
    private final boolean writable;
    private volatile FileChannel channel;
    private volatile boolean closed;

    private ChannelFile(Path path, FileChannel channel, boolean writable) throws IOException {
        this.path = path;
        this.channel = channel;
        this.writable = writable;
        key = keyOf(path);
    }

    /** Opens a file for reading and, if that is allowed, writing. */
    static ChannelFile open(Path path, boolean create) throws IOException {
        FileChannel channel;
        boolean writable = true;
        try {
            Set<OpenOption> options = create
                    ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)
                    : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
            channel = FileChannel.open(path, options);
        } catch (AccessDeniedException e) {
            writable = false;
            channel = FileChannel.open(path, StandardOpenOption.READ);
        }
        try {
            return new ChannelFile(path, channel, writable);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static Object keyOf(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath() : key;
    }

    /** What two paths of one file have in common. */
    Object key() {
        return key;
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public long sizeBytes() throws IOException {
        return uninterrupted(FileChannel::size);
    }

    @Override
    public void read(ByteBuffer into, long offsetBytes) throws IOException {
        long start = offsetBytes - into.position();
        int nrRead = 0;
        while (nrRead >= 0 && into.hasRemaining()) {
            nrRead = uninterrupted(open -> open.read(into, start + into.position()));
        }
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) throws IOException {
        long start = offsetBytes - from.position();
        while (from.hasRemaining()) {
            uninterrupted(open -> open.write(from, start + from.position()));
        }
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) throws IOException {
        long end = Math.min(offsetBytes + lengthBytes, sizeBytes());
        if (end - offsetBytes >= Geometry.PAGE_BYTES && punchHole(offsetBytes, end - offsetBytes)) {
            return;
        }
        for (long at = offsetBytes; at < end; at += ZEROES_BYTES) {
            write(ZEROES.slice(0, (int) Math.min(end - at, ZEROES_BYTES)), at);
        }
    }

    /** Gives the blocks of a range back, if system and file system can; false if not, and then nothing is promised of the range. */
    private boolean punchHole(long offsetBytes, long lengthBytes) {
        if (!LinuxCalls.areAvailable() || !path.getFileSystem().equals(FileSystems.getDefault())) {
            return false;
        }
        // A channel does not tell its descriptor.
        int descriptor = LinuxCalls.open(path.toString());
        if (descriptor < 0) {
            return false;
        }
        try {
            // Another file may have taken the place of this one.
            return keyOf(DESCRIPTORS.resolve(Integer.toString(descriptor))).equals(key)
                    && LinuxCalls.punchHole(descriptor, offsetBytes, lengthBytes);
        } catch (IOException e) {
            return false;
        } finally {
            LinuxCalls.close(descriptor);
        }
    }

    @Override
    public void resize(long sizeBytes) throws IOException {
        if (sizeBytes > sizeBytes()) {
            write(ZEROES.slice(0, 1), sizeBytes - 1);
        } else {
            uninterrupted(open -> open.truncate(sizeBytes));
        }
    }

    @Override
    public void sync() throws IOException {
        uninterrupted(open -> {
            open.force(true);
            return open;
        });
    }

    @Override
    public void close() throws IOException {
        closed = true;
        channel.close();
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /** One use of the open channel. */
    @FunctionalInterface
    private interface ChannelCall<R> {
        R on(FileChannel open) throws IOException;
    }

    private <R> R uninterrupted(ChannelCall<R> call) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                FileChannel current = channel;
                try {
                    return call.on(current);
                } catch (ClosedChannelException e) {
                    // By the interrupt of this thread or of another one that used the channel.
                    interrupted |= Thread.interrupted();
                    if (closed) {
                        throw e;
                    }
                    reopen();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void reopen() throws IOException {
        if (channel.isOpen() || closed) {
            return;
        }
        if (!Objects.equals(keyOf(path), key)) {
            throw new FileSystemException(path.toString(), null, "another file has taken its place");
        }
        channel = writable
                ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(path, StandardOpenOption.READ);
    }
}
