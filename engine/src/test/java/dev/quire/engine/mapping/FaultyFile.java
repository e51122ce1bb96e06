/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** A file that fails now and then, having done a part of what it was asked to. For use by many threads. */
class FaultyFile implements BackingFile {
    private final BackingFile file;
    private final SplittableRandom random;
    private volatile int failuresPerThousand;
    private volatile long badStartBytes;
    private volatile long badEndBytes;

    FaultyFile(BackingFile file, SplittableRandom random) {
        this.file = file;
        this.random = random;
    }

    /** Makes so many of a thousand calls fail from now on. */
    final void fail(int perThousand) {
        failuresPerThousand = perThousand;
    }

    /** Makes reads that meet a range fail from now on, none of them if it is empty. */
    final void failReadsOf(long startBytes, long endBytes) {
        badStartBytes = startBytes;
        badEndBytes = endBytes;
    }

    private int draw(int bound) {
        synchronized (random) {
            return random.nextInt(bound);
        }
    }

    private boolean isFailing() {
        int perThousand = failuresPerThousand;
        return perThousand > 0 && draw(1000) < perThousand;
    }

    private static IOException failure(String what) {
        return new IOException("injected: " + what);
    }

    @Override
    public long sizeBytes() throws IOException {
        return file.sizeBytes();
    }

    @Override
    public boolean isWritable() {
        return file.isWritable();
    }

    @Override
    public void read(ByteBuffer into, long offsetBytes) throws IOException {
        if (offsetBytes < badEndBytes && offsetBytes + into.remaining() > badStartBytes) {
            throw failure("bad sector");
        }
        if (isFailing()) {
            into.limit(into.position() + draw(into.remaining()));
            file.read(into, offsetBytes);
            throw failure("read");
        }
        file.read(into, offsetBytes);
    }

    @Override
    public void write(ByteBuffer from, long offsetBytes) throws IOException {
        if (isFailing()) {
            from.limit(from.position() + draw(from.remaining()));
            file.write(from, offsetBytes);
            throw failure("write");
        }
        file.write(from, offsetBytes);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) throws IOException {
        if (isFailing()) {
            long nrZeroed = draw((int) Math.min(lengthBytes, Integer.MAX_VALUE));
            if (nrZeroed > 0) {
                file.zero(offsetBytes, nrZeroed);
            }
            throw failure("zero");
        }
        file.zero(offsetBytes, lengthBytes);
    }

    @Override
    public void resize(long sizeBytes) throws IOException {
        if (isFailing()) {
            throw failure("resize");
        }
        file.resize(sizeBytes);
    }

    @Override
    public void sync() throws IOException {
        if (isFailing()) {
            throw failure("sync");
        }
        file.sync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
