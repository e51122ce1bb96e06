/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XaNodeStruct;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link XaCursor} may be used in: the lock of its array, or a section of its reader; and a check that it is.
 */
abstract sealed class XaBracket extends XaPosition permits XaCursor {
    /** In place of an acquisition of the lock: the position was used in a read section last, or never. */
    private static final long IN_SECTION = 0;

    final XArray array;
    final long anchor;
    final @Nullable RcuReader reader;

    /** Which acquisition of the array's lock the position was used under last. */
    private long acquisition = IN_SECTION;

    XaBracket(XArray array, @Nullable RcuReader reader) {
        if (reader != null) {
            array.pool().rcu().requireOwn(reader);
        }
        this.array = array;
        this.reader = reader;
        anchor = array.openAnchor();
    }

    /** Checks that the cursor may read. */
    final void requireAccess() {
        if (isInSection()) {
            useInSection();
        } else {
            useUnderLock(array.requireLocked());
        }
    }

    /** As {@link #requireAccess}, for who begins at the head, wherever the cursor is. */
    final void requireAccessFromHead() {
        if (!isInSection()) {
            array.requireLocked();
        }
        reset();
        requireAccess();
    }

    /** Checks that the cursor may change the array. */
    final void requireLock() {
        long hold = array.requireLocked();
        if (isInSection()) {
            useInSection();
        } else {
            useUnderLock(hold);
        }
        if (nodeAddress() != 0 && XaNodeStruct.array(node) != anchor) {
            throw keptPosition();
        }
    }

    private boolean isInSection() {
        return reader != null && reader.isInSection();
    }

    /** Notes that the position is used in a read section, which keeps its node from being used again. */
    private void useInSection() {
        acquisition = IN_SECTION;
    }

    /**
     * Notes that the position is used under the array's lock.
     *
     * @param current which acquisition of the lock this is; 0 if they are not counted
     * @throws IllegalStateException if the position is from under an earlier one: its node may by now be another
     *     place's
     */
    private void useUnderLock(long current) {
        if (isValid() && acquisition != IN_SECTION && acquisition != current) {
            throw keptPosition();
        }
        acquisition = current;
    }

    private IllegalStateException keptPosition() {
        return new IllegalStateException(
                "the cursor kept its position while the array was unlocked: index=0x" + Long.toHexString(index));
    }
}
