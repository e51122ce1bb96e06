/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A backing file as the cache sees it, call by call: whatever one throws is an {@link IOException}, and one that
 * returns has done what it was asked to, as far as that can be told. So a file that fails in a way of its own takes no
 * folio, lock or page with it, be it in the hands of who reclaims for another file, and is told to those who use it.
 *
 * <p>Thread-safe as the file is.
 */
final class CheckedFile {
    private final BackingFile file;

    CheckedFile(BackingFile file) {
        this.file = file;
    }

    /** A call of the file. */
    @FunctionalInterface
    private interface Call {
        void run() throws IOException;
    }

    private static void check(Call call) throws IOException {
        try {
            call.run();
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException(e.toString(), e);
        }
    }

    /** Whether this is that file. */
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(BackingFile other) {
        return file == other;
    }

    long sizeBytes() throws IOException {
        long[] sizeBytes = new long[1];
        check(() -> sizeBytes[0] = file.sizeBytes());
        return sizeBytes[0];
    }

    boolean isWritable() throws IOException {
        // Asked before every write, so without the garbage of the others.
        try {
            return file.isWritable();
        } catch (Throwable e) {
            throw new IOException(e.toString(), e);
        }
    }

    void read(ByteBuffer into, long offsetBytes) throws IOException {
        check(() -> file.read(into, offsetBytes));
    }

    void write(ByteBuffer from, long offsetBytes) throws IOException {
        check(() -> file.write(from, offsetBytes));
        if (from.hasRemaining()) {
            throw new IOException(
                    "not all was written: offsetBytes=" + offsetBytes + ", bytes left=" + from.remaining());
        }
    }

    void zero(long offsetBytes, long lengthBytes) throws IOException {
        check(() -> file.zero(offsetBytes, lengthBytes));
    }

    void resize(long sizeBytes) throws IOException {
        check(() -> file.resize(sizeBytes));
    }

    void sync() throws IOException {
        check(file::sync);
    }

    void close() throws IOException {
        check(file::close);
    }

    /** What the file calls itself, or its class if it cannot say that. */
    @Override
    public String toString() {
        try {
            return String.valueOf(file);
        } catch (Throwable e) {
            return file.getClass().getName();
        }
    }
}
