/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Numbers that the live states of a scenario take from one engine per fork. jcstress keeps 10,240 states alive; an
 * engine each would not fit. A number comes round again only after all others, so what the engine still does with a
 * finished state's memory has time to go wrong visibly.
 *
 * <p>Thread-safe, wait-free: both actors' threads replace states at the same time.
 */
public final class Slots {
    /** How many there are unless said otherwise: three times the live states. */
    public static final int COUNT = 1 << 15;

    /** No slot. */
    public static final int NONE = -1;

    private static final int FREE = 0;
    private static final int TAKEN = 1;
    private static final int ABANDONED = 2;

    private final int nrSlots;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger nrAbandoned = new AtomicInteger();
    private final AtomicIntegerArray taken;

    /** Makes {@link #COUNT} slots. */
    public Slots() {
        this(COUNT);
    }

    /**
     * Makes slots.
     *
     * @param nrSlots how many, a power of two
     */
    public Slots(int nrSlots) {
        this.nrSlots = nrSlots;
        taken = new AtomicIntegerArray(nrSlots);
    }

    /**
     * Takes a slot for a new state.
     *
     * @return 0 to the number of slots - 1
     * @throws IllegalStateException if there is none left
     */
    public int take() {
        int slot = tryTake();
        if (slot == NONE) {
            throw new IllegalStateException(nrAbandoned.get() + " states have left their slots in disorder");
        }
        return slot;
    }

    /**
     * Takes a slot for a new state, if so many have been abandoned that none may be left.
     *
     * @return 0 to the number of slots - 1, or {@link #NONE}
     * @throws IllegalStateException if there is none left although none has been abandoned
     */
    public int tryTake() {
        for (int attempt = 0; attempt < nrSlots; attempt++) {
            int slot = next.getAndIncrement() & (nrSlots - 1);
            if (taken.compareAndSet(slot, FREE, TAKEN)) {
                return slot;
            }
            if (nrAbandoned.get() == 0) {
                throw new IllegalStateException("more live states than slots: slots=" + nrSlots
                        + "; choose a smaller -strideSize or -strideCount");
            }
        }
        return NONE;
    }

    /**
     * Gives a slot back, from the arbiter.
     *
     * @param slot a number from {@link #take}
     */
    public void giveBack(int slot) {
        taken.set(slot, FREE);
    }

    /**
     * Takes a slot out of use for good, from the arbiter of a state that left it in disorder.
     *
     * @param slot a number from {@link #take}
     */
    public void abandon(int slot) {
        taken.set(slot, ABANDONED);
        nrAbandoned.getAndIncrement();
    }
}
