/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** A writer and readers without locks on one array. {@code -Dquire.race.millis=N} sets how long each race runs. */
abstract class XArrayRace extends XArrayCatalogue {
    private static final long NANOS = Long.getLong("quire.race.millis", 500) * 1_000_000;
    private static final int NR_READERS = 2;

    /** A busy machine may run only one of the threads in the time of a race; it then goes on, for so long at most. */
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private static final long MIN_CHANGES = 10;
    private static final long MIN_LOOKS = 100;

    /** What a reader does. */
    interface Reading {
        /** One look; throws if it saw what it must not. */
        void look(RcuReader reader, XaCursor cursor, long round);
    }

    /** Repeats the change for some time while readers look; every round of both must have happened often. */
    final void race(Runnable change, Reading reading) {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicLong nrLooks = new AtomicLong();
        AtomicBoolean done = new AtomicBoolean();
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < NR_READERS; i++) {
            threads.add(Thread.ofPlatform().start(() -> lookUntil(done, reading, nrLooks, failure)));
        }
        long nrChanges = 0;
        while (failure.get() == null && goesOn(System.nanoTime() - start, nrChanges, nrLooks.get())) {
            change.run();
            nrChanges++;
        }
        done.set(true);
        threads.forEach(XArrayRace::join);
        if (failure.get() != null) {
            throw new AssertionError("after " + nrChanges + " changes and " + nrLooks + " looks", failure.get());
        }
        assertTrue(
                nrChanges >= MIN_CHANGES && nrLooks.get() >= MIN_LOOKS,
                "no race: changes=" + nrChanges + ", looks=" + nrLooks);
        XaChecker.check(array);
    }

    private static boolean goesOn(long nanos, long nrChanges, long nrLooks) {
        boolean enough = nrChanges >= MIN_CHANGES && nrLooks >= MIN_LOOKS;
        return nanos < NANOS || (!enough && nanos < PATIENCE_NANOS);
    }

    private void lookUntil(
            AtomicBoolean done, Reading reading, AtomicLong nrLooks, AtomicReference<Throwable> failure) {
        try (RcuReader reader = engine.rcu.register()) {
            XaCursor cursor = new XaCursor(array, reader);
            for (long round = 0; !done.get() && failure.get() == null; round++) {
                reader.enter();
                try {
                    reading.look(reader, cursor, round);
                } finally {
                    reader.exit();
                }
                nrLooks.incrementAndGet();
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    // A reader that loses its CPU inside a section holds every node back that is retired meanwhile: the slab can run
    // dry.

    final int splitPatiently(long index, SplitPlan plan, long expected, long firstWord, long stride) {
        int result = split(index, plan, expected, firstWord, stride);
        while (result == Errno.ENOMEM) {
            engine.rcu.barrier();
            result = split(index, plan, expected, firstWord, stride);
        }
        return result;
    }

    final void storePatiently(long index) {
        storePatiently(index, 0, value(index));
    }

    final void storePatiently(long index, int order, long word) {
        long old = array.storeOrder(index, order, word);
        while (old == XaEntry.error(Errno.ENOMEM)) {
            engine.rcu.barrier();
            old = array.storeOrder(index, order, word);
        }
        assertEquals(0, old);
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
