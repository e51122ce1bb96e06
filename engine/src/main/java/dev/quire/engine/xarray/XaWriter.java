/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/**
 * Carries the changes of the normal API out: each under the array's lock, and again if it lacked nodes and some that
 * readers had kept have come back meanwhile.
 *
 * <p>Lock and retry are spelled out in each method: a frame for all of them would take the change as an object that
 * captures its arguments, one for every call, and whether that is allocated would be up to the compiler.
 *
 * <p>Thread-safe through the lock.
 */
final class XaWriter {
    private final XArray array;
    private final XaNodePool pool;

    /** Guarded by the array's lock. */
    private final XaCursor cursor;

    XaWriter(XArray array) {
        this.array = array;
        pool = array.pool();
        cursor = new XaCursor(array);
    }

    long store(long index, long entry) {
        long result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaChange.store(cursor, index, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    long storeOrder(long index, int order, long entry) {
        long result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaChange.storeOrder(cursor, index, order, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    long exchangeIf(long index, long expected, long entry) {
        long result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaChange.exchangeIf(cursor, index, expected, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    int insert(long index, long entry) {
        int result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaChange.insert(cursor, index, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(result, round++));
        return result;
    }

    int storeRange(long first, long last, long entry) {
        int result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaRange.store(cursor, first, last, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(result, round++));
        return result;
    }

    long alloc(long min, long max, long entry) {
        long result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaIdAllocation.alloc(cursor, min, max, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(result, round++));
        return result;
    }

    long allocCyclic(XaIdCycle cycle, long entry) {
        long result;
        int round = 0;
        do {
            array.lock();
            try {
                result = XaIdAllocation.allocCyclic(cursor, cycle, entry);
            } finally {
                array.unlock();
            }
        } while (mayRetry(result, round++));
        return result;
    }

    /** Whether nodes came back, so that what failed for want of them may succeed now. */
    private boolean mayRetry(long errno, int round) {
        return errno == Errno.ENOMEM && pool.awaitReclaim(1, round);
    }

    // ---- what needs no nodes

    long erase(long index) {
        array.lock();
        try {
            return XaChange.erase(cursor, index);
        } finally {
            array.unlock();
        }
    }

    void mark(long index, int mark, boolean set) {
        array.lock();
        try {
            XaChange.mark(cursor, index, mark, set);
        } finally {
            array.unlock();
        }
    }

    void destroy() {
        array.lock();
        try {
            XaStore.destroyAll(cursor);
        } finally {
            array.unlock();
        }
    }

    /** Destroys the array and refuses all changes from then on; the lock is held. */
    void close() {
        XaStore.destroyAll(cursor);
        array.closeLock();
    }
}
