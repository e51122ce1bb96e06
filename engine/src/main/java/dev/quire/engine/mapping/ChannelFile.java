/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.memory.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of the file system.
 *
 * <p>A {@link FileChannel} closes when a thread that uses it is interrupted, which would take the file away from all
 * others too. Here the channel is opened again, the call repeated, and the thread stays interrupted. On Linux a file
 * that may be written to is found again whatever has become of its path, through a second descriptor; elsewhere only if
 * its path still leads to it.
 */
final class ChannelFile implements BackingFile {
    /** Where Linux shows a process which files it has open. */
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
    private static final Set<OpenOption> READ_AND_WRITE = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final Set<OpenOption> CREATE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);

    private static final int ZEROES_BYTES = 1 << 16;
    private static final ByteBuffer ZEROES =
            ByteBuffer.allocateDirect(ZEROES_BYTES).asReadOnlyBuffer();

    private static final int NO_DESCRIPTOR = -1;

    /** Times that a path is opened which leads to another file each time. */
    private static final int DESCRIPTOR_ATTEMPTS = 16;

    private final Path path;
    private final Object key;
    private final boolean writable;

    /**
     * Leads to the file whatever becomes of its path, and takes what a channel cannot be asked for; or
     * {@link #NO_DESCRIPTOR}.
     */
    private final int descriptor;

    private volatile FileChannel channel;
    private volatile boolean closed;

    private ChannelFile(Path path, Object key, int descriptor, FileChannel channel, boolean writable) {
        this.path = path;
        this.key = key;
        this.descriptor = descriptor;
        this.channel = channel;
        this.writable = writable;
    }

    /** Opens a file for reading and, if that is allowed, writing. */
    static ChannelFile open(Path path, boolean create) throws IOException {
        ChannelFile file = null;
        while (file == null) {
            file = openUnlessReplaced(path, create);
        }
        return file;
    }

    /**
     * Opens what a path leads to; null if that changed meanwhile, as nobody knows then which file it is that was
     * opened.
     */
    private static @Nullable ChannelFile openUnlessReplaced(Path path, boolean create) throws IOException {
        // First, where there is one: while it is open, no other file gets the same key.
        int descriptor = openDescriptor(path);
        FileChannel channel = null;
        ChannelFile file = null;
        try {
            Object before = keyIfThere(placeOf(descriptor, path));
            boolean writable = true;
            try {
                channel = FileChannel.open(path, create ? CREATE : READ_AND_WRITE);
            } catch (FileSystemException e) {
                writable = false;
                channel = openForReading(path, e);
            }
            if (before != null && before.equals(keyOf(path))) {
                file = new ChannelFile(path, before, descriptor, channel, writable);
            }
            return file;
        } finally {
            if (file == null) {
                closeDescriptor(descriptor);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    /** Opens a file that may not be written to: by whom, or on a file system, or as long as it is running. */
    private static FileChannel openForReading(Path path, FileSystemException refusal) throws IOException {
        if (!Files.exists(path) || Files.isDirectory(path)) {
            throw refusal;
        }
        try {
            return FileChannel.open(path, READ);
        } catch (IOException e) {
            refusal.addSuppressed(e);
            throw refusal;
        }
    }

    /**
     * A descriptor of what a path leads to, if there is one to be had. It may lead to another file than Java finds: for
     * a moment, because the path's was replaced, or each time, because the system takes its name for another's than
     * Java does.
     */
    private static int openDescriptor(Path path) throws IOException {
        if (!LinuxCalls.areAvailable() || !path.getFileSystem().equals(FileSystems.getDefault())) {
            return NO_DESCRIPTOR;
        }
        for (int attempt = 0; attempt < DESCRIPTOR_ATTEMPTS; attempt++) {
            int descriptor = LinuxCalls.open(path.toString());
            if (descriptor < 0) {
                return NO_DESCRIPTOR;
            }
            if (isOf(descriptor, path)) {
                return descriptor;
            }
        }
        return NO_DESCRIPTOR;
    }

    /** Whether a descriptor is of the file that a path leads to; if not, it is closed. */
    private static boolean isOf(int descriptor, Path path) throws IOException {
        boolean isSame = false;
        try {
            Object key = keyIfThere(placeOf(descriptor, path));
            isSame = key != null && key.equals(keyIfThere(path));
            return isSame;
        } finally {
            if (!isSame) {
                closeDescriptor(descriptor);
            }
        }
    }

    private static void closeDescriptor(int descriptor) {
        if (descriptor >= 0) {
            LinuxCalls.close(descriptor);
        }
    }

    /** Where a file is found: through its descriptor if there is one. */
    private static Path placeOf(int descriptor, Path path) {
        return descriptor == NO_DESCRIPTOR ? path : DESCRIPTORS.resolve(Integer.toString(descriptor));
    }

    private static @Nullable Object keyIfThere(Path path) throws IOException {
        try {
            return keyOf(path);
        } catch (NoSuchFileException e) {
            return null;
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

    /**
     * Gives the blocks of a range back, if system and file system can; false if not, and then nothing is promised of
     * the range.
     */
    private boolean punchHole(long offsetBytes, long lengthBytes) {
        return descriptor != NO_DESCRIPTOR && LinuxCalls.punchHole(descriptor, offsetBytes, lengthBytes);
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
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            closeDescriptor(descriptor);
            channel.close();
        }
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
        Path place = placeOf(descriptor, path);
        if (!keyOf(place).equals(key)) {
            throw new FileSystemException(path.toString(), null, "another file has taken its place");
        }
        channel = FileChannel.open(place, writable ? READ_AND_WRITE : READ);
    }
}
