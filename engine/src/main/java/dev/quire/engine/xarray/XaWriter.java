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
    private final XArrayLock lock;
    private final XaNodePool pool;

    /** Guarded by the array's lock. */
    private final XaCursor cursor;

    XaWriter(XArray array, XArrayLock lock) {
        this.lock = lock;
        pool = array.pool();
        cursor = new XaCursor(array);
    }

    long store(long index, long entry) {
        long result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaChange.store(cursor, index, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    long storeOrder(long index, int order, long entry) {
        long result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaChange.storeOrder(cursor, index, order, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    long exchangeIf(long index, long expected, long entry) {
        long result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaChange.exchangeIf(cursor, index, expected, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(XaEntry.errnoOf(result), round++));
        return result;
    }

    int insert(long index, long entry) {
        int result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaChange.insert(cursor, index, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(result, round++));
        return result;
    }

    int storeRange(long first, long last, long entry) {
        int result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaRange.store(cursor, first, last, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(result, round++));
        return result;
    }

    long alloc(long min, long max, long entry) {
        long result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaIdAllocation.alloc(cursor, min, max, entry);
            } finally {
                lock.unlock(hold);
            }
        } while (mayRetry(result, round++));
        return result;
    }

    long allocCyclic(XaIdCycle cycle, long entry) {
        long result;
        int round = 0;
        do {
            long hold = lock.lock();
            try {
                result = XaIdAllocation.allocCyclic(cursor, cycle, entry);
            } finally {
                lock.unlock(hold);
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
        long hold = lock.lock();
        try {
            return XaChange.erase(cursor, index);
        } finally {
            lock.unlock(hold);
        }
    }

    void mark(long index, int mark, boolean set) {
        long hold = lock.lock();
        try {
            XaChange.mark(cursor, index, mark, set);
        } finally {
            lock.unlock(hold);
        }
    }

    void destroy() {
        long hold = lock.lock();
        try {
            XaStore.destroyAll(cursor);
        } finally {
            lock.unlock(hold);
        }
    }

    /** Destroys the array and refuses all changes from then on; the lock is held. */
    void close() {
        XaStore.destroyAll(cursor);
        lock.close();
    }
}
