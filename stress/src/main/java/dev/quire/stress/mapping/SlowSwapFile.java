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
        long read = stamps.get(pageOf(offsetBytes));
        SlowFile.transfer();
        into.order(ByteOrder.nativeOrder()).putLong(read);
        into.position(into.limit());
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) {
        long written = from.order(ByteOrder.nativeOrder()).getLong(from.position());
        from.position(from.limit());
        SlowFile.transfer();
        stamps.set(pageOf(offsetBytes), written);
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
