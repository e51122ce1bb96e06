/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.rcu.RcuReader;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link XaCursor} may be used in: the lock of its array, or a section of its reader; and a check that it is.
 */
abstract sealed class XaBracket extends XaPosition permits XaCursorNodes {
    /** In place of what the position was used in: nothing yet, or nobody counts (unchecked mode). */
    private static final long UNKNOWN = 0;

    final XArray array;
    final long anchor;
    final @Nullable RcuReader reader;

    /** Which read section of the reader, or which acquisition of the array's lock, the position was used in last. */
    private long bracket = UNKNOWN;

    /** Number of the last changes, of whatever cursor, that the position has seen; of use under the lock. */
    private long turn;

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
        RcuReader section = openSection();
        if (section != null) {
            useInSection(section.sectionStamp());
        } else {
            useUnderLock(array.requireLocked());
        }
    }

    /** As {@link #requireAccess}, for who begins at the head, wherever the cursor is. */
    final void requireAccessFromHead() {
        if (openSection() == null) {
            array.requireLocked();
        }
        reset();
        requireAccess();
    }

    /** As {@link #requireAccess}, but only under the lock; a position from a read section is given up. */
    final void requireLockedAccess() {
        long hold = array.requireLocked();
        RcuReader section = openSection();
        if (hold != UNKNOWN && section != null && bracket == section.sectionStamp()) {
            reset();
        }
        useUnderLock(hold);
    }

    final IllegalStateException staleConflict() {
        return new IllegalStateException(
                "the conflict found may be gone, as another cursor has changed the array since: range's index=0x"
                        + Long.toHexString(index));
    }

    /**
     * Checks that the cursor may change the array. A position from before another cursor's change under the same lock,
     * or from a read section, which keeps the node but not what its slots stand for, is given up.
     *
     * @return whether the position was given up
     */
    final boolean requireChange() {
        long hold = array.requireLocked();
        if (hold == UNKNOWN || (bracket == hold && array.isLastChanger(this, hold))) {
            return false;
        }
        return beginChanges(hold);
    }

    private boolean beginChanges(long hold) {
        boolean isStale = isValid() && isStaleUnder(hold);
        if (isStale) {
            reset();
        }
        bracket = hold;
        turn = array.beginTurn(this, hold);
        return isStale;
    }

    /** Whether the position may be wrong by now; refuses one whose node may be another place's. */
    private boolean isStaleUnder(long hold) {
        if (bracket == hold) {
            return turn != array.turn();
        }
        RcuReader section = openSection();
        if (bracket != UNKNOWN && (section == null || bracket != section.sectionStamp())) {
            throw keptPosition();
        }
        return true;
    }

    private @Nullable RcuReader openSection() {
        RcuReader section = reader;
        return section != null && section.isInSection() ? section : null;
    }

    private void useInSection(long stamp) {
        if (bracket == stamp) {
            return;
        }
        if (bracket != UNKNOWN && isValid()) {
            if (array.isHold(bracket)) {
                // Under the lock and in a section: the position goes on being the lock's, which keeps more.
                requireCurrent();
                return;
            }
            throw keptPosition();
        }
        bracket = stamp;
    }

    /**
     * Notes that the position is used under the array's lock.
     *
     * @param hold which acquisition of the lock this is; 0 if they are not counted
     * @throws IllegalStateException if the position is from an earlier bracket, or from before another cursor's change:
     *     its node may by now be another place's
     */
    private void useUnderLock(long hold) {
        if (bracket != hold) {
            if (isValid() && bracket != UNKNOWN && hold != UNKNOWN) {
                throw keptPosition();
            }
            bracket = hold;
            if (hold != UNKNOWN) {
                seeAllChanges();
            }
        } else if (hold != UNKNOWN) {
            requireCurrent();
        }
    }

    /**
     * Under the lock. Where another cursor has changed the array since, only a position that is walked anew will
     * do.
     */
    private void requireCurrent() {
        if (turn != array.turn()) {
            if (isValid()) {
                throw new IllegalStateException(
                        "another cursor has changed the array since this one was positioned: index=0x"
                                + Long.toHexString(index));
            }
            seeAllChanges();
        }
    }

    private void seeAllChanges() {
        turn = array.turn();
        array.endTurn();
    }

    private IllegalStateException keptPosition() {
        return new IllegalStateException(
                "the cursor kept its position beyond the lock or read section: index=0x" + Long.toHexString(index));
    }
}
