/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The last error of writing a file back, told once to everybody who has it open (errseq_t).
 *
 * <p>An error that nobody was told of yet is also told to who opens the file afterwards, so that none is lost; one that
 * somebody was told of is news only to those who had the file open when it happened. Of several errors between two
 * questions the last is told.
 *
 * <p>Thread-safe; takes a monitor for constant time.
 */
final class WritebackErrors {
    /** A position from which every error is news. */
    private static final long BEFORE_ALL = 0;

    /** The last error, guarded by this; null if there was none. */
    private @Nullable IOException last;

    /** Its number, from 1 on; an error that comes before the last was told takes its number. */
    private long number = BEFORE_ALL;

    private boolean told = true;

    /** Notes an error (errseq_set). */
    synchronized void record(IOException error) {
        if (told) {
            number++;
            told = false;
        }
        last = error;
    }

    /** Starts to follow the errors for somebody who opens the file now (errseq_sample). */
    synchronized Listener listen() {
        return new Listener(told ? number : BEFORE_ALL);
    }

    /** Somebody who has the file open; for one thread at a time. */
    final class Listener {
        /** Number of the last error that this listener need not be told of. */
        private long position;

        private Listener(long position) {
            this.position = position;
        }

        /** The last error, if it is news; it is none any more afterwards (errseq_check_and_advance). */
        @Nullable
        IOException next() {
            synchronized (WritebackErrors.this) {
                if (position == number) {
                    return null;
                }
                position = number;
                told = true;
                return last;
            }
        }
    }
}
