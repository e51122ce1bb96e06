/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/**
 * Splits and merges entries of an XArray, each of which holds its own first index, so that what is there can be
 * checked. For one thread.
 */
final class EntrySplitter {
    private static final long WORD_PER_INDEX = XaEntry.value(1) - XaEntry.value(0);

    private final XArray array;
    private final XaCursor cursor;

    EntrySplitter(XArray array) {
        this.array = array;
        cursor = new XaCursor(array);
    }

    /** Splits the entry that starts at an index in one go, nodes reserved before the lock is taken. */
    void split(long first, SplitPlan plan) {
        long word = XaEntry.value(first);
        cursor.set(first);
        int result = cursor.reserve(plan);
        array.lock();
        if (result == Errno.OK) {
            result = cursor.split(plan, word, word, WORD_PER_INDEX);
        }
        array.unlock();
        requireOk(result);
    }

    /**
     * Splits the entry of an order that covers an index step by step under one lock, each step the piece with the
     * index.
     */
    void splitInSteps(long index, int order, int... newOrders) {
        int pieceOrder = order;
        cursor.set(index);
        array.lock();
        for (int newOrder : newOrders) {
            long word = XaEntry.value(Geometry.alignDown(index, pieceOrder));
            requireOk(cursor.trySplit(newOrder, word, WORD_PER_INDEX));
            pieceOrder = newOrder;
        }
        array.unlock();
    }

    /** Stores one entry over a range, merging whatever pieces are there. */
    void merge(long first, int order) {
        requireOk(XaEntry.errnoOf(array.storeOrder(first, order, XaEntry.value(first))));
    }

    static void requireOk(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("change refused: result=" + Errno.name(result));
        }
    }
}
