/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * What one state of a scenario has for itself in the engine that all states share, under the number of a slot.
 *
 * <p>A broken engine may throw where the shipped one does its work, in a state that has done nothing wrong, too; and
 * it may leave so many slots in disorder that a new state gets none. jcstress ends a run at the first exception and
 * forgets what it has counted. So an exception of the engine, whatever its kind, puts the state out of use: from then
 * on, as in a state without a slot, nothing is done any more, and all results are {@link #BROKEN}, which every scenario
 * forbids.
 *
 * <p>Thread-safe, as far as what is guarded is.
 */
public abstract class GuardedState {
    /** The engine threw at this state, or has left no slot for it. */
    public static final int BROKEN = 7;

    /** How scenarios describe that outcome. */
    public static final String ENGINE_BROKEN =
            "the engine threw instead of doing what it must, now or before, in so many states that none is left";

    private final int slot;
    private volatile boolean broken;

    /**
     * Makes the state of a slot.
     *
     * @param slot a number from {@link Slots#tryTake}, or {@link Slots#NONE}
     */
    protected GuardedState(int slot) {
        this.slot = slot;
        broken = slot == Slots.NONE;
    }

    /** {@return a number that differs from state to state} */
    public final int slot() {
        return slot;
    }

    /** {@return whether the state is out of use} */
    public final boolean isBroken() {
        return broken;
    }

    /** Puts the state out of use: it cannot be made what the scenario starts from. */
    public final void giveUp() {
        broken = true;
    }

    /**
     * Does a part of the scenario.
     *
     * @param part what to do
     * @return its result, or {@link #BROKEN}
     */
    public final int guard(IntSupplier part) {
        if (broken) {
            return BROKEN;
        }
        try {
            return part.getAsInt();
        } catch (RuntimeException e) {
            broken = true;
            return BROKEN;
        }
    }

    /**
     * Does a part of the scenario that has no result.
     *
     * @param part what to do
     */
    public final void guardAction(Runnable part) {
        guard(() -> {
            part.run();
            return 0;
        });
    }

    /**
     * Gets a handle from the engine.
     *
     * @param source where to get it
     * @return the handle, or 0
     */
    public final long guardHandle(LongSupplier source) {
        if (broken) {
            return 0;
        }
        try {
            return source.getAsLong();
        } catch (RuntimeException e) {
            broken = true;
            return 0;
        }
    }

    /**
     * What a state came to in the end.
     *
     * @param seen what its actors saw
     * @param inOrder whether it was left as it should be
     * @return what they saw; {@link #BROKEN}; or {@link PinCheck#WRONG} if it is not in order
     */
    protected final int verdict(int seen, boolean inOrder) {
        return broken ? BROKEN : inOrder ? seen : PinCheck.WRONG;
    }

    /**
     * Gives the slot to the next state, or takes it out of use for good, as that of a broken state always is.
     *
     * @param slots where it came from
     * @param inOrder whether the next state can use it
     */
    protected final void recycleSlot(Slots slots, boolean inOrder) {
        if (inOrder && !broken) {
            slots.giveBack(slot);
        } else if (slot != Slots.NONE) {
            slots.abandon(slot);
        }
    }
}
