/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/** Calls on the memory map of a process. */
final class MemoryCalls implements CallReader {
    private static final long OLD_MMAP2_UNIT_BYTES = 4096;

    private final TraceState state;

    MemoryCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        Optional<TraceOperation> operation = operation(thread, call);
        operation.ifPresent(state::emit);
        return operation.isPresent();
    }

    private Optional<TraceOperation> operation(TracedThread thread, StraceCall call) throws MalformedLineException {
        int pid = thread.process();
        return switch (call.name()) {
            case "mmap" -> Optional.of(map(thread, call, 1));
            case "mmap2" -> Optional.of(map(thread, call, OLD_MMAP2_UNIT_BYTES));
            case "munmap" -> Optional.of(new TraceOperation.Unmap(pid, call.number(0), call.bytes(1)));
            case "mremap" ->
                Optional.of(new TraceOperation.Remap(pid, call.number(0), call.bytes(1), call.result(), call.bytes(2)));
            case "mprotect", "pkey_mprotect" ->
                Optional.of(new TraceOperation.Protect(pid, call.number(0), call.bytes(1), call.argument(2)));
            case "madvise" ->
                Optional.of(new TraceOperation.Advise(pid, call.number(0), call.bytes(1), call.argument(2)));
            case "brk" -> Optional.of(moveBreak(thread, call));
            default -> Optional.empty();
        };
    }

    /**
     * A heap that is somewhere else though nobody moved it is another program's, whether or not the trace shows its
     * start.
     */
    private TraceOperation moveBreak(TracedThread thread, StraceCall call) throws MalformedLineException {
        long end = call.result();
        boolean elsewhere =
                state.heapEnd(thread.process()).filter(before -> before != end).isPresent();
        if (elsewhere && call.argument(0).equals("NULL")) {
            // One that was taken for a thread of another process has shown that it is none.
            thread.joinProcess(thread.pid());
            state.execute(thread.pid());
        }
        state.moveHeapEnd(thread.process(), end);
        return new TraceOperation.Break(thread.process(), end);
    }

    private TraceOperation map(TracedThread thread, StraceCall call, long offsetUnitBytes)
            throws MalformedLineException {
        long lengthBytes = call.bytes(1);
        String protection = call.argument(2);
        String flags = call.argument(3);
        DescriptorToken descriptor = call.descriptor(4);
        long offsetBytes = call.bytes(5) * offsetUnitBytes;
        Optional<TraceFile> file = descriptor.number() < 0
                ? Optional.empty()
                : state.resolve(thread, descriptor).file();
        return new TraceOperation.Map(
                thread.process(), call.result(), lengthBytes, protection, flags, file, offsetBytes);
    }
}
