/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Wakes a thread that sleeps for a folio lock although the lock is free, so that a test ends with a verdict and not
 * with a time-out. For one actor, which sleeps for one lock at a time.
 */
public final class Alarm implements Runnable {
    private static final long PERIOD_NANOS = 1_000_000_000;

    private record Sleeper(long ticket, long page, Thread thread) {}

    private final LongPredicate isLocked;
    private final LongConsumer rouse;
    private volatile @Nullable Sleeper sleeper;
    private long nrTickets;
    private volatile boolean rang;

    private Alarm(LongPredicate isLocked, LongConsumer rouse) {
        this.isLocked = isLocked;
        this.rouse = rouse;
    }

    /**
     * Starts an alarm.
     *
     * @param isLocked whether the lock is held that who sleeps for this page waits for
     * @return the alarm
     */
    public static Alarm start(LongPredicate isLocked) {
        return start(isLocked, page -> {});
    }

    /**
     * Starts an alarm for sleepers that go to sleep again when they are merely woken.
     *
     * @param isLocked whether the lock is held that who sleeps for this page waits for
     * @param rouse makes who sleeps for this page see that the lock is free
     * @return the alarm
     */
    public static Alarm start(LongPredicate isLocked, LongConsumer rouse) {
        Alarm alarm = new Alarm(isLocked, rouse);
        Thread thread = new Thread(alarm, "alarm");
        thread.setDaemon(true);
        thread.start();
        return alarm;
    }

    /**
     * Is called before the actor may go to sleep.
     *
     * @param page what its lock belongs to
     */
    public void beforeSleep(long page) {
        sleeper = new Sleeper(nrTickets++, page, Thread.currentThread());
    }

    /** {@return whether the actor, which has the lock now, had to be woken} */
    public boolean afterSleep() {
        sleeper = null;
        boolean overslept = rang;
        if (overslept) {
            rang = false;
        }
        return overslept;
    }

    @Override
    public void run() {
        Sleeper last = null;
        while (!Thread.interrupted()) {
            LockSupport.parkNanos(PERIOD_NANOS);
            Sleeper now = sleeper;
            if (now == null || isLocked.test(now.page)) {
                last = null;
            } else if (now.equals(last)) {
                rang = true;
                rouse.accept(now.page);
                LockSupport.unpark(now.thread);
            } else {
                last = now;
            }
        }
    }
}
