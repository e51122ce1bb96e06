/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * One file of a trace: what one inode was to the traced program, whatever names and descriptors it had.
 *
 * <p>A trace seldom shows how long a file is, so the size is a lower bound that becomes exact with the first call that
 * proves it: a creation, a truncation, a read that found the end, {@code fstat} or a seek from the end.
 *
 * <p>Written by the {@link TraceReader} that made it; not thread-safe.
 */
public final class TraceFile {
    private final int id;
    private String name;
    private long initialSizeBytes;
    private long sizeBytes;
    private boolean sizeKnown;
    private int nrNames;
    private int nrOpen;

    TraceFile(int id, String name) {
        this.id = id;
        this.name = name;
        this.nrNames = 1;
    }

    /**
     * Number of this file in its trace.
     *
     * @return 0 for the first file that the trace touches, then 1, and so on; the same in every reading of the trace
     */
    public int id() {
        return id;
    }

    /**
     * Latest known name.
     *
     * @return a path as the trace gives it, {@code memfd:...}, or {@code fd:N} if all that is known is a descriptor
     */
    public String name() {
        return name;
    }

    /**
     * Size of the file before the first traced call on it, as far as known by now.
     *
     * @return bytes; at least 0 and never more than the real size was
     */
    public long initialSizeBytes() {
        return initialSizeBytes;
    }

    /**
     * Size of the file now.
     *
     * @return bytes; a lower bound unless {@link #isSizeKnown()}
     */
    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * Whether {@link #sizeBytes()} is exact.
     *
     * @return false while it is only a lower bound
     */
    public boolean isSizeKnown() {
        return sizeKnown;
    }

    /** {@return name and number, such as {@code t.db#3}} */
    @Override
    public String toString() {
        return name + "#" + id;
    }

    void rename(String newName) {
        name = newName;
    }

    /** The program saw that the file reaches at least this far, without making it so. */
    void sawSizeAtLeast(long atLeastBytes) {
        if (atLeastBytes > sizeBytes) {
            if (!sizeKnown) {
                initialSizeBytes = atLeastBytes;
            }
            sizeBytes = atLeastBytes;
        }
    }

    /** The program saw the exact size, without making it so. */
    void sawSize(long exactBytes) {
        if (!sizeKnown && exactBytes > sizeBytes) {
            initialSizeBytes = exactBytes;
        }
        sizeBytes = exactBytes;
        sizeKnown = true;
    }

    /** The program made the file at least this long. */
    void extendTo(long endBytes) {
        sizeBytes = Math.max(sizeBytes, endBytes);
    }

    /** The program made the file exactly this long. */
    void resizeTo(long exactBytes) {
        sizeBytes = exactBytes;
        sizeKnown = true;
    }

    void addName() {
        nrNames++;
    }

    void removeName() {
        nrNames--;
    }

    void removeAllNames() {
        nrNames = 0;
    }

    boolean hasName() {
        return nrNames > 0;
    }

    void opened() {
        nrOpen++;
    }

    void closed() {
        nrOpen--;
    }

    /** Whether nothing can reach the file any more: no name and no descriptor is left. */
    boolean isGone() {
        return nrNames <= 0 && nrOpen == 0;
    }
}
