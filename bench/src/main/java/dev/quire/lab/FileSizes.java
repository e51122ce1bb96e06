/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.HashMap;
import java.util.Map;

/**
 * How long each file of a trace was before its first use. Only the whole trace tells: a program that reads a file from
 * its start has been through all of it before it meets the end.
 */
final class FileSizes implements TraceSink {
    private final Map<Integer, TraceFile> files = new HashMap<>();

    @Override
    public void accept(long lineNumber, TraceOperation operation) {
        if (operation instanceof TraceOperation.FileOperation onFile) {
            files.put(onFile.file().id(), onFile.file());
        }
    }

    /**
     * Size before the first use.
     *
     * @param file the same file in another reading of the same trace
     * @return bytes, as far as the trace tells
     */
    long initialSizeBytes(TraceFile file) {
        TraceFile read = files.get(file.id());
        return read == null ? 0 : read.initialSizeBytes();
    }
}
