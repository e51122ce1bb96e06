/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.machine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The system calls the engine makes on Linux: reserve, release and advise memory, the process-wide memory barrier, and
 * giving blocks of a file back.
 *
 * <p>The first call links native functions, which takes about 150 ms once per JVM, and the first on a file links some
 * more; nothing else in the engine does. Thread-safe; every method but {@link #areAvailable} is one system call.
 */
public final class LinuxCalls {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_NOHUGEPAGE = 15;
    private static final int OPEN_READ_WRITE_CLOSE_ON_EXEC = 2 | 1 << 19;
    private static final int FALLOCATE_KEEP_SIZE_PUNCH_HOLE = 1 | 2;
    private static final int MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3;
    private static final int MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4;

    private LinuxCalls() {}

    /**
     * The linked functions, apart so that asking whether they exist links nothing: elsewhere there is nothing to link.
     */
    private static final class Linked {
        static final MethodHandle MMAP = function(
                "mmap", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        static final MethodHandle MUNMAP = function("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
        static final MethodHandle MADVISE =
                function("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        static final MethodHandle SYSCALL = function(
                "syscall",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT),
                Linker.Option.firstVariadicArg(1));
    }

    /** Those on files, apart for who has none. */
    private static final class LinkedOnFiles {
        static final MethodHandle OPEN =
                function("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
        static final MethodHandle CLOSE = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        static final MethodHandle FALLOCATE =
                function("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /**
     * Whether these calls exist on this platform.
     *
     * @return true on 64-bit Linux on x86-64 and AArch64
     */
    public static boolean areAvailable() {
        return System.getProperty("os.name").equals("Linux") && membarrierNumber() >= 0;
    }

    /**
     * Reserves private anonymous memory that is backed page by page on first touch. It is not counted as committed,
     * unless the system counts all memory (vm.overcommit_memory=2), where it may be refused.
     *
     * @param nrBytes length in bytes
     * @return address, or -1 if the system refused: the process may not have as many addresses (ulimit -v), or the
     *     system counts all memory and has less
     */
    public static long reserve(long nrBytes) {
        try {
            MemorySegment address = (MemorySegment) Linked.MMAP.invokeExact(
                    MemorySegment.NULL, nrBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            return address.address();
        } catch (Throwable failure) {
            throw callFailed("mmap", failure);
        }
    }

    /**
     * Gives a reservation back; whoever touches it afterwards ends the JVM.
     *
     * @param address what {@link #reserve} returned
     * @param nrBytes its length in bytes
     * @throws IllegalStateException if the system refuses
     */
    public static void release(long address, long nrBytes) {
        try {
            int result = (int) Linked.MUNMAP.invokeExact(MemorySegment.ofAddress(address), nrBytes);
            if (result != 0) {
                throw new IllegalStateException(
                        "munmap refused: address=0x" + Long.toHexString(address) + ", bytes=" + nrBytes);
            }
        } catch (Throwable failure) {
            throw callFailed("munmap", failure);
        }
    }

    /**
     * Asks for 2 MiB pages under a range, or against them.
     *
     * @param address start, on a page boundary
     * @param nrBytes length in bytes
     * @param wanted whether they are wanted
     * @return whether the system took the advice; that says nothing of whether it follows it
     */
    public static boolean adviseHugePages(long address, long nrBytes, boolean wanted) {
        return advise(address, nrBytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    }

    /**
     * Gives the memory behind a part of a {@link #reserve reservation} back; the addresses stay, and read as zero.
     *
     * @param address start, on a page boundary
     * @param nrBytes length in bytes
     * @return whether the system did it
     */
    public static boolean discard(long address, long nrBytes) {
        return advise(address, nrBytes, MADV_DONTNEED);
    }

    private static boolean advise(long address, long nrBytes, int advice) {
        try {
            return (int) Linked.MADVISE.invokeExact(MemorySegment.ofAddress(address), nrBytes, advice) == 0;
        } catch (Throwable failure) {
            throw callFailed("madvise", failure);
        }
    }

    /**
     * Registers this process for {@link #membarrier}.
     *
     * @return true if the system supports it and allowed it
     */
    public static boolean registerMembarrier() {
        return membarrierCall(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED) == 0;
    }

    /**
     * Executes a full memory barrier on every running thread of this process (membarrier, private expedited).
     *
     * @return true on success; false if {@link #registerMembarrier} did not succeed before
     */
    public static boolean membarrier() {
        return membarrierCall(MEMBARRIER_PRIVATE_EXPEDITED) == 0;
    }

    private static long membarrierCall(int command) {
        try {
            return (long) Linked.SYSCALL.invokeExact((long) membarrierNumber(), command, 0, 0);
        } catch (Throwable failure) {
            throw callFailed("membarrier", failure);
        }
    }

    /**
     * Opens a file that is there for reading and writing.
     *
     * @param path the file
     * @return its descriptor, to be given to {@link #close}; -1 if the system refuses
     */
    public static int open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) LinkedOnFiles.OPEN.invokeExact(arena.allocateFrom(path), OPEN_READ_WRITE_CLOSE_ON_EXEC);
        } catch (Throwable failure) {
            throw callFailed("open", failure);
        }
    }

    /**
     * Closes a file.
     *
     * @param descriptor what {@link #open} returned
     * @return whether it was open
     */
    public static boolean close(int descriptor) {
        try {
            return (int) LinkedOnFiles.CLOSE.invokeExact(descriptor) == 0;
        } catch (Throwable failure) {
            throw callFailed("close", failure);
        }
    }

    /**
     * Makes a range of a file read as zero, and gives the blocks that lie in it back; the size stays.
     *
     * @param descriptor what {@link #open} returned
     * @param offsetBytes start, 0 or more
     * @param nrBytes length in bytes, at least 1
     * @return whether the system did it; not every file system can
     */
    public static boolean punchHole(int descriptor, long offsetBytes, long nrBytes) {
        try {
            return (int) LinkedOnFiles.FALLOCATE.invokeExact(
                            descriptor, FALLOCATE_KEEP_SIZE_PUNCH_HOLE, offsetBytes, nrBytes)
                    == 0;
        } catch (Throwable failure) {
            throw callFailed("fallocate", failure);
        }
    }

    private static int membarrierNumber() {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> 324;
            case "aarch64" -> 283;
            default -> -1;
        };
    }

    private static RuntimeException callFailed(String name, Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException exception
                ? exception
                : new IllegalStateException("native call failed: name=" + name, failure);
    }
}
