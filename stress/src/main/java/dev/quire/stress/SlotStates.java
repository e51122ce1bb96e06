/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;

/**
 * What the states of a scenario have for themselves, where it takes long to make: made when its slot is taken first,
 * and from then on used by one state of the slot after another.
 *
 * <p>Thread-safe, lock-free: a slot belongs to one state at a time, so that only its own threads touch what is kept for
 * it.
 *
 * @param <S> what each state has
 */
public final class SlotStates<S extends GuardedState> {
    private final Slots slots;
    private final IntFunction<S> newState;
    private final AtomicReferenceArray<S> states;

    /** What a state gets for which no slot is left. */
    private final S none;

    /**
     * Makes the slots, and no state but that of {@link Slots#NONE}.
     *
     * @param nrSlots how many, a power of two
     * @param newState makes the state of a slot
     */
    public SlotStates(int nrSlots, IntFunction<S> newState) {
        slots = new Slots(nrSlots);
        this.newState = newState;
        states = new AtomicReferenceArray<>(nrSlots);
        none = newState.apply(Slots.NONE);
    }

    /**
     * Takes what belongs to a new state.
     *
     * @return what the state before has left in its slot, or a new one; out of use if no slot is left
     */
    public S take() {
        int slot = slots.tryTake();
        if (slot == Slots.NONE) {
            return none;
        }
        S state = states.get(slot);
        if (state == null) {
            state = newState.apply(slot);
            states.set(slot, state);
        }
        return state;
    }

    /**
     * Gives it to the next state, or takes its slot out of use for good, as that of a broken state always is.
     *
     * @param state from {@link #take}
     * @param inOrder whether the next state can use it
     */
    public void recycle(S state, boolean inOrder) {
        state.recycleSlot(slots, inOrder);
    }
}
