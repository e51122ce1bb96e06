/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/** Hands out free indices, found by the free mark. All of it runs under the array's lock. */
final class XaIdAllocation {
    private XaIdAllocation() {}

    /** The lowest free index of a range (xa_alloc). */
    static long alloc(XaCursor cursor, long min, long max, long entry) {
        if (!XaFlags.tracksFree(cursor.anchor)) {
            return Errno.EINVAL;
        }
        // Someone may have stored to index 0 and erased it, which leaves it free; it is not handed out even so.
        cursor.set(XaFlags.isZeroBusy(cursor.anchor) ? Math.max(1, min) : min);
        XaFind.findMarked(cursor, max, XArray.FREE_MARK);
        if (cursor.isRestart()) {
            return Errno.EBUSY;
        }
        long id = cursor.index;
        XaStore.store(cursor, entry == XaEntry.EMPTY ? XaEntry.ZERO : entry);
        XaMarks.clearFree(cursor);
        return cursor.isInError() ? cursor.error() : id;
    }

    /**
     * The next free index of a cycle (xa_alloc_cyclic). Handing out the very last index makes the next search begin at
     * 0; that it wrapped is remembered in the array, as the original does. Unlike there, only a lack of free indices
     * makes the search wrap, not a lack of memory.
     */
    static long allocCyclic(XaCursor cursor, XaIdCycle cycle, long entry) {
        long from = Math.max(cycle.min, cycle.next);
        long id = alloc(cursor, from, cycle.max, entry);
        boolean wrapped = id >= 0 && XaFlags.takeWrapped(cursor.anchor);
        if (id == Errno.EBUSY && from > cycle.min) {
            id = alloc(cursor, cycle.min, cycle.max, entry);
            wrapped = id >= 0;
        }
        if (id >= 0) {
            cycle.wrapped = wrapped;
            cycle.next = id + 1 & XaIdCycle.MAX_ID;
            if (cycle.next == 0) {
                XaFlags.setWrapped(cursor.anchor);
            }
        }
        return id;
    }
}
