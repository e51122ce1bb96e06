/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * What a trace is replayed against: a page cache with one address space per file.
 *
 * <p>{@link Replay} calls it from one thread, in the order of the trace, and keeps these promises: a file is opened
 * before its first use and not used after {@link #remove}; offsets are not negative and ends do not overflow; lengths
 * are above 0; nothing is read past the size that earlier calls gave the file (its size at {@link #open}, the last
 * {@link #truncate}, the ends of {@link #write} and of {@link #allocate} without {@code keepSize}).
 *
 * <p>Any exception ends the replay and is reported with the trace and the policy, and with the line of the trace if it
 * came while one was replayed.
 */
public interface ReplayTarget extends AutoCloseable {

    /** Makes targets. */
    @FunctionalInterface
    interface Factory {
        /**
         * Makes an empty target.
         *
         * @param settings policy and limits
         * @return a target of its own, which the caller closes
         */
        ReplayTarget create(ReplaySettings settings);
    }

    /**
     * Adds a file of which nothing is in memory.
     *
     * @param fileName a name for messages; two files may have the same
     * @param sizeBytes size of the file before its first use, as far as the whole trace tells
     * @return a number for the file, at least 0
     */
    int open(String fileName, long sizeBytes);

    /**
     * Brings pages into memory as a read does.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes
     */
    void read(int file, long offsetBytes, long lengthBytes);

    /**
     * Brings pages into memory and makes them dirty as a write does; the file grows if needed.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes
     */
    void write(int file, long offsetBytes, long lengthBytes);

    /**
     * Sets the file's size; pages past it leave memory.
     *
     * @param file the file
     * @param sizeBytes new size
     */
    void truncate(int file, long sizeBytes);

    /**
     * Reserves space as {@code fallocate} does.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes
     * @param keepSize false if the file grows to the end of the range
     */
    void allocate(int file, long offsetBytes, long lengthBytes, boolean keepSize);

    /**
     * Removes a range of bytes; whole pages of it leave memory, the size stays.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes; the range may end past the file
     */
    void punchHole(int file, long offsetBytes, long lengthBytes);

    /**
     * Writes dirty pages back.
     *
     * @param file the file
     */
    void sync(int file);

    /**
     * Drops a file that has been deleted, and all its pages.
     *
     * @param file the file
     */
    void remove(int file);

    /**
     * Looks at what is in memory now.
     *
     * @return the measurements
     */
    Measurements measure();

    /** Frees everything. */
    @Override
    void close();
}
