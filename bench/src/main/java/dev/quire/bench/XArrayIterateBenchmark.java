/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Iterating over the entries of an XArray in the order of their indices, per entry found: with a cursor, which keeps
 * its place (xas_for_each, xas_for_each_marked), and with the normal API, which walks from the head each time
 * (xa_for_each, xa_for_each_marked).
 *
 * <p>Each invocation goes on where the last one ended, for the next thousand entries in one read section, and from the
 * start again after the last entry.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class XArrayIterateBenchmark {
    private static final int NR_ENTRIES = 1000;
    private static final int MARK = MarkedArray.MARK;

    /** Where a thread is. */
    @State(Scope.Thread)
    public static class Place {
        RcuReader reader;
        XaCursor cursor;

        /**
         * Registers the thread's reader, and checks all ways to iterate.
         *
         * @param marked the array to be read
         */
        @Setup(Level.Trial)
        public void register(MarkedArray marked) {
            reader = marked.newReader();
            cursor = new XaCursor(marked.array(), reader);
            marked.check(XArray.PRESENT, reader, (array, at, first) -> nextByCursor(at));
            marked.check(MARK, reader, (array, at, first) -> nextMarkedByCursor(at));
            marked.check(XArray.PRESENT, reader, (array, at, first) -> next(array, at, first, XArray.PRESENT));
            marked.check(MARK, reader, (array, at, first) -> next(array, at, first, MARK));
        }

        /** Takes the reader off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }
    }

    // Written out for each filter: what is shared is compiled for what the checks did with the other one, too, and then
    // takes 2
    // or 3 ns an entry, as it happens.
    private static long nextByCursor(XaCursor cursor) {
        long word;
        do {
            word = cursor.find(XArray.MAX_INDEX);
        } while (cursor.retry(word));
        return word;
    }

    private static long nextMarkedByCursor(XaCursor cursor) {
        long word;
        do {
            word = cursor.findMarked(XArray.MAX_INDEX, MARK);
        } while (cursor.retry(word));
        return word;
    }

    private static long next(XArray array, XaCursor cursor, boolean first, int filter) {
        return first ? array.find(cursor, XArray.MAX_INDEX, filter) : array.findAfter(cursor, XArray.MAX_INDEX, filter);
    }

    /** Every entry, with a cursor. */
    @Benchmark
    @OperationsPerInvocation(NR_ENTRIES)
    public long cursor(MarkedArray marked, Place place) {
        XaCursor cursor = place.cursor;
        long sum = 0;
        place.reader.enter();
        for (int i = 0; i < NR_ENTRIES; i++) {
            long word = nextByCursor(cursor);
            if (word == XaEntry.EMPTY) {
                cursor.set(0);
                word = nextByCursor(cursor);
            }
            sum += word;
        }
        cursor.pause();
        place.reader.exit();
        return sum;
    }

    /** Marked entries, with a cursor. */
    @Benchmark
    @OperationsPerInvocation(NR_ENTRIES)
    public long markedCursor(MarkedArray marked, Place place) {
        XaCursor cursor = place.cursor;
        long sum = 0;
        place.reader.enter();
        for (int i = 0; i < NR_ENTRIES; i++) {
            long word = nextMarkedByCursor(cursor);
            if (word == XaEntry.EMPTY) {
                cursor.set(0);
                word = nextMarkedByCursor(cursor);
            }
            sum += word;
        }
        cursor.pause();
        place.reader.exit();
        return sum;
    }

    /** Every entry, with the normal API. */
    @Benchmark
    @OperationsPerInvocation(NR_ENTRIES)
    public long array(MarkedArray marked, Place place) {
        return sumByArray(marked.array(), place, XArray.PRESENT);
    }

    /** Marked entries, with the normal API. */
    @Benchmark
    @OperationsPerInvocation(NR_ENTRIES)
    public long markedArray(MarkedArray marked, Place place) {
        return sumByArray(marked.array(), place, MARK);
    }

    private static long sumByArray(XArray array, Place place, int filter) {
        XaCursor cursor = place.cursor;
        long sum = 0;
        place.reader.enter();
        for (int i = 0; i < NR_ENTRIES; i++) {
            long word = next(array, cursor, false, filter);
            if (word == XaEntry.EMPTY) {
                cursor.set(0);
                word = next(array, cursor, true, filter);
            }
            sum += word;
        }
        place.reader.exit();
        return sum;
    }
}
