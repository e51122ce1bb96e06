/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/** Ranges as multi-index entries of an XArray. Reading is lock-free. */
final class XArrayRanges implements RangeIndex {
    private final EngineArray engineArray;
    private final XArray array;
    private final EntrySplitter splitter;

    /**
     * Makes an empty index.
     *
     * @param nrNodes most nodes it will have
     */
    XArrayRanges(long nrNodes) {
        engineArray = new EngineArray(nrNodes, true);
        array = engineArray.array();
        splitter = new EntrySplitter(array);
    }

    @Override
    public RangeReader newReader() {
        return new Reader(array, engineArray.engine().newReader());
    }

    @Override
    public void store(long first, int order) {
        splitter.merge(first, order);
    }

    @Override
    public void erase(long first, int order) {
        array.erase(first);
    }

    @Override
    public void storeBetween(long first, long last) {
        EntrySplitter.requireOk(array.storeRange(first, last, XaEntry.value(first)));
    }

    @Override
    public void eraseBetween(long first, long last) {
        EntrySplitter.requireOk(array.storeRange(first, last, XaEntry.EMPTY));
    }

    @Override
    public void split(long first, SplitPlan plan) {
        splitter.split(first, plan);
    }

    @Override
    public long offHeapBytes() {
        return engineArray.engine().nodes().nrInUse() * XaNodeStruct.BYTES;
    }

    @Override
    public void close() {
        engineArray.close();
    }

    private static final class Reader implements RangeReader {
        private final XArray array;
        private final RcuReader rcuReader;
        private final XaCursor cursor;

        Reader(XArray array, RcuReader rcuReader) {
            this.array = array;
            this.rcuReader = rcuReader;
            cursor = new XaCursor(array, rcuReader);
        }

        @Override
        public long load(long index) {
            rcuReader.enter();
            long word = array.load(rcuReader, index);
            rcuReader.exit();
            return word == XaEntry.EMPTY ? ABSENT : XaEntry.valueOf(word);
        }

        @Override
        public long sum(long first, int nrRanges) {
            long sum = 0;
            rcuReader.enter();
            cursor.set(first);
            for (int i = 0; i < nrRanges; i++) {
                long word = cursor.find(XArray.MAX_INDEX);
                while (cursor.retry(word)) {
                    word = cursor.find(XArray.MAX_INDEX);
                }
                sum += XaEntry.valueOf(word);
            }
            rcuReader.exit();
            return sum;
        }

        @Override
        public void close() {
            rcuReader.close();
        }
    }
}
