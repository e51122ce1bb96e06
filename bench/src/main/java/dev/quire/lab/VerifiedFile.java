/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.mapping.PageCache;
import dev.quire.engine.rcu.RcuReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file in the engine's page cache, beside a plain file to which the same is done. For one thread. */
final class VerifiedFile implements Closeable {
    private static final int CHUNK_BYTES = 1 << 18;
    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

    private final int number;
    private final Path cachedPath;
    private final Path plainPath;
    private final dev.quire.engine.mapping.OpenFile cached;
    private final FileChannel plain;
    private final ByteBuffer found = ByteBuffer.allocate(CHUNK_BYTES);
    private final ByteBuffer expected =
            ByteBuffer.allocate(CHUNK_BYTES + 2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** Writes so far, the file's first contents included. */
    private long nrWrites;

    private boolean closed;

    /** Makes both files, with the same bytes. */
    VerifiedFile(PageCache pageCache, RcuReader reader, Path folder, int number, long sizeBytes) throws IOException {
        this.number = number;
        cachedPath = folder.resolve("cached-" + number);
        plainPath = folder.resolve("plain-" + number);
        plain = FileChannel.open(
                plainPath, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            for (long offset = 0; offset < sizeBytes; offset += CHUNK_BYTES) {
                writePlain(offset, (int) Math.min(CHUNK_BYTES, sizeBytes - offset));
            }
            Files.copy(plainPath, cachedPath);
            cached = pageCache.open(cachedPath, reader);
        } catch (IOException | RuntimeException e) {
            plain.close();
            throw e;
        }
        nrWrites++;
    }

    long sizeBytes() throws IOException {
        return cached.sizeBytes();
    }

    void read(long offsetBytes, long lengthBytes) throws IOException {
        long end = offsetBytes + lengthBytes;
        for (long offset = offsetBytes; offset < end; offset += CHUNK_BYTES) {
            readChunk(offset, (int) Math.min(CHUNK_BYTES, end - offset));
        }
    }

    private void readChunk(long offsetBytes, int nrBytes) throws IOException {
        found.clear().limit(nrBytes);
        int nrFound = 0;
        for (int nrMore = 0; nrFound < nrBytes && nrMore >= 0; nrFound += Math.max(nrMore, 0)) {
            nrMore = cached.read(found, offsetBytes + nrFound);
        }
        expected.clear().limit(nrBytes);
        int nrExpected = 0;
        for (int nrMore = 0; nrExpected < nrBytes && nrMore >= 0; nrExpected += Math.max(nrMore, 0)) {
            nrMore = plain.read(expected, offsetBytes + nrExpected);
        }
        int mismatch = found.flip().mismatch(expected.flip());
        if (mismatch >= 0) {
            throw new IllegalStateException("wrong bytes: file=" + number + ", offsetBytes=" + (offsetBytes + mismatch)
                    + ", found=" + nrFound + " bytes, expected=" + nrExpected + " bytes");
        }
    }

    void write(long offsetBytes, long lengthBytes) throws IOException {
        long end = offsetBytes + lengthBytes;
        for (long offset = offsetBytes; offset < end; offset += CHUNK_BYTES) {
            int nrBytes = (int) Math.min(CHUNK_BYTES, end - offset);
            ByteBuffer bytes = writePlain(offset, nrBytes);
            for (int nrWritten = 0; nrWritten < nrBytes; ) {
                nrWritten += cached.write(bytes, offset + nrWritten);
            }
        }
        nrWrites++;
    }

    /** Writes bytes that this file has nowhere else to the plain file, and returns them to be written once more. */
    private ByteBuffer writePlain(long offsetBytes, int nrBytes) throws IOException {
        long firstWord = offsetBytes / Long.BYTES;
        int start = (int) (offsetBytes % Long.BYTES);
        expected.clear();
        for (int at = 0; at < start + nrBytes; at += Long.BYTES) {
            expected.putLong(at, stamp(firstWord + at / Long.BYTES));
        }
        expected.limit(start + nrBytes).position(start);
        ByteBuffer bytes = expected.duplicate();
        for (int nrWritten = 0; nrWritten < nrBytes; ) {
            nrWritten += plain.write(expected, offsetBytes + nrWritten);
        }
        return bytes;
    }

    private long stamp(long word) {
        long key = (((long) number << 32) + nrWrites) * GOLDEN_RATIO + word;
        long mixed = (key ^ (key >>> 32)) * GOLDEN_RATIO;
        return mixed ^ (mixed >>> 29);
    }

    void truncate(long sizeBytes, SplitPolicy policy) throws IOException {
        cached.truncate(sizeBytes, policy);
        resizePlain(sizeBytes);
    }

    private void resizePlain(long sizeBytes) throws IOException {
        if (sizeBytes <= plain.size()) {
            plain.truncate(sizeBytes);
        } else {
            plain.write(ByteBuffer.allocate(1), sizeBytes - 1);
        }
    }

    void punchHole(long offsetBytes, long lengthBytes, SplitPolicy policy) throws IOException {
        cached.punchHole(offsetBytes, lengthBytes, policy);
        long end = Math.min(offsetBytes + lengthBytes, plain.size());
        ByteBuffer zeroes = ByteBuffer.allocate(CHUNK_BYTES);
        for (long offset = offsetBytes; offset < end; ) {
            zeroes.clear().limit((int) Math.min(CHUNK_BYTES, end - offset));
            offset += plain.write(zeroes, offset);
        }
    }

    void sync() throws IOException {
        cached.sync();
    }

    void forEachFolio(FolioVisitor visitor) throws IOException {
        if (!closed) {
            cached.forEachFolio(visitor);
        }
    }

    /**
     * Fails if the cached file differs from the plain one, read through the cache or, after writing back, on the disk.
     */
    void requireSameAtEnd() throws IOException {
        if (closed) {
            return;
        }
        if (cached.sizeBytes() != plain.size()) {
            throw new IllegalStateException(
                    "wrong size: file=" + number + ", found=" + cached.sizeBytes() + ", expected=" + plain.size());
        }
        read(0, plain.size());
        cached.sync();
        long mismatch = Files.mismatch(cachedPath, plainPath);
        if (mismatch >= 0) {
            throw new IllegalStateException("wrong byte on disk: file=" + number + ", offsetBytes=" + mismatch);
        }
    }

    /** Compares the file for the last time, and lets go of it. */
    void remove() throws IOException {
        requireSameAtEnd();
        close();
    }

    /** Closes and removes both files, even if the cached one cannot be written back. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (plain) {
            cached.close();
        } finally {
            Files.deleteIfExists(cachedPath);
            Files.deleteIfExists(plainPath);
        }
    }
}
