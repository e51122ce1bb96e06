/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps an engine's memory mapped while a call is inside it: every public call that touches memory runs between
 * {@link #enter} and {@link #exit}, and closing waits for those that are running and refuses the rest. Without it a
 * call that races with close would read unmapped addresses and crash the JVM.
 *
 * <p>Unlike a read section it does not hold off grace periods. In unchecked mode both calls do nothing. Entry and exit
 * are wait-free and, after a thread's first call, allocate nothing; they nest.
 */
public final class Lifetime implements AutoCloseable {
    private record Caller(WeakReference<Thread> thread, RcuReader reader) {}

    private final boolean checked;
    private final ReaderRegistry registry;
    private final List<Caller> callers = new ArrayList<>();
    private final ThreadLocal<RcuReader> current = ThreadLocal.withInitial(this::register);

    /**
     * Makes the lifetime of one engine.
     *
     * @param checked whether calls are guarded; false only for measurements
     * @param mode who pays for ordering a call's entry
     */
    public Lifetime(boolean checked, BarrierMode mode) {
        this.checked = checked;
        registry = new ReaderRegistry(mode);
    }

    /**
     * Whether the engine is in checked mode, which guards calls against a close that runs beside them, tells whether
     * the thread that changes an array holds its lock, and refuses a block that is freed twice. Arguments are checked
     * in either mode.
     *
     * @return false in unchecked mode, for measurements
     */
    public boolean isChecked() {
        return checked;
    }

    /**
     * What the current thread enters and exits by, for who remembers it from call to call: finding it is most of what
     * {@link #enter} and {@link #exit} cost.
     *
     * @return the thread's own; of no use to other threads
     */
    public RcuReader caller() {
        return current.get();
    }

    /**
     * Begins a call.
     *
     * @throws IllegalStateException if the engine is closed
     */
    public void enter() {
        if (checked) {
            current.get().enter();
        }
    }

    /**
     * Begins a call that must have something to go on, such as a lock. If that is refused the call has not begun: close
     * would wait for it for ever.
     *
     * @param take takes it, or throws; kept by who calls often, since to make one allocates
     * @throws IllegalStateException if the engine is closed; then nothing is taken
     */
    public void enterTaking(Runnable take) {
        enter();
        boolean taken = false;
        try {
            take.run();
            taken = true;
        } finally {
            if (!taken) {
                exit();
            }
        }
    }

    /** Ends a call. */
    public void exit() {
        if (checked) {
            current.get().exit();
        }
    }

    /** Refuses new calls and waits for those that are running. Must not be called from inside one. */
    @Override
    public void close() {
        registry.close();
    }

    /** Threads that have called and are not known to have ended: those that did are dropped when the next one comes. */
    int nrThreads() {
        return registry.readers().length;
    }

    private synchronized RcuReader register() {
        callers.removeIf(this::hasEnded);
        RcuReader reader = registry.register();
        callers.add(new Caller(new WeakReference<>(Thread.currentThread()), reader));
        return reader;
    }

    private boolean hasEnded(Caller caller) {
        Thread thread = caller.thread.get();
        boolean ended = thread == null || !thread.isAlive();
        if (ended) {
            registry.remove(caller.reader);
        }
        return ended;
    }
}
