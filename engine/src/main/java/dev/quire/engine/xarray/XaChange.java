/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/** The changes of the normal API to single indices, as they look under the lock. */
final class XaChange {
    private XaChange() {}

    /** xa_store: the entry before, or an error word. */
    static long store(XaCursor cursor, long index, long entry) {
        if (entry != XaEntry.EMPTY) {
            long before = XaInPlace.store(cursor, index, 0, entry);
            if (before != XaInPlace.NOT_IN_PLACE) {
                return before;
            }
        } else {
            cursor.set(index);
        }
        boolean reserves = entry == XaEntry.EMPTY && XaFlags.tracksFree(cursor.anchor);
        long old = XaStore.store(cursor, reserves ? XaEntry.ZERO : entry);
        XaMarks.clearFree(cursor);
        return result(cursor, old);
    }

    /** xas_store with an order: the entry before, or an error word. */
    static long storeOrder(XaCursor cursor, long index, int order, long entry) {
        if (entry != XaEntry.EMPTY) {
            long before = XaInPlace.store(cursor, index, order, entry);
            if (before != XaInPlace.NOT_IN_PLACE) {
                return before;
            }
        } else {
            cursor.setOrder(index, order);
        }
        long old = XaStore.store(cursor, entry);
        if (entry != XaEntry.EMPTY) {
            XaMarks.clearFree(cursor);
        }
        return result(cursor, old);
    }

    /** xa_erase: the entry before. */
    static long erase(XaCursor cursor, long index) {
        long before = XaInPlace.erase(cursor, index);
        if (before != XaInPlace.NOT_IN_PLACE) {
            return before;
        }
        return XaEntry.visible(XaStore.store(cursor, XaEntry.EMPTY));
    }

    /** xa_cmpxchg, with reservations as what is there or comes: the entry before, or an error word. */
    static long exchangeIf(XaCursor cursor, long index, long expected, long entry) {
        cursor.set(index);
        long current = XaWalk.load(cursor);
        if (current == expected) {
            XaStore.store(cursor, entry);
            if (current == XaEntry.EMPTY && entry != XaEntry.EMPTY) {
                XaMarks.clearFree(cursor);
            }
        }
        return result(cursor, current);
    }

    /** xa_insert: 0 or a negative errno. */
    static int insert(XaCursor cursor, long index, long entry) {
        if (entry != XaEntry.EMPTY) {
            long before = XaInPlace.insert(cursor, index, entry);
            if (before != XaInPlace.NOT_IN_PLACE) {
                return before == XaEntry.EMPTY ? Errno.OK : Errno.EBUSY;
            }
        }
        cursor.set(index);
        if (XaWalk.load(cursor) != XaEntry.EMPTY) {
            return Errno.EBUSY;
        }
        XaStore.store(cursor, entry == XaEntry.EMPTY ? XaEntry.ZERO : entry);
        XaMarks.clearFree(cursor);
        return cursor.error();
    }

    /** xa_set_mark and xa_clear_mark. */
    static void mark(XaCursor cursor, long index, int mark, boolean set) {
        if (set) {
            XaArguments.requireNotFreeMark(cursor.anchor, mark);
        }
        cursor.set(index);
        if (XaWalk.load(cursor) == XaEntry.EMPTY) {
            return;
        }
        if (set) {
            XaMarks.set(cursor, mark);
        } else {
            XaMarks.clear(cursor, mark);
        }
    }

    /** What the caller is told was there: a child node is no entry, as little as a reservation. */
    private static long result(XaCursor cursor, long word) {
        if (cursor.isInError()) {
            return cursor.node;
        }
        return XaEntry.isNode(word) ? XaEntry.EMPTY : XaEntry.visible(word);
    }
}
