/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A file that is an array: what a page cache has written can be looked at. */
class MemoryFile implements BackingFile {
    private byte[] bytes;
    private int size;
    private boolean closed;

    MemoryFile(byte[] content) {
        bytes = content.clone();
        size = content.length;
    }

    /** What the file has. */
    final synchronized byte[] content() {
        return Arrays.copyOf(bytes, size);
    }

    /** Gives the file other bytes. */
    final synchronized void content(byte[] content) {
        bytes = content.clone();
        size = content.length;
    }

    /** Whether its last user has closed it. */
    final synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized long sizeBytes() throws IOException {
        return size;
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
        int nrBytes = Math.clamp(size - offsetBytes, 0, into.remaining());
        if (nrBytes > 0) {
            into.put(bytes, (int) offsetBytes, nrBytes);
        }
    }

    @Override
    public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
        int end = Math.toIntExact(offsetBytes + from.remaining());
        if (end > size) {
            setSize(end);
        }
        from.get(bytes, (int) offsetBytes, from.remaining());
    }

    @Override
    public synchronized void zero(long offsetBytes, long lengthBytes) throws IOException {
        int end = (int) Math.min(offsetBytes + lengthBytes, size);
        if (offsetBytes < end) {
            Arrays.fill(bytes, (int) offsetBytes, end, (byte) 0);
        }
    }

    @Override
    public synchronized void resize(long sizeBytes) throws IOException {
        setSize(Math.toIntExact(sizeBytes));
    }

    private void setSize(int newSize) {
        if (newSize > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(newSize, 2 * bytes.length));
        }
        if (newSize < size) {
            Arrays.fill(bytes, newSize, size, (byte) 0);
        }
        size = newSize;
    }

    @Override
    public synchronized void sync() throws IOException {}

    @Override
    public synchronized void close() throws IOException {
        closed = true;
    }
}
