/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.mapping.BackingFile;
import dev.quire.engine.memory.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A file of at most one page, of which only the first 8 bytes are kept. Like a disk it takes its time: bytes are on
 * their way for a while after they were read, and before they are written, zeroed or cut off.
 */
final class SlowFile implements BackingFile {
    private static final int TRANSFER_SPINS = 60;

    private final int cutSpins;
    private volatile long stamp;
    private volatile long sizeBytes;

    /** Makes an empty file, and says how long it takes to zero or cut off its page. */
    SlowFile(int cutSpins) {
        this.cutSpins = cutSpins;
    }

    /** Makes this a file of one page with a stamp. */
    void reset(long newStamp) {
        stamp = newStamp;
        sizeBytes = Geometry.PAGE_BYTES;
    }

    /** What the file has in its first 8 bytes; 0 if it is empty. */
    long stamp() {
        return sizeBytes == 0 ? 0 : stamp;
    }

    /** Takes the time that bytes are on their way. */
    static void transfer() {
        take(TRANSFER_SPINS);
    }

    private static void take(int nrSpins) {
        for (int spin = 0; spin < nrSpins; spin++) {
            Thread.onSpinWait();
        }
    }

    private void cut() {
        if (stamp() != 0) {
            take(cutSpins);
            stamp = 0;
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
        cut();
    }

    @Override
    public void resize(long newSizeBytes) {
        if (newSizeBytes == 0) {
            cut();
        }
        sizeBytes = newSizeBytes;
    }

    @Override
    public void sync() {}

    @Override
    public void close() {}
}
