/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import dev.quire.engine.machine.LinuxCalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A run of addresses that reads as zero and gets memory behind it page by page, as it is touched. Reserving far more
 * than the machine has costs nothing, where the system allows it: Linux refuses it with {@code vm.overcommit_memory=2}
 * and beyond {@code ulimit -v}, and a file cannot be longer than its file system allows.
 */
sealed interface Reservation extends AutoCloseable {
    /** First byte of the reservation. */
    long address();

    /** Length in bytes. */
    long nrBytes();

    /** Releases the addresses; any later access to them crashes the JVM, so the owner must have excluded it. */
    @Override
    void close();

    /**
     * Asks for (or against) huge pages behind a part of the reservation.
     *
     * @return whether the system accepted the advice; it may still not follow it
     */
    boolean adviseHugePages(long address, long nrBytes, boolean wanted);

    /**
     * Gives the memory behind a part of the reservation back, which then reads as zero.
     *
     * @return whether that was done; if not, the part is as it was
     */
    boolean discard(long address, long nrBytes);

    /**
     * Reserves memory the way the backing says.
     *
     * @param backing where the memory comes from
     * @param nrBytes length in bytes, a multiple of the page size
     * @throws OutOfMemoryError if the system refuses
     */
    static Reservation open(Backing backing, long nrBytes) {
        boolean anonymous = switch (backing) {
            case ANONYMOUS -> true;
            case SPARSE_FILE -> false;
            case AUTOMATIC -> LinuxCalls.areAvailable();
        };
        return anonymous ? Anonymous.reserve(nrBytes) : SparseFile.reserve(nrBytes);
    }

    /** Private anonymous memory without reserve (mmap, Linux). */
    record Anonymous(long address, long nrBytes) implements Reservation {
        static Anonymous reserve(long nrBytes) {
            if (!LinuxCalls.areAvailable()) {
                throw new IllegalArgumentException("backing not supported here: backing=ANONYMOUS, os="
                        + System.getProperty("os.name") + ", arch=" + System.getProperty("os.arch"));
            }
            long address = LinuxCalls.reserve(nrBytes);
            if (address == -1) {
                throw new OutOfMemoryError("the system refused to reserve address space: bytes=" + nrBytes
                        + " (vm.overcommit_memory=2 and ulimit -v limit it)");
            }
            return new Anonymous(address, nrBytes);
        }

        @Override
        public boolean adviseHugePages(long address, long nrBytes, boolean wanted) {
            return LinuxCalls.adviseHugePages(address, nrBytes, wanted);
        }

        @Override
        public boolean discard(long address, long nrBytes) {
            return LinuxCalls.discard(address, nrBytes);
        }

        @Override
        public void close() {
            LinuxCalls.release(address, nrBytes);
        }
    }

    /** A mapped sparse temporary file: portable, and lazily backed wherever the file system has holes. */
    record SparseFile(Arena lifetime, long address, long nrBytes) implements Reservation {
        static SparseFile reserve(long nrBytes) {
            Arena lifetime = Arena.ofShared();
            try {
                Path file = Files.createTempFile("quire", ".arena");
                try (FileChannel channel = FileChannel.open(
                        file,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.SPARSE,
                        StandardOpenOption.DELETE_ON_CLOSE)) {
                    MemorySegment all = channel.map(FileChannel.MapMode.READ_WRITE, 0, nrBytes, lifetime);
                    return new SparseFile(lifetime, all.address(), nrBytes);
                }
            } catch (IOException failure) {
                lifetime.close();
                throw new UncheckedIOException(
                        "cannot map a sparse temporary file, perhaps longer than its file system allows: bytes="
                                + nrBytes,
                        failure);
            }
        }

        @Override
        public boolean adviseHugePages(long address, long nrBytes, boolean wanted) {
            return false;
        }

        @Override
        public boolean discard(long address, long nrBytes) {
            // What a shared mapping of a file gives back it reads from the file again.
            return false;
        }

        @Override
        public void close() {
            lifetime.close();
        }
    }
}
