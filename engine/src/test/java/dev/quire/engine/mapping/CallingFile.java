/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A file that calls somebody, once, when it is next asked for something of one kind. */
final class CallingFile implements BackingFile {
    /** What the file is asked for. */
    enum Request {
        SIZE,
        READ,
        WRITE,
        ZERO,
        RESIZE,
        SYNC
    }

    /** What it does then. */
    @FunctionalInterface
    interface Call {
        void run() throws IOException;
    }

    private final MemoryFile file;
    private @Nullable Request awaited;
    private Call call = () -> {};

    CallingFile(byte[] content) {
        file = new MemoryFile(content);
    }

    /** Makes the file call at the next request of a kind, before it does what it is asked for. */
    void callAt(Request request, Call newCall) {
        awaited = request;
        call = newCall;
    }

    /** Whether it has called. */
    boolean hasCalled() {
        return awaited == null;
    }

    /** What the file has. */
    byte[] content() {
        return file.content();
    }

    /** Whether its last user has closed it. */
    boolean isClosed() {
        return file.isClosed();
    }

    private void answer(Request request) throws IOException {
        if (awaited == request) {
            awaited = null;
            call.run();
        }
    }

    @Override
    public long sizeBytes() throws IOException {
        answer(Request.SIZE);
        return file.sizeBytes();
    }

    @Override
    public void read(ByteBuffer into, long offsetBytes) throws IOException {
        answer(Request.READ);
        file.read(into, offsetBytes);
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) throws IOException {
        answer(Request.WRITE);
        file.write(from, offsetBytes);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) throws IOException {
        answer(Request.ZERO);
        file.zero(offsetBytes, lengthBytes);
    }

    @Override
    public void resize(long sizeBytes) throws IOException {
        answer(Request.RESIZE);
        file.resize(sizeBytes);
    }

    @Override
    public void sync() throws IOException {
        answer(Request.SYNC);
        file.sync();
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
