/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.machine.Nap;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * All readers of one domain, and the writer's side of the barrier. Registering copies an array under a monitor; waiting
 * reads one cache line per registered reader.
 */
final class ReaderRegistry {
    private static final RcuReader[] NONE = {};
    private static final long NAP_NANOS = 20_000;
    private static final int SPINS = 200;

    private final boolean membarrier;
    private volatile RcuReader[] readers = NONE;
    private boolean closed;

    ReaderRegistry(BarrierMode mode) {
        membarrier = switch (mode) {
            case FENCE -> false;
            case MEMBARRIER -> requireMembarrier();
            case AUTOMATIC -> LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier();
        };
    }

    private static boolean requireMembarrier() {
        if (!LinuxCalls.areAvailable() || !LinuxCalls.registerMembarrier()) {
            throw new IllegalArgumentException("barrier mode not supported here: mode=MEMBARRIER");
        }
        return true;
    }

    boolean usesMembarrier() {
        return membarrier;
    }

    synchronized RcuReader register() {
        if (closed) {
            throw new IllegalStateException("the engine is closed");
        }
        RcuReader reader = new RcuReader(this, membarrier);
        RcuReader[] extended = Arrays.copyOf(readers, readers.length + 1);
        extended[readers.length] = reader;
        readers = extended;
        return reader;
    }

    synchronized void remove(RcuReader reader) {
        readers = Arrays.stream(readers).filter(other -> other != reader).toArray(RcuReader[]::new);
    }

    RcuReader[] readers() {
        return readers;
    }

    /** Plain load: the fence in {@link RcuReader#enter} puts it after the entry, as {@link #close} needs. */
    boolean isClosed() {
        return closed;
    }

    /**
     * Full barrier on every thread that runs a reader: afterwards each reader either shows its entry to this thread, or
     * all loads of its section see everything this thread did before (I2). Partner: the fence in
     * {@link RcuReader#enter}.
     */
    void orderAgainstReaders() {
        VarHandle.fullFence();
        if (membarrier && !LinuxCalls.membarrier()) {
            throw new IllegalStateException("membarrier failed after it was registered");
        }
    }

    /** Waits until every section that may have begun before this call has ended, and for none that begins later. */
    void awaitSections() {
        orderAgainstReaders();
        RcuReader[] present = readers;
        // All sequences before the first wait: a section that begins while this waits for another may depend on the
        // caller.
        long[] sequences = Arrays.stream(present)
                .mapToLong(ReaderSequence::sequenceAcquire)
                .toArray();
        for (int i = 0; i < present.length; i++) {
            if (ReaderSequence.isInSection(sequences[i])) {
                awaitChange(present[i], sequences[i]);
            }
        }
    }

    /** Refuses new sections from now on and waits for those that are running. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        // A section entered before the barrier is seen and waited for; one entered after it sees closed and backs out
        // (I5).
        awaitSections();
    }

    private static void awaitChange(RcuReader reader, long sequence) {
        for (int attempt = 0; reader.sequenceAcquire() == sequence; attempt++) {
            pause(attempt);
        }
    }

    static void pause(int attempt) {
        if (attempt < SPINS) {
            Thread.onSpinWait();
        } else {
            Nap.sleep(NAP_NANOS);
        }
    }
}
