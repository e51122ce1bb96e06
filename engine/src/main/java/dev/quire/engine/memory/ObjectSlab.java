/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import dev.quire.engine.machine.NativeMemory;

/**
 * Hands out the arena's small objects ({@link PageArena#OBJECT_BYTES} each, zeroed): address spaces and array anchors.
 *
 * <p>Thread-safe; takes a monitor, so not for hot paths. A freed object may be handed out again at once: the caller
 * makes sure that no reader can still reach it. Addresses are trusted: a wrong one ends the JVM.
 */
public final class ObjectSlab {
    private final PageArena arena;
    private long firstFree;
    private long nrTouched;
    private long nrInUse;

    /**
     * Makes the slab of an arena; an arena has one.
     *
     * @param arena the arena
     */
    public ObjectSlab(PageArena arena) {
        this.arena = arena;
    }

    /**
     * Takes an object.
     *
     * @return its address, or 0 if the slab is full
     */
    public synchronized long allocate() {
        long object = firstFree;
        if (object != 0) {
            firstFree = NativeMemory.getLong(object);
            NativeMemory.setLong(object, 0);
        } else if (nrTouched < arena.nrObjects()) {
            object = arena.objectsBase() + nrTouched++ * PageArena.OBJECT_BYTES;
        } else {
            return 0;
        }
        nrInUse++;
        return object;
    }

    /**
     * Takes an object for who must have one.
     *
     * @param use what it is for, as the message names it
     * @return its address
     * @throws IllegalStateException if the slab is full
     */
    public long allocateFor(String use) {
        long object = allocate();
        if (object == 0) {
            throw new IllegalStateException("no room for another " + use + ": max=" + arena.nrObjects());
        }
        return object;
    }

    /**
     * Gives an object back.
     *
     * @param object an address from {@link #allocate}
     */
    public synchronized void free(long object) {
        NativeMemory.fill(object, PageArena.OBJECT_BYTES, (byte) 0);
        NativeMemory.setLong(object, firstFree);
        firstFree = object;
        nrInUse--;
    }

    /**
     * Number of an object in the slab.
     *
     * @param object an address from {@link #allocate}
     * @return 0 up to the slab's size
     */
    public int slotOf(long object) {
        return (int) ((object - arena.objectsBase()) / PageArena.OBJECT_BYTES);
    }

    /**
     * Checks at the public edge that an object is one of this slab, whether it is in use or not.
     *
     * @param object what is said to be an address from {@link #allocate}
     * @throws IllegalArgumentException if no object of this slab can be there
     */
    public void requireOwn(long object) {
        long offsetBytes = object - arena.objectsBase();
        if (offsetBytes < 0
                || offsetBytes >= arena.nrObjects() * PageArena.OBJECT_BYTES
                || offsetBytes % PageArena.OBJECT_BYTES != 0) {
            throw new IllegalArgumentException("no object of this engine: object=0x" + Long.toHexString(object));
        }
    }

    /**
     * Objects handed out and not given back.
     *
     * @return number of objects
     */
    public synchronized long nrInUse() {
        return nrInUse;
    }
}
