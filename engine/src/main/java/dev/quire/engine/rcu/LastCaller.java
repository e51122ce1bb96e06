/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

/**
 * Enters an engine's {@link Lifetime} for whoever did so last without looking for what that thread enters by, which is
 * most of what a short call would cost.
 *
 * <p>For what one thread at a time uses: a lock's holder, or the owner of a cursor. Entry and exit are wait-free and,
 * after a thread's first call, allocate nothing.
 */
public final class LastCaller {
    private final Lifetime lifetime;
    private long threadId = Thread.currentThread().threadId();
    private RcuReader caller;

    /**
     * Makes one that the current thread has used last.
     *
     * @param lifetime what is entered
     */
    public LastCaller(Lifetime lifetime) {
        this.lifetime = lifetime;
        caller = lifetime.caller();
    }

    /**
     * Begins a call of the current thread; it ends with {@link RcuReader#exit} of what {@link #caller} returns. In
     * checked mode only: in unchecked mode there is nothing to enter.
     *
     * @throws IllegalStateException if the engine is closed
     */
    public void enter() {
        long current = Thread.currentThread().threadId();
        if (current != threadId) {
            caller = lifetime.caller();
            threadId = current;
        }
        caller.enter();
    }

    /** {@return what the thread that called last enters the engine by} */
    public RcuReader caller() {
        return caller;
    }
}
