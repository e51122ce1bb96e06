/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What a page cache reads from and writes to: the bytes of one file, as they are without the cache.
 * {@link PageCache#open( java.nio.file.Path, dev.quire.engine.rcu.RcuReader)} brings one along for files of the file
 * system; others may be anything that holds bytes.
 *
 * <p>Implementations are safe for use by many threads: the cache reads and writes separate ranges side by side. It
 * never writes a range that it is just writing, zeroing or cutting off; but it may read one that is just being zeroed
 * or cut off, and takes no notice then of which of the bytes it gets. A call that throws, whatever it throws, has
 * failed; what it was to change may have changed in part, except that a failed {@link #resize} has changed nothing. The
 * cache holds locks while it calls: an implementation must not use the page cache, not for another file either.
 *
 * <p>Every call returns, sooner or later, and without waiting for memory of the engine. The cache sets no limit to its
 * time and cannot give it up, as it works on the bytes of a folio in place. While it lasts, others wait: who wants the
 * page that is read; who cuts, syncs or closes the file; and who closes the engine. So does who needs memory, be it for
 * another file, once there is nothing left to take but what is on its way to this one; or he gets an
 * {@link OutOfMemoryError} after some seconds. So what can hang, as a network may, limits its own time and throws: the
 * cache loses nothing by that, and asks again. For the same reason a buffer must not be used once the call that it was
 * given to has returned or thrown: its bytes may be another page's then.
 */
public interface BackingFile extends AutoCloseable {
    /**
     * Size of the file.
     *
     * @return bytes
     * @throws IOException if it cannot be told
     */
    long sizeBytes() throws IOException;

    /**
     * Whether the file may be changed.
     *
     * @return false if everything but reading fails
     */
    boolean isWritable();

    /**
     * Reads until the buffer is full or the file ends.
     *
     * @param into where to; its position moves on by the bytes read
     * @param offsetBytes first byte to read, 0 or more; beyond the end nothing is read
     * @throws IOException if reading fails
     */
    void read(ByteBuffer into, long offsetBytes) throws IOException;

    /**
     * Writes all of a buffer; a call that leaves something in it has failed. A file that ends before is grown; what
     * lies between reads as zero.
     *
     * @param from what to write; its position moves on to its limit
     * @param offsetBytes where to, 0 or more
     * @throws IOException if something could not be written
     */
    void write(ByteBuffer from, long offsetBytes) throws IOException;

    /**
     * Makes a range read as zero, as far as the file reaches; the size stays.
     *
     * @param offsetBytes first byte, 0 or more
     * @param lengthBytes length, 1 or more
     * @throws IOException if something could not be zeroed
     */
    void zero(long offsetBytes, long lengthBytes) throws IOException;

    /**
     * Sets the size. What is added reads as zero.
     *
     * @param sizeBytes new size, 0 or more
     * @throws IOException if the file refuses; then its size is as before
     */
    void resize(long sizeBytes) throws IOException;

    /**
     * Makes all that was written survive a crash of the system (fsync).
     *
     * @throws IOException if some of it may not: nothing that was written since the last call that did not throw. The
     *     cache writes what it still has of that again
     */
    void sync() throws IOException;

    @Override
    void close() throws IOException;
}
