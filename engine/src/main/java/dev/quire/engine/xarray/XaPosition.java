/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/** Keeps what a writer's cursor changes off the cache line of what its array's readers load. */
abstract sealed class XaPositionPadding permits XaPosition {
    long before1;
    long before2;
    long before3;
    long before4;
    long before5;
    long before6;
    long before7;
    long before8;
}

/** Where a {@link XaCursor} is, and the range it covers. */
abstract sealed class XaPosition extends XaPositionPadding permits XaBracket {
    /** Position: at the entry in the head. */
    static final long AT_HEAD = 0;

    /** Position: past the end of the tree. */
    static final long BOUNDS = 1;

    /** Position: not walked yet. */
    static final long RESTART = 3;

    private static final int INVALID_BITS = 3;
    private static final int FROZEN_BIT = 2;

    long index;

    /** Index bits below one slot of the level that holds entries of the cursor's order. */
    int shift;

    /** Slots after the first that an entry of the cursor's order takes. */
    int sibs;

    /** Address of the node, or {@link #AT_HEAD}, {@link #BOUNDS}, {@link #RESTART}, or an error word. */
    long node = RESTART;

    /** Shift of the node; meaningless without one. */
    int nodeShift;

    /** Slot in the node: the canonical one, if the index is covered by a multi-slot entry. */
    int offset;

    /** Node in which a search for conflicts found an entry last, if the cursor was not moved or reset since. */
    private long conflictNode = RESTART;

    private int conflictOffset;

    /**
     * Moves to one index, not walked yet, and clears any error (xas_set).
     *
     * @param index any index, unsigned
     */
    public final void set(long index) {
        this.index = index;
        shift = 0;
        sibs = 0;
        reset();
    }

    /**
     * Moves to the naturally aligned range of an order that holds an index, not walked yet, and clears any error
     * (xas_set_order).
     *
     * @param index any index, unsigned; rounded down to a multiple of {@code 2^order}
     * @param order log2 of the range, 0 to {@link XArray#MAX_ORDER}
     * @throws IllegalArgumentException if the order is out of range; then nothing has changed
     */
    public final void setOrder(long index, int order) {
        XaArguments.requireOrder("order", order, XArray.MAX_ORDER);
        this.index = index & -1L << order;
        setWidth(order);
        reset();
    }

    /** Searches and steps leave an index anywhere in a range; what is done to the range begins at its first. */
    final void alignToRange() {
        long mask = XaPath.rangeMask(this);
        if ((index & mask) != 0 && !isInError()) {
            index &= ~mask;
            node = RESTART;
        }
    }

    /**
     * What was found last need not cover the index: it may be another entry of the range, or be gone. A change is one
     * of what covers the index.
     */
    final void goBackToIndex() {
        if (isValid() && node != AT_HEAD && offset != XaWalk.slotOf(index, nodeShift)) {
            node = RESTART;
        }
    }

    final void setWidth(int order) {
        int bitsInLevel = order % XaWalk.LEVEL_BITS;
        shift = order - bitsInLevel;
        sibs = (1 << bitsInLevel) - 1;
    }

    /** Gives the position up, keeping index and order, and clears any error: the next operation walks from the head. */
    public final void reset() {
        node = RESTART;
        conflictNode = RESTART;
    }

    /** Whether the cursor is where a search for conflicts left it: that need not be at what covers its index. */
    final boolean isAtConflict() {
        return conflictNode == node && conflictOffset == offset && isValid();
    }

    /** What was found is now an entry like any other, which the cursor is at by its own index. */
    final void leaveConflict() {
        if (isAtConflict()) {
            conflictNode = RESTART;
            long first = XaWalk.firstIndex(this);
            if (Long.compareUnsigned(first, index) > 0) {
                index = first;
            }
        }
    }

    final void noteConflict(boolean found) {
        conflictNode = found ? node : RESTART;
        conflictOffset = offset;
    }

    /** {@return the current index, unsigned; each operation says what it leaves} */
    public final long index() {
        return index;
    }

    /** {@return the error the cursor is in: a negative number of {@link Errno}, or 0} */
    public final int error() {
        return XaEntry.errnoOf(node);
    }

    /**
     * Puts the cursor in an error.
     *
     * @param errno -4095 to -1
     * @throws IllegalArgumentException if it is out of range
     */
    public final void setError(int errno) {
        node = XaEntry.error(errno);
    }

    /** {@return whether the cursor is at a slot or at the head: not unwalked, not past the end, not in an error} */
    public final boolean isValid() {
        return (node & INVALID_BITS) == 0;
    }

    /** {@return whether the cursor was not walked yet} */
    public final boolean isRestart() {
        return node == RESTART;
    }

    /** {@return whether the cursor is past the end of the tree} */
    public final boolean isBounds() {
        return node == BOUNDS;
    }

    /** {@return the address of the node the cursor is in, see {@code XaNodeStruct}; 0 if it is in none} */
    public final long nodeAddress() {
        return isValid() ? node : 0;
    }

    /** {@return the slot of that node, the canonical one of a multi-slot entry; meaningless without a node} */
    public final int slot() {
        return offset;
    }

    /** Unwalked or in an error: {@code next} and {@code prev} do not move such a cursor. */
    final boolean isFrozen() {
        return (node & FROZEN_BIT) != 0;
    }

    final boolean isInError() {
        return XaEntry.isError(node);
    }

    final void requireValid() {
        if (!isValid()) {
            throw new IllegalStateException("the cursor is at no entry: position=" + positionName());
        }
    }

    private String positionName() {
        if (node == RESTART) {
            return "restart";
        }
        return node == BOUNDS ? "bounds" : "error " + Errno.name(error());
    }
}
