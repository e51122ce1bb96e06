/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import java.lang.invoke.VarHandle;

/**
 * A reader's handle: one per thread that reads. Between {@link #enter} and {@link #exit} nothing the reader can reach
 * is reused. Sections nest.
 *
 * <p>Used by one thread at a time. Entry and exit are wait-free and allocate nothing.
 */
public final class RcuReader extends ReaderSequence implements AutoCloseable {
    /**
     * Nesting of a closed reader: so far below 0 that every entry finds it, without a test of its own for an open one.
     */
    private static final int CLOSED = Integer.MIN_VALUE;

    /** Leaves room above for numbers that are none of a section. */
    private static final long STAMP_MASK = (1L << 24) - 1;

    private final ReaderRegistry registry;
    private final boolean writerHasMembarrier;
    private int nesting;

    RcuReader(ReaderRegistry registry, boolean writerHasMembarrier) {
        this.registry = registry;
        this.writerHasMembarrier = writerHasMembarrier;
    }

    /**
     * Begins a read section.
     *
     * @throws IllegalStateException if the domain or this reader is closed
     */
    public void enter() {
        if (nesting++ == 0) {
            sequenceOpaque(sequence() + 1);
            orderEntry();
            if (registry.isClosed()) {
                refuse();
            }
        } else if (nesting <= 0) {
            nesting = CLOSED;
            throw new IllegalStateException("the reader is closed");
        }
    }

    /**
     * Orders the entry store before the section's loads; partner: the writer's barrier in {@link ReaderRegistry} (I2).
     */
    private void orderEntry() {
        if (writerHasMembarrier) {
            // Release plus acquire fence keep the compiler from moving the section's loads above the store; the
            // hardware may still do so, which the writer's membarrier undoes on every running thread.
            VarHandle.releaseFence();
            VarHandle.acquireFence();
        } else {
            VarHandle.fullFence();
        }
    }

    /**
     * Ends a read section.
     *
     * @throws IllegalStateException if the reader is not in one
     */
    public void exit() {
        requireInSection();
        if (--nesting == 0) {
            sequenceRelease(sequence() + 1);
        }
    }

    /**
     * Whether the reader is in a read section; for the thread that uses it.
     *
     * @return true between {@link #enter} and {@link #exit}
     */
    public boolean isInSection() {
        return nesting > 0;
    }

    /**
     * Which section the reader is in; for the thread that uses it.
     *
     * @return a number from 1 to 2^24 - 1 that tells the section from the 2^23 before it; of no use outside a section
     */
    public long sectionStamp() {
        return sequence() & STAMP_MASK;
    }

    /**
     * Checks at the public edge that the reader is in a section.
     *
     * @throws IllegalStateException if it is not
     */
    public void requireInSection() {
        if (nesting <= 0) {
            throw new IllegalStateException("the reader is not in a read section");
        }
    }

    /**
     * Checks at the public edge that the reader is in a section that protects what belongs to a domain.
     *
     * @param rcu the domain
     * @throws IllegalStateException if the reader is not in a section
     * @throws IllegalArgumentException if it is a reader of another domain
     */
    public void requireInSectionOf(Rcu rcu) {
        requireInSection();
        rcu.requireOwn(this);
    }

    boolean isOf(ReaderRegistry other) {
        return registry == other;
    }

    /**
     * Takes the reader off its domain; it can enter no more sections. Closing again does nothing.
     *
     * @throws IllegalStateException if it is in a section
     */
    @Override
    public void close() {
        if (nesting > 0) {
            throw new IllegalStateException("reader closed inside a read section: nesting=" + nesting);
        }
        nesting = CLOSED;
        registry.remove(this);
    }

    private void refuse() {
        nesting = 0;
        sequenceRelease(sequence() + 1);
        throw new IllegalStateException("the engine is closed");
    }
}
