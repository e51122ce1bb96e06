/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Calls that change or tell the extent of a file, and those that write it back. */
final class FileCalls implements CallReader {
    private static final Pattern STATUS = Pattern.compile("st_mode=(S_IF\\w+).*?st_size=(\\d+)");
    private static final Pattern STATUS_WITHOUT_SIZE = Pattern.compile("st_mode=(S_IF\\w+)");

    private final TraceState state;

    FileCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.name()) {
            case "ftruncate", "ftruncate64" -> {
                long sizeBytes = call.bytes(1);
                file(thread, call).ifPresent(file -> truncate(file, sizeBytes));
            }
            case "truncate", "truncate64" -> truncatePath(thread, call);
            case "fallocate" -> allocate(thread, call);
            case "fsync", "fdatasync", "sync_file_range" ->
                file(thread, call).ifPresent(file -> state.emit(new TraceOperation.Sync(file)));
            case "fstat", "fstat64" -> status(thread, call, 1);
            case "newfstatat" -> statusAt(thread, call);
            default -> {
                return false;
            }
        }
        return true;
    }

    private Optional<TraceFile> file(TracedThread thread, StraceCall call) throws MalformedLineException {
        return state.fileOf(state.resolve(thread, call.descriptor(0)));
    }

    private void truncate(TraceFile file, long sizeBytes) {
        file.resizeTo(sizeBytes);
        state.emit(new TraceOperation.Truncate(file, sizeBytes));
    }

    private void truncatePath(TracedThread thread, StraceCall call) throws MalformedLineException {
        String name = state.knownName(thread.currentDirectory(), call.string(0));
        long sizeBytes = call.bytes(1);
        truncate(state.names().fileFor(name, false), sizeBytes);
    }

    private void allocate(TracedThread thread, StraceCall call) throws MalformedLineException {
        long offsetBytes = call.bytes(2);
        long lengthBytes = call.bytes(3);
        if (lengthBytes == 0 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
            throw new MalformedLineException(
                    "range of fallocate is out of range: offset " + offsetBytes + ", length " + lengthBytes);
        }
        AllocationMode mode = AllocationMode.parse(call.argument(1));
        if (mode.kind() == AllocationMode.Kind.OTHER) {
            state.summary().addUnknownCall("fallocate(" + call.argument(1) + ")");
            return;
        }
        Optional<TraceFile> found = file(thread, call);
        if (found.isEmpty()) {
            return;
        }
        TraceFile file = found.get();
        if (!mode.keepSize()) {
            file.extendTo(offsetBytes + lengthBytes);
        }
        state.emit(mode.operation(file, offsetBytes, lengthBytes));
    }

    private void statusAt(TracedThread thread, StraceCall call) throws MalformedLineException {
        if (call.hasFlag(3, "AT_EMPTY_PATH") && call.string(1).isEmpty()) {
            status(thread, call, 2);
        }
    }

    private void status(TracedThread thread, StraceCall call, int position) throws MalformedLineException {
        DescriptorToken descriptor = call.descriptor(0);
        OpenFile open = state.resolve(thread, descriptor);
        String printed = call.argument(position);
        Matcher type = STATUS_WITHOUT_SIZE.matcher(printed);
        if (!type.find()) {
            return;
        }
        if (!type.group(1).equals("S_IFREG")) {
            if (open.file().isPresent()) {
                state.bind(thread, descriptor.number(), OpenFile.notAFile(descriptor.name()), false);
            }
            return;
        }
        Matcher status = STATUS.matcher(printed);
        if (status.find() && open.file().isPresent()) {
            open.file().get().sawSize(StraceScanner.number(status.group(2)));
        }
    }
}
