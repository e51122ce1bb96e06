/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Nothing allocates on the Java heap once it is warm: not a read, not a change, not a split, not a grace period. */
@SuppressWarnings("NullAway.Init")
class XArrayGarbageTest extends XArrayCatalogue {
    private static final int WARM_UP = 3_000;
    private static final int MEASURED = 2_000;
    private static final int ATTEMPTS = 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final SplitPlan uniform = SplitPlan.uniform(9, 0);
    private final SplitPlan shrinking = SplitNodeCountTest.shrinkingTowards(300, 13, 0);
    private final long[] entries = new long[16];
    private XaCursor cursor;

    @BeforeEach
    void openCursor() {
        cursor = new XaCursor(array, engine.reader);
    }

    interface Operation {
        void on(XArrayGarbageTest test, int round);
    }

    record Named(String name, Operation operation) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Named> operations() {
        return Stream.of(
                new Named("load", (test, i) -> test.read(i)),
                new Named("store and erase", (test, i) -> test.storeAndErase(i)),
                new Named("storeOrder", (test, i) -> test.array.storeOrder(512L * (i & 63), 9, value(i))),
                new Named("marks", (test, i) -> test.marks(i)),
                new Named("iterate", (test, i) -> test.iterate()),
                new Named("split and merge", (test, i) -> test.splitAndMerge(9, test.uniform)),
                new Named("shrinking split and merge", (test, i) -> test.splitAndMerge(13, test.shrinking)),
                new Named("trySplit", (test, i) -> test.trySplit()),
                new Named("createRange", (test, i) -> test.createRange()),
                new Named("storeRange", (test, i) -> test.array.storeRange(i, i + 5000, value(i))),
                new Named("out of memory", (test, i) -> test.outOfMemory()),
                new Named("extract", (test, i) -> test.extract()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("operations")
    void allocatesNothing(Named named) {
        run(named.operation(), WARM_UP);
        // The compiler may still be replacing code, which can allocate once: a clean run proves the point.
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < ATTEMPTS && least > 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(named.operation(), MEASURED);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes in " + MEASURED + " rounds");
    }

    private void run(Operation operation, int nrRounds) {
        for (int i = 0; i < nrRounds; i++) {
            operation.on(this, i);
        }
    }

    private void read(int i) {
        engine.reader.enter();
        array.load(engine.reader, i);
        array.getOrder(engine.reader, i);
        array.getMark(engine.reader, i, 1);
        engine.reader.exit();
    }

    private void storeAndErase(int i) {
        long index = 977L * i;
        array.store(index, value(i));
        array.compareExchange(index, value(i), value(i + 1));
        array.erase(index);
        array.insert(index, value(i));
        array.erase(index);
        array.reserve(index);
        array.release(index);
    }

    private void marks(int i) {
        array.store(i, value(i));
        array.setMark(i, 1);
        array.clearMark(i, 1);
    }

    private void iterate() {
        array.store(5, value(5));
        array.store(5000, value(6));
        engine.reader.enter();
        cursor.set(0);
        while (cursor.find(MAX) != 0) {
            cursor.pause();
        }
        cursor.set(0);
        while (cursor.findMarked(MAX, 1) != 0) {
            cursor.reset();
        }
        cursor.set(4990);
        for (int i = 0; i < 20; i++) {
            cursor.next();
        }
        engine.reader.exit();
    }

    private void splitAndMerge(int order, SplitPlan plan) {
        long first = 1L << order;
        array.storeOrder(first, order, pointer(0));
        cursor.set(first + 7);
        cursor.reserve(plan);
        array.lock();
        assertEquals(0, cursor.split(plan, pointer(0), pointer(0), 64));
        array.unlock();
        array.storeOrder(first, order, pointer(0));
    }

    private void trySplit() {
        array.storeOrder(512, 9, pointer(0));
        array.lock();
        cursor.set(512);
        for (int order = 9; order > 0; order = XaCursor.trySplitMinimumOrder(order)) {
            assertEquals(0, cursor.trySplit(XaCursor.trySplitMinimumOrder(order), pointer(0), 64));
        }
        array.unlock();
    }

    private void createRange() {
        array.lock();
        cursor.setOrder(4096, 8);
        cursor.createRange();
        cursor.setOrder(4096, 8);
        cursor.store(value(1));
        cursor.setOrder(4096, 8);
        cursor.store(0);
        array.unlock();
    }

    private void outOfMemory() {
        engine.failures.failAfter(0);
        array.store(1L << 40, value(1));
        engine.failures.stop();
    }

    private void extract() {
        array.store(9, value(1));
        engine.reader.enter();
        cursor.set(0);
        assertEquals(1, array.extract(cursor, 20, XArray.PRESENT, entries, entries.length));
        engine.reader.exit();
    }
}
