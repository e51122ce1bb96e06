/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Keeps the word before a reader's sequence off its cache line. */
abstract class ReaderSequencePaddingBefore {
    long before1;
    long before2;
    long before3;
    long before4;
    long before5;
    long before6;
    long before7;
    long before8;
}

/**
 * A reader's sequence number, alone on its cache line: odd while the reader is in a section, one more at each entry and
 * each exit. Only the reader writes it.
 */
abstract class ReaderSequence extends ReaderSequencePaddingBefore {
    private static final VarHandle SEQUENCE;

    static {
        try {
            SEQUENCE = MethodHandles.lookup()
                    .findVarHandle(ReaderSequence.class, "sequence", long.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException failure) {
            throw new ExceptionInInitializerError(failure);
        }
    }

    private long sequence;

    /** Plain load by the reader itself. */
    final long sequence() {
        return sequence;
    }

    /** Opaque store at entry: the fence that orders the section's loads after it is in {@link RcuReader#enter}. */
    final void sequenceOpaque(long value) {
        SEQUENCE.setOpaque(this, value);
    }

    /** Release store at exit: the section's loads come before it (I3). Partner: {@link #sequenceAcquire}. */
    final void sequenceRelease(long value) {
        SEQUENCE.setRelease(this, value);
    }

    /** Acquire load by a writer: if the section has ended, what it read may be overwritten. */
    final long sequenceAcquire() {
        return (long) SEQUENCE.getAcquire(this);
    }

    static boolean isInSection(long sequence) {
        return (sequence & 1) != 0;
    }
}
