/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.pagetable.PageWalker;
import dev.quire.stress.Alarm;
import dev.quire.stress.GuardedState;

/** A page that is mapped, which one actor uses through page tables while the other one changes what maps it. */
abstract class MappedPage extends GuardedState {
    /** What a use of the page came to: nothing was mapped, or the pin was refused. */
    static final int NOTHING = 0;

    /** Its page. */
    static final int PAGE = 1;

    /** Another page. */
    static final int OTHER_PAGE = 9;

    /** Added if the page was on its way when a fault came, or was still mapped when a pin came that was refused. */
    static final int CAME_IN_TIME = 10;

    /** Added if a fault slept on although the page was mapped and its folio unlocked. */
    static final int OVERSLEPT = 100;

    private long held = PageWalker.NOT_PINNED;

    /** Makes the page of a slot. */
    MappedPage(int slot) {
        super(slot);
    }

    /** Handle of the page. */
    abstract long page();

    /** Whether the page is mapped just now. */
    abstract boolean isMapped();

    /** Pins the page if it is mapped. */
    abstract long pin();

    /** Pins the page, waiting while it is on its way, or mapping it again; 0 if there is none. */
    abstract long pinOrFault();

    /** Whether what was pinned is the page. */
    abstract boolean isRight(long pinned);

    /** Lets go of what was pinned. */
    abstract void unpin(long pinned);

    /** Pins the page, waiting while it is on its way, and lets go of it; says what it came to. */
    final int fault() {
        return guard(() -> {
            int came = isMapped() ? 0 : CAME_IN_TIME;
            long pinned = pinOrFault();
            if (pinned == PageWalker.NOT_PINNED) {
                return came + NOTHING;
            }
            int found = isRight(pinned) ? PAGE : OTHER_PAGE;
            unpin(pinned);
            return came + found;
        });
    }

    /** The same with an alarm, which wakes it if nobody else does. */
    final int fault(Alarm alarm) {
        if (isBroken()) {
            return BROKEN;
        }
        alarm.beforeSleep(page());
        int found = fault();
        return found + (alarm.afterSleep() ? OVERSLEPT : 0);
    }

    /** Pins the page and holds it; says what it came to. */
    final int pinAndHold() {
        return guard(() -> {
            boolean cameInTime = isMapped();
            held = pin();
            if (held == PageWalker.NOT_PINNED) {
                return NOTHING + (cameInTime ? CAME_IN_TIME : 0);
            }
            return isRight(held) ? PAGE : OTHER_PAGE;
        });
    }

    /** Handle of what {@link #pinAndHold} has pinned, or 0. */
    final long held() {
        return held;
    }

    /** Lets go of what {@link #pinAndHold} has pinned. */
    final void letGo() {
        if (held != PageWalker.NOT_PINNED) {
            guardAction(() -> unpin(held));
        }
    }
}
