/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import java.lang.reflect.UndeclaredThrowableException;
import org.jspecify.annotations.Nullable;

/**
 * Tells an observer, if there is one, of splits while folios are frozen, and keeps the first thing that it throws until
 * none is any more: it must not end a restructuring half way. For one thread at a time.
 */
final class FrozenSplitObserver implements SplitObserver {
    private final @Nullable SplitObserver observer;
    private @Nullable Throwable firstThrown;

    FrozenSplitObserver(@Nullable SplitObserver observer) {
        this.observer = observer;
    }

    boolean isPresent() {
        return observer != null;
    }

    @Override
    public void begin(long folio) {
        if (observer == null) {
            return;
        }
        try {
            observer.begin(folio);
        } catch (Throwable e) {
            keep(e);
        }
    }

    @Override
    public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        if (observer == null) {
            return;
        }
        try {
            observer.split(order, nrPieces, result, nanos, frozenNanos);
        } catch (Throwable e) {
            keep(e);
        }
    }

    private void keep(Throwable thrown) {
        firstThrown = firstThrown == null ? thrown : firstThrown;
    }

    /** Forgets what the observer has thrown: something else is thrown instead, or was. */
    void forget() {
        firstThrown = null;
    }

    /** Throws what the observer has thrown first, if it has. */
    void rethrow() {
        switch (firstThrown) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new UndeclaredThrowableException(e);
        }
    }
}
