/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Arrays;

/**
 * Applies the operations of a trace to a target, and keeps what the target needs to know of each file: its number there
 * and its size.
 */
final class TargetFiles implements TraceSink {
    private static final int NOT_OPEN = -1;

    private final ReplayTarget target;
    private final FileSizes initialSizes;
    private int[] numbers = new int[0];
    private long[] sizesBytes = new long[0];
    private long nrOperations;

    TargetFiles(ReplayTarget target, FileSizes initialSizes) {
        this.target = target;
        this.initialSizes = initialSizes;
    }

    long nrOperations() {
        return nrOperations;
    }

    @Override
    public void accept(long lineNumber, TraceOperation operation) {
        switch (operation) {
            case TraceOperation.Read read -> read(read);
            case TraceOperation.Write write -> write(write);
            case TraceOperation.Truncate truncate -> truncate(truncate.file(), truncate.sizeBytes());
            case TraceOperation.Allocate allocate -> allocate(allocate);
            case TraceOperation.PunchHole hole -> punchHole(hole.file(), hole.offsetBytes(), hole.lengthBytes());
            case TraceOperation.ZeroRange range -> zero(range);
            case TraceOperation.Sync sync -> sync(sync.file());
            case TraceOperation.Remove remove -> remove(remove.file());
            case TraceOperation.Open open -> {}
            case TraceOperation.Close close -> {}
            case TraceOperation.MemoryOperation memory -> {}
        }
    }

    private void read(TraceOperation.Read read) {
        int number = number(read.file());
        growTo(read.file(), number, read.offsetBytes() + read.lengthBytes());
        target.read(number, read.offsetBytes(), read.lengthBytes());
        nrOperations++;
    }

    /** What a program reads is there, even if the trace does not show who wrote it. */
    private void growTo(TraceFile file, int number, long endBytes) {
        if (sizesBytes[file.id()] < endBytes) {
            sizesBytes[file.id()] = endBytes;
            target.truncate(number, endBytes);
        }
    }

    private void write(TraceOperation.Write write) {
        int number = number(write.file());
        target.write(number, write.offsetBytes(), write.lengthBytes());
        noteEnd(write.file(), write.offsetBytes() + write.lengthBytes());
        nrOperations++;
    }

    private void noteEnd(TraceFile file, long endBytes) {
        sizesBytes[file.id()] = Math.max(sizesBytes[file.id()], endBytes);
    }

    private void truncate(TraceFile file, long sizeBytes) {
        target.truncate(number(file), sizeBytes);
        sizesBytes[file.id()] = sizeBytes;
        nrOperations++;
    }

    private void allocate(TraceOperation.Allocate range) {
        target.allocate(number(range.file()), range.offsetBytes(), range.lengthBytes(), range.keepSize());
        if (!range.keepSize()) {
            noteEnd(range.file(), range.offsetBytes() + range.lengthBytes());
        }
        nrOperations++;
    }

    private void punchHole(TraceFile file, long offsetBytes, long lengthBytes) {
        target.punchHole(number(file), offsetBytes, lengthBytes);
        nrOperations++;
    }

    /** To a page cache a range of zeros is a hole: its pages go, and come back as zeros. */
    private void zero(TraceOperation.ZeroRange range) {
        punchHole(range.file(), range.offsetBytes(), range.lengthBytes());
        if (!range.keepSize()) {
            growTo(range.file(), number(range.file()), range.offsetBytes() + range.lengthBytes());
        }
    }

    private void sync(TraceFile file) {
        target.sync(number(file));
        nrOperations++;
    }

    /** A file that was never used is not there to be dropped. */
    private void remove(TraceFile file) {
        if (file.id() < numbers.length && numbers[file.id()] != NOT_OPEN) {
            target.remove(numbers[file.id()]);
            nrOperations++;
        }
    }

    private int number(TraceFile file) {
        int id = file.id();
        if (id >= numbers.length) {
            int newLength = Math.max(id + 1, numbers.length * 2);
            int oldLength = numbers.length;
            numbers = Arrays.copyOf(numbers, newLength);
            Arrays.fill(numbers, oldLength, newLength, NOT_OPEN);
            sizesBytes = Arrays.copyOf(sizesBytes, newLength);
        }
        if (numbers[id] == NOT_OPEN) {
            sizesBytes[id] = initialSizes.initialSizeBytes(file);
            numbers[id] = target.open(file.name(), sizesBytes[id]);
        }
        return numbers[id];
    }
}
