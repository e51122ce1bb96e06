/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random operations on arrays of every kind that involve reservations and free indices, and the same on a sorted map
 * from index to word, in which a reservation is a word like others. {@code -Dquire.model.operations=N} sets the length
 * of each run.
 */
class XArrayAllocationModelTest extends XArrayCatalogue {
    private static final int NR_OPERATIONS = Integer.getInteger("quire.model.operations", 200_000);
    private static final int OPERATIONS_PER_CHECK = 500;

    private final NavigableMap<Long, Long> model = new TreeMap<>();
    private SplittableRandom random = new SplittableRandom(0);
    private int flags;

    /** Indices are taken from a window, so that it becomes full from time to time. */
    private long windowFirst;

    private int windowSize;
    private boolean wrappedAtTheEnd;
    private String operation = "";

    @ParameterizedTest(name = "flags {0}, {2} indices from {1}")
    @CsvSource({
        "4, 0, 40",
        "12, 1, 40",
        "4, 0, 700",
        "12, 1, 700",
        "4, 0, 6",
        "12, 0, 6",
        "12, 0, 40",
        "12, 0, 700",
        "4, 4294967200, 96",
        "12, 4294966000, 1296",
        "0, 0, 100"
    })
    void agreesWithTheModel(int flags, long windowFirst, int windowSize) {
        this.flags = flags;
        this.windowFirst = windowFirst;
        this.windowSize = windowSize;
        array = engine.newArray(flags);
        random = TestSeed.random("XArrayAllocationModelTest, flags " + flags + ", " + windowSize + " indices");
        for (int step = 0; step < NR_OPERATIONS; step++) {
            try {
                doOne();
                if (step % OPERATIONS_PER_CHECK == 0) {
                    compareAll();
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(TestSeed.asOption() + " step=" + step + " after " + operation, e);
            }
        }
        compareAll();
    }

    private boolean tracksFree() {
        return (flags & XArray.TRACK_FREE) != 0;
    }

    private boolean isZeroBusy() {
        return (flags & XArray.ZERO_BUSY) != 0;
    }

    private void doOne() {
        long index = anyIndex();
        long word = random.nextInt(4) == 0 ? 0 : anyWord();
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> alloc(index, anyIndex(), word);
            case 3, 4, 5 -> allocCyclic(word);
            case 6 -> store(index, word);
            case 7, 8, 9 -> erase(index);
            case 10 -> compareAndExchange(index, word);
            case 11 -> insert(index, word);
            case 12 -> reserve(index);
            case 13 -> release(index);
            case 14 -> mark(index);
            default -> destroySometimes();
        }
        assertEquals(visible(index), load(index));
        assertEquals(model.isEmpty(), isEmpty());
    }

    private void alloc(long one, long other, long word) {
        long min = random.nextInt(8) == 0 ? 0 : Math.min(one, other);
        long max = random.nextInt(8) == 0 ? one : Math.max(one, other);
        operation = "alloc " + min + " " + max + " " + XaEntry.toText(word);
        long expected = tracksFree() ? lowestFree(min, max) : Errno.EINVAL;
        assertEquals(expected, array.alloc(min, max, word));
        put(expected, word);
    }

    private void allocCyclic(long word) {
        long min = windowFirst + random.nextInt(windowSize / 2);
        long max = windowFirst + windowSize - 1;
        long next = random.nextInt(8) == 0 ? anyIndex() : max - random.nextInt(3);
        operation = "allocCyclic " + min + " " + max + " next=" + next + " " + XaEntry.toText(word);
        long from = Math.max(min, next);
        long expected = tracksFree() ? lowestFree(from, max) : Errno.EINVAL;
        boolean goesOnBelow = expected == Errno.EBUSY && from > min;
        if (goesOnBelow) {
            expected = lowestFree(min, max);
        }
        XaIdCycle cycle = new XaIdCycle(min, max, next);
        assertEquals(expected, array.allocCyclic(cycle, word));
        if (expected < 0) {
            assertEquals(next, cycle.next());
            return;
        }
        put(expected, word);
        assertEquals(goesOnBelow || wrappedAtTheEnd, cycle.hasWrapped());
        // A search that went on below leaves what an earlier one remembered.
        wrappedAtTheEnd = (wrappedAtTheEnd && goesOnBelow) || expected == XaIdCycle.MAX_ID;
        assertEquals((expected + 1) & XaIdCycle.MAX_ID, cycle.next());
    }

    private long lowestFree(long min, long max) {
        long id = isZeroBusy() ? Math.max(1, min) : min;
        while (id <= max && model.containsKey(id)) {
            id++;
        }
        return id <= max ? id : Errno.EBUSY;
    }

    private void put(long id, long word) {
        if (id < 0) {
            return;
        }
        if (isZeroBusy() && model.isEmpty() && id > 0) {
            // With the first index that is taken, index 0 is reserved.
            model.put(0L, XaEntry.ZERO);
        }
        model.put(id, word == 0 ? XaEntry.ZERO : word);
    }

    private void remove(long id) {
        boolean wasThere = model.remove(id) != null;
        if (wasThere && isZeroBusy() && model.size() == 1 && model.getOrDefault(0L, 0L) == XaEntry.ZERO) {
            // With the last other one, that reservation goes.
            model.clear();
        }
    }

    @Override
    long store(long index, long word) {
        operation = "store " + index + " " + XaEntry.toText(word);
        long old = visible(index);
        assertEquals(old, array.store(index, word));
        if (word == 0 && !tracksFree()) {
            remove(index);
        } else {
            put(index, word);
        }
        return old;
    }

    @Override
    long erase(long index) {
        operation = "erase " + index;
        long old = visible(index);
        assertEquals(old, array.erase(index));
        remove(index);
        return old;
    }

    private void compareAndExchange(long index, long word) {
        long current = model.getOrDefault(index, 0L);
        long expected = random.nextInt(3) == 0 ? 0 : random.nextInt(3) == 0 ? XaEntry.ZERO : current;
        operation = "compareExchange " + index + " " + XaEntry.toText(expected) + " " + XaEntry.toText(word);
        assertEquals(visible(index), array.compareExchange(index, expected, word));
        if (current == expected) {
            if (word == 0) {
                remove(index);
            } else {
                put(index, word);
            }
        }
    }

    private void insert(long index, long word) {
        operation = "insert " + index + " " + XaEntry.toText(word);
        boolean isFree = !model.containsKey(index);
        assertEquals(isFree ? Errno.OK : Errno.EBUSY, array.insert(index, word));
        if (isFree) {
            put(index, word);
        }
    }

    private void reserve(long index) {
        operation = "reserve " + index;
        assertEquals(Errno.OK, array.reserve(index));
        if (!model.containsKey(index)) {
            put(index, XaEntry.ZERO);
        }
    }

    private void release(long index) {
        operation = "release " + index;
        array.release(index);
        if (model.getOrDefault(index, 0L) == XaEntry.ZERO) {
            remove(index);
        }
    }

    /** In arrays that track free indices mark 0 is not the user's. */
    private void mark(long index) {
        operation = "mark " + index;
        int mark = random.nextInt(1, XArray.NR_MARKS);
        setMark(index, mark);
        assertEquals(model.containsKey(index), getMark(index, mark));
        array.clearMark(index, mark);
    }

    private void destroySometimes() {
        if (random.nextInt(50) == 0) {
            operation = "destroy";
            array.destroy();
            model.clear();
            beginAtFirstSometimes();
        }
    }

    /**
     * What comes first into an empty array makes another tree at index 0 than elsewhere, and a reservation than a
     * word.
     */
    private void beginAtFirstSometimes() {
        switch (random.nextInt(6)) {
            case 0 -> reserve(windowFirst);
            case 1 -> insert(windowFirst, 0);
            case 2 -> store(windowFirst, 0);
            case 3 -> insert(windowFirst, anyWord());
            default -> {}
        }
    }

    private long visible(long index) {
        return XaEntry.visible(model.getOrDefault(index, 0L));
    }

    private void compareAll() {
        XaChecker.check(array);
        List<Found> expected = new ArrayList<>();
        for (Map.Entry<Long, Long> entry : model.entrySet()) {
            if (entry.getValue() != XaEntry.ZERO) {
                expected.add(new Found(entry.getKey(), entry.getValue()));
            }
        }
        assertEquals(expected, findAll(0, XArray.PRESENT));
        if (model.isEmpty()) {
            assertEquals(0, engine.nodes.nrInUse());
        }
    }

    private long anyIndex() {
        return windowFirst + random.nextInt(windowSize);
    }

    private long anyWord() {
        int number = random.nextInt(1 << 16);
        return random.nextBoolean() ? value(number) : pointer(number);
    }
}
