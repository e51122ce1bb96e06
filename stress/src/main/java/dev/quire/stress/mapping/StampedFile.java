/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.mapping.BackingFile;
import dev.quire.engine.memory.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A file that is written to as a whole, and of which each page is full of a number of its own: that of the page before,
 * plus 1. So it takes no memory. Cutting it off takes its time, as with a {@link SlowFile}.
 */
final class StampedFile implements BackingFile {
    private volatile long firstStamp;
    private volatile long sizeBytes;

    /** Up to where the pages have their numbers; what lies behind was cut off once, and is zero. */
    private volatile long stampedBytes;

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
        into.order(ByteOrder.nativeOrder());
        long end = sizeBytes;
        long stampedEnd = stampedBytes;
        long first = firstStamp;
        for (long at = offsetBytes; at < end && into.remaining() >= Long.BYTES; at += Long.BYTES) {
            into.putLong(at < stampedEnd ? first + (at >>> Geometry.PAGE_SHIFT) : 0);
        }
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) {
        long end = offsetBytes + from.remaining();
        firstStamp =
                from.order(ByteOrder.nativeOrder()).getLong(from.position()) - (offsetBytes >>> Geometry.PAGE_SHIFT);
        from.position(from.limit());
        sizeBytes = Math.max(sizeBytes, end);
        stampedBytes = Math.max(stampedBytes, end);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) {
        throw new IllegalStateException("no hole is punched in this file: offsetBytes=" + offsetBytes);
    }

    @Override
    public void resize(long newSizeBytes) {
        SlowFile.transfer();
        stampedBytes = Math.min(stampedBytes, newSizeBytes);
        sizeBytes = newSizeBytes;
    }

    @Override
    public void sync() {}

    @Override
    public void close() {}
}
