/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.mapping.BackingFile;
import dev.quire.engine.memory.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A file of at most one page, of which only the first 8 bytes are kept. Like a disk it takes its time: bytes are on their way
 * for a while after they were read, and before they are written.
 */
final class SlowFile implements BackingFile {
    private static final int TRANSFER_SPINS = 60;

    private volatile long stamp;
    private volatile long sizeBytes;

    /** Makes this a file of one page with a stamp. */
    void reset(long newStamp) {
        stamp = newStamp;
        sizeBytes = Geometry.PAGE_BYTES;
    }

    /** What the file has in its first 8 bytes; 0 if it is empty. */
    long stamp() {
        return sizeBytes == 0 ? 0 : stamp;
    }

    private static void transfer() {
        for (int spin = 0; spin < TRANSFER_SPINS; spin++) {
            Thread.onSpinWait();
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public void read(ByteBuffer into, long offsetBytes) {
        long read = stamp();
        transfer();
        while (into.remaining() >= Long.BYTES) {
            into.order(ByteOrder.nativeOrder()).putLong(read);
        }
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) {
        long written = from.order(ByteOrder.nativeOrder()).getLong(from.position());
        sizeBytes = Math.max(sizeBytes, offsetBytes + from.remaining());
        from.position(from.limit());
        transfer();
        stamp = written;
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) {
        stamp = 0;
    }

    @Override
    public void resize(long newSizeBytes) {
        if (newSizeBytes == 0) {
            stamp = 0;
        }
        sizeBytes = newSizeBytes;
    }

    @Override
    public void sync() {}

    @Override
    public void close() {}
}
