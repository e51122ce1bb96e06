/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** Takes the operations of a trace in the order in which their calls returned. */
@FunctionalInterface
public interface TraceSink {
    /**
     * Takes one operation.
     *
     * @param lineNumber line of the trace on which the call ended, from 1
     * @param operation what the call did
     */
    void accept(long lineNumber, TraceOperation operation);
}
