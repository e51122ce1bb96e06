/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/** Calls that read and write files, or move the position at which that happens. */
final class TransferCalls implements CallReader {
    /** The most bytes that one call moves; a call that moved so many says nothing about the end of the file. */
    private static final long MAX_TRANSFER_BYTES = 0x7ffff000L;

    private static final long UNKNOWN = -1;

    private final TraceState state;

    TransferCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.name()) {
            case "read" -> read(thread, call, UNKNOWN, call.bytes(2));
            case "readv" -> read(thread, call, UNKNOWN, UNKNOWN);
            case "pread64", "pread" -> read(thread, call, call.bytes(3), call.bytes(2));
            case "preadv" -> read(thread, call, call.bytes(3), UNKNOWN);
            case "preadv2" -> read(thread, call, offsetOrPosition(call, 3), UNKNOWN);
            case "write" -> write(thread, call, UNKNOWN, call.bytes(2));
            case "writev" -> write(thread, call, UNKNOWN, UNKNOWN);
            case "pwrite64", "pwrite" -> write(thread, call, call.bytes(3), call.bytes(2));
            case "pwritev" -> write(thread, call, call.bytes(3), UNKNOWN);
            case "pwritev2" -> write(thread, call, offsetOrPosition(call, 3), UNKNOWN);
            case "sendfile", "sendfile64" -> sendFile(thread, call);
            case "copy_file_range" -> copyRange(thread, call);
            case "lseek" -> seek(thread, call, call.result(), 2);
            case "_llseek" -> seek(thread, call, StraceScanner.firstNumberInBrackets(call.argument(2)), 3);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The second version of the vector calls uses the position if the offset is -1. */
    private static long offsetOrPosition(StraceCall call, int argument) throws MalformedLineException {
        return call.argument(argument).equals("-1") ? UNKNOWN : call.bytes(argument);
    }

    private void read(TracedThread thread, StraceCall call, long offsetBytes, long requestedBytes)
            throws MalformedLineException {
        OpenFile open = state.resolve(thread, call.descriptor(0));
        boolean atPosition = offsetBytes == UNKNOWN;
        long startBytes = atPosition ? open.positionBytes() : offsetBytes;
        long endBytes = endOf(call, startBytes, requestedBytes);
        Optional<TraceFile> file = state.fileOf(open);
        if (file.isEmpty()) {
            return;
        }
        emitRead(file.get(), startBytes, endBytes);
        boolean shorter = requestedBytes != UNKNOWN && call.result() < requestedBytes;
        if (shorter
                && call.result() < MAX_TRANSFER_BYTES
                && endBytes == file.get().sizeBytes()) {
            file.get().sawSize(endBytes);
        }
        if (atPosition) {
            open.seek(endBytes);
        }
    }

    private void emitRead(TraceFile file, long startBytes, long endBytes) {
        if (endBytes > startBytes) {
            file.sawSizeAtLeast(endBytes);
            state.emit(new TraceOperation.Read(file, startBytes, endBytes - startBytes));
        }
    }

    private void write(TracedThread thread, StraceCall call, long offsetBytes, long requestedBytes)
            throws MalformedLineException {
        OpenFile open = state.resolve(thread, call.descriptor(0));
        boolean atPosition = offsetBytes == UNKNOWN;
        endOf(call, atPosition ? open.positionBytes() : offsetBytes, requestedBytes);
        Optional<TraceFile> file = state.fileOf(open);
        if (file.isEmpty()) {
            return;
        }
        long startBytes = open.writeOffsetBytes(file.get(), atPosition ? open.positionBytes() : offsetBytes);
        long endBytes = endOf(call, startBytes, requestedBytes);
        emitWrite(file.get(), startBytes, endBytes);
        if (atPosition) {
            open.seek(endBytes);
        }
    }

    private void emitWrite(TraceFile file, long startBytes, long endBytes) {
        if (endBytes > startBytes) {
            file.extendTo(endBytes);
            state.emit(new TraceOperation.Write(file, startBytes, endBytes - startBytes));
        }
    }

    /** End of what a call moved, checked against what it was asked and against the largest offset there is. */
    private static long endOf(StraceCall call, long startBytes, long requestedBytes) throws MalformedLineException {
        long movedBytes = call.result();
        if (movedBytes < 0 || (requestedBytes != UNKNOWN && movedBytes > requestedBytes)) {
            throw new MalformedLineException(
                    "result of " + call.name() + " is out of range: " + movedBytes + ", asked for " + requestedBytes);
        }
        if (startBytes > Long.MAX_VALUE - movedBytes) {
            throw new MalformedLineException("end of " + call.name() + " is out of range: offset " + startBytes);
        }
        return startBytes + movedBytes;
    }

    private void sendFile(TracedThread thread, StraceCall call) throws MalformedLineException {
        copy(thread, call, new End(call.descriptor(1), call.argument(2)), new End(call.descriptor(0), "NULL"));
    }

    private void copyRange(TracedThread thread, StraceCall call) throws MalformedLineException {
        End source = new End(call.descriptor(0), call.argument(1));
        copy(thread, call, source, new End(call.descriptor(2), call.argument(3)));
    }

    /** One side of a copy: a descriptor, and {@code [offset]} or {@code NULL} for its position. */
    private record End(DescriptorToken descriptor, String offset) {
        boolean usesPosition() {
            return offset.equals("NULL");
        }

        long startBytes(OpenFile open) throws MalformedLineException {
            return usesPosition() ? open.positionBytes() : StraceScanner.firstNumberInBrackets(offset);
        }
    }

    private void copy(TracedThread thread, StraceCall call, End source, End target) throws MalformedLineException {
        OpenFile from = state.resolve(thread, source.descriptor());
        OpenFile to = state.resolve(thread, target.descriptor());
        long readStart = source.startBytes(from);
        long readEnd = endOf(call, readStart, UNKNOWN);
        Optional<TraceFile> targetFile = state.fileOf(to);
        long requestedStart = target.startBytes(to);
        long writeStart = targetFile
                .map(file -> to.writeOffsetBytes(file, requestedStart))
                .orElse(requestedStart);
        long writeEnd = endOf(call, writeStart, UNKNOWN);
        state.fileOf(from).ifPresent(file -> emitRead(file, readStart, readEnd));
        targetFile.ifPresent(file -> emitWrite(file, writeStart, writeEnd));
        if (source.usesPosition()) {
            from.seek(readEnd);
        }
        if (target.usesPosition()) {
            to.seek(writeEnd);
        }
    }

    private void seek(TracedThread thread, StraceCall call, long positionBytes, int whencePosition)
            throws MalformedLineException {
        if (positionBytes < 0) {
            throw new MalformedLineException("result of lseek is out of range: " + positionBytes);
        }
        String whence = call.argument(whencePosition);
        long distanceBytes = whence.equals("SEEK_END") ? call.number(1) : 0;
        OpenFile open = state.resolve(thread, call.descriptor(0));
        open.seek(positionBytes);
        open.file().ifPresent(file -> {
            switch (whence) {
                case "SEEK_END" -> file.sawSize(Math.max(0, positionBytes - distanceBytes));
                case "SEEK_HOLE" -> file.sawSizeAtLeast(positionBytes);
                case "SEEK_DATA" ->
                    file.sawSizeAtLeast(positionBytes == Long.MAX_VALUE ? positionBytes : positionBytes + 1);
                default -> {}
            }
        });
    }
}
