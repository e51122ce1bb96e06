/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.List;

/** Finds the reader for a system call and leaves out those that did nothing. */
final class SystemCalls {
    private final TraceState state;
    private final List<CallReader> readers;

    SystemCalls(TraceState state) {
        this.state = state;
        this.readers = List.of(
                new TransferCalls(state),
                new MemoryCalls(state),
                new DescriptorCalls(state),
                new FileCalls(state),
                new NameCalls(state),
                new ThreadCalls(state));
    }

    void apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.outcome()) {
            case FAILED -> state.summary().addFailedCall();
            case NEVER_RETURNED -> state.summary().addUnreturnedCalls(1);
            case SUCCEEDED -> applySucceeded(thread, call);
        }
    }

    private void applySucceeded(TracedThread thread, StraceCall call) throws MalformedLineException {
        for (CallReader reader : readers) {
            if (reader.apply(thread, call)) {
                return;
            }
        }
        state.summary().addUnknownCall(call.name());
    }
}
