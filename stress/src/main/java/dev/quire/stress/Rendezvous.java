/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A state whose two actors wait for each other, but not for long. jcstress lets each actor run through its states at
 * its own speed; where one is much slower they hardly ever meet.
 */
public abstract class Rendezvous {
    private static final VarHandle NR_ARRIVED;
    private static final int NR_ACTORS = 2;
    private static final int PATIENCE = 1000;
    private static final int NR_DELAYS = 32;

    static {
        try {
            NR_ARRIVED = MethodHandles.lookup().findVarHandle(Rendezvous.class, "nrArrived", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int nrArrived;

    /** For the subclasses. */
    protected Rendezvous() {}

    /** Waits for the other actor. */
    protected final void meet() {
        NR_ARRIVED.getAndAdd(this, 1);
        for (int spin = 0; nrArrived < NR_ACTORS && spin < PATIENCE; spin++) {
            Thread.onSpinWait();
        }
    }

    /**
     * Waits for the other actor, and then a little longer, so that the actors meet at many places.
     *
     * @param seed how much longer: its lowest bits count
     */
    protected final void meet(long seed) {
        meet();
        for (long spin = seed & (NR_DELAYS - 1); spin > 0; spin--) {
            Thread.onSpinWait();
        }
    }
}
