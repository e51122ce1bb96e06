/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.mapping.BackingFile;
import dev.quire.engine.memory.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLongArray;

/** A swap file that keeps the first 8 bytes of each page, and takes its time like a {@link SlowFile}. */
final class SlowSwapFile implements BackingFile {
    private final AtomicLongArray stamps;

    SlowSwapFile(int nrPages) {
        stamps = new AtomicLongArray(nrPages);
    }

    private static int pageOf(long offsetBytes) {
        return (int) (offsetBytes / Geometry.PAGE_BYTES);
    }

    @Override
    public long sizeBytes() {
        return (long) stamps.length() * Geometry.PAGE_BYTES;
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public void read(ByteBuffer into, long offsetBytes) {
        long[] read = new long[into.remaining() / Geometry.PAGE_BYTES];
        for (int page = 0; page < read.length; page++) {
            read[page] = stamps.get(pageOf(offsetBytes) + page);
        }
        SlowFile.transfer();
        into.order(ByteOrder.nativeOrder());
        for (int page = 0; page < read.length; page++) {
            into.putLong(into.position() + page * Geometry.PAGE_BYTES, read[page]);
        }
        into.position(into.limit());
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) {
        from.order(ByteOrder.nativeOrder());
        long[] written = new long[from.remaining() / Geometry.PAGE_BYTES];
        for (int page = 0; page < written.length; page++) {
            written[page] = from.getLong(from.position() + page * Geometry.PAGE_BYTES);
        }
        from.position(from.limit());
        SlowFile.transfer();
        for (int page = 0; page < written.length; page++) {
            stamps.set(pageOf(offsetBytes) + page, written[page]);
        }
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) {
        stamps.set(pageOf(offsetBytes), 0);
    }

    @Override
    public void resize(long newSizeBytes) {}

    @Override
    public void sync() {}

    @Override
    public void close() {}
}
