/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/**
 * What one {@code open} made, which descriptors then share: position and append mode (POSIX calls it an open file
 * description). Also stands for what is open but is no file, such as a socket.
 */
final class OpenFile {
    private final Optional<TraceFile> file;
    private final String label;
    private boolean append;
    private long positionBytes;
    private int nrDescriptors;

    private OpenFile(Optional<TraceFile> file, String label, boolean append) {
        this.file = file;
        this.label = label;
        this.append = append;
    }

    static OpenFile of(TraceFile file, boolean append) {
        return new OpenFile(Optional.of(file), "", append);
    }

    /**
     * A socket, pipe, terminal, device or directory.
     *
     * @param label its name as the trace prints it; empty if it prints none
     */
    static OpenFile notAFile(String label) {
        return new OpenFile(Optional.empty(), label, false);
    }

    /** Whether a descriptor printed like this can refer to this. */
    boolean matches(DescriptorToken token) {
        if (file.isEmpty()) {
            return label.equals(token.name()) || !token.namesFile();
        }
        TraceFile target = file.get();
        return target.name().equals(token.name()) && (token.deleted() || target.hasName());
    }

    /** The file; empty for sockets, pipes, terminals, devices and directories. */
    Optional<TraceFile> file() {
        return file;
    }

    /** Name as far as known, else empty. */
    String name() {
        return file.map(TraceFile::name).orElse(label);
    }

    long positionBytes() {
        return positionBytes;
    }

    void seek(long newPositionBytes) {
        positionBytes = newPositionBytes;
    }

    void setAppend(boolean newAppend) {
        append = newAppend;
    }

    /** Where a write goes that was to go to an offset: in append mode to the end, whatever the offset. */
    long writeOffsetBytes(TraceFile target, long requestedBytes) {
        return append ? target.sizeBytes() : requestedBytes;
    }

    /** Counts one more descriptor that refers to this. */
    OpenFile share() {
        if (nrDescriptors++ == 0) {
            file.ifPresent(TraceFile::opened);
        }
        return this;
    }

    /**
     * Counts one descriptor less.
     *
     * @return true if it was the last one
     */
    boolean release() {
        if (--nrDescriptors > 0) {
            return false;
        }
        file.ifPresent(TraceFile::closed);
        return true;
    }
}
