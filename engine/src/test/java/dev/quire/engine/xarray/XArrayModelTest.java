/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.RangeModel.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations of every kind on an array and on {@link RangeModel}: each result and, every so often, the whole
 * contents and the shape of the tree must agree. {@code -Dquire.model.operations=N} sets the length of each run,
 * {@code -Dquire.model.operationsPerCheck=N} how often all is compared.
 */
class XArrayModelTest extends XArrayCatalogue {
    private static final int NR_OPERATIONS = Integer.getInteger("quire.model.operations", 200_000);
    private static final int OPERATIONS_PER_CHECK = Integer.getInteger("quire.model.operationsPerCheck", 500);
    private static final int MAX_ENTRIES = 2_000;
    private static final int MAX_STRIDED_ORDER = 40;

    private final RangeModel model = new RangeModel();
    private SplittableRandom random = new SplittableRandom(0);
    private RandomArguments arguments = new RandomArguments(random, model, 1);
    private int indexBits;
    private String operation = "";

    /** Whether the last operation found nothing to work on, and so does not count. */
    private boolean isSkipped;

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(1, 1 << 20, 1);
    }

    @ParameterizedTest(name = "indices of {0} bits")
    @ValueSource(ints = {6, 10, 14, 20, 36, 64})
    void agreesWithTheModel(int indexBits) {
        this.indexBits = indexBits;
        random = TestSeed.random("XArrayModelTest, " + indexBits + " bits");
        arguments = new RandomArguments(random, model, indexBits);
        int nrSkipped = 0;
        for (int nrDone = 0; nrDone < NR_OPERATIONS; ) {
            try {
                isSkipped = false;
                doOne();
                if (isSkipped) {
                    nrSkipped++;
                    continue;
                }
                nrDone++;
                if (nrDone % OPERATIONS_PER_CHECK == 0) {
                    compareAll();
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(TestSeed.asOption() + " operations=" + nrDone + " after " + operation, e);
            }
        }
        compareAll();
        assertTrue(nrSkipped < NR_OPERATIONS / 2, "operations that found nothing to work on: " + nrSkipped);
    }

    private void doOne() {
        if (model.size() > MAX_ENTRIES) {
            shrink();
            return;
        }
        switch (random.nextInt(24)) {
            case 0, 1, 2 -> storeOne(arguments.anyIndex(), arguments.anyWord());
            case 3, 4, 5, 6 -> storeOrder();
            case 7 -> erase();
            case 8 -> compareAndExchange();
            case 9 -> insert();
            case 10 -> storeRange();
            case 11, 12 -> mark();
            case 13 -> find();
            case 14 -> findAfter();
            case 15, 16 -> split();
            case 17 -> trySplit();
            case 18 -> look(arguments.anyIndex());
            case 19 -> extract();
            case 20 -> step();
            case 21 -> findConflicts();
            case 22 -> createRange();
            default -> merge();
        }
    }

    // ---- operations

    private void shrink() {
        int order = Math.min(XArray.MAX_ORDER, indexBits - 1);
        long first = arguments.anyIndex() & -1L << order;
        operation = "shrink " + hex(first) + " " + order;
        if (random.nextInt(4) == 0) {
            array.destroy();
            model.clear();
        } else {
            storeOrder(first, order, 0);
            model.storeOrder(first, order, 0);
        }
        assertEquals(model.isEmpty(), isEmpty());
    }

    private void storeOne(long index, long word) {
        Range covering = model.at(index);
        operation = "store " + hex(index) + " " + XaEntry.toText(word) + " over " + covering;
        assertEquals(covering == null ? 0 : covering.word(), array.store(index, word));
        model.storeOrder(index, 0, word);
        look(index);
    }

    private void storeOrder() {
        int order = arguments.anyOrder();
        long first = arguments.anyIndex() & -1L << order;
        long last = RangeModel.lastOf(first, order);
        long word = random.nextInt(4) == 0 ? 0 : arguments.anyWord();
        operation = "storeOrder " + hex(first) + " " + order + " " + XaEntry.toText(word);
        long old = array.storeOrder(first, order, word);
        Range covering = model.at(first);
        // A run can fill all slots of a node; what is replaced then is that node.
        if (covering != null && covering.covers(last) && covering.shift() >= RangeModel.shiftOf(order)) {
            assertEquals(covering.word(), old);
        }
        model.storeOrder(first, order, word);
        look(first);
        look(last);
    }

    private void erase() {
        long index = arguments.anyIndex();
        operation = "erase " + hex(index) + " of " + model.at(index);
        assertEquals(model.load(index), array.erase(index));
        model.storeOrder(index, 0, 0);
        look(index);
    }

    private void compareAndExchange() {
        long index = arguments.anyIndex();
        long current = model.load(index);
        long expected = random.nextInt(3) == 0 ? arguments.anyWord() : current;
        long word = random.nextInt(3) == 0 ? 0 : arguments.anyWord();
        operation = "compareExchange " + hex(index) + " " + XaEntry.toText(expected) + " " + XaEntry.toText(word);
        assertEquals(current, array.compareExchange(index, expected, word));
        if (current == expected) {
            model.storeOrder(index, 0, word);
        }
        look(index);
    }

    private void insert() {
        long index = arguments.anyIndex();
        long word = arguments.anyWord();
        operation = "insert " + hex(index) + " " + XaEntry.toText(word);
        boolean free = model.at(index) == null;
        assertEquals(free ? Errno.OK : Errno.EBUSY, array.insert(index, word));
        if (free) {
            model.storeOrder(index, 0, word);
        }
        look(index);
    }

    private void storeRange() {
        long first = arguments.anyIndex();
        long length = random.nextLong() >>> random.nextInt(Long.SIZE);
        long last = Long.compareUnsigned(first + length, first) < 0 ? first : first + length;
        long word = random.nextInt(3) == 0 ? 0 : arguments.anyWord();
        operation = "storeRange " + hex(first) + " " + hex(last) + " " + XaEntry.toText(word);
        assertEquals(Errno.OK, array.storeRange(first, last, word));
        model.storeRange(first, last, word);
        look(first);
        look(last);
    }

    private void mark() {
        long index = arguments.anyIndex();
        int mark = random.nextInt(XArray.NR_MARKS);
        boolean set = random.nextInt(3) > 0;
        operation = (set ? "setMark " : "clearMark ") + hex(index) + " " + mark;
        if (set) {
            array.setMark(index, mark);
        } else {
            array.clearMark(index, mark);
        }
        model.mark(index, mark, set);
        look(index);
        assertEquals(model.isAnyMarked(mark), isMarked(mark));
    }

    private void find() {
        long start = arguments.anyIndex();
        long last = random.nextBoolean() ? MAX : arguments.anyIndex();
        int filter = random.nextBoolean() ? XArray.PRESENT : random.nextInt(XArray.NR_MARKS);
        operation = "find " + hex(start) + " " + hex(last) + " " + filter;
        assertEquals(expectedFind(start, last, filter), find(start, last, filter));
    }

    private void findAfter() {
        long start = arguments.anyIndex();
        long last = random.nextBoolean() ? MAX : arguments.anyIndex();
        int filter = random.nextBoolean() ? XArray.PRESENT : random.nextInt(XArray.NR_MARKS);
        operation = "findAfter " + hex(start) + " " + hex(last) + " " + filter;
        Range next = firstWith(filter, model.after(start));
        Found expected = next == null || Long.compareUnsigned(next.first(), last) > 0
                ? null
                : new Found(next.first(), next.word());
        assertEquals(expected, findAfter(start, last, filter));
    }

    /** A range, or the first one after it, that passes a filter. */
    private @Nullable Range firstWith(int filter, @Nullable Range from) {
        Range range = from;
        while (range != null && filter != XArray.PRESENT && (range.marks() & 1 << filter) == 0) {
            range = model.after(range.first());
        }
        return range;
    }

    /** The entries from an index on, at once, and single indices in a batch. */
    private void extract() {
        long start = arguments.anyIndex();
        int filter = random.nextBoolean() ? XArray.PRESENT : random.nextInt(XArray.NR_MARKS);
        long[] entries = new long[random.nextInt(8)];
        operation = "extract " + hex(start) + " " + filter + " " + entries.length;
        List<Long> expected = new ArrayList<>();
        Range range = model.at(start) == null ? model.after(start) : model.at(start);
        while (range != null && expected.size() < entries.length) {
            if (filter == XArray.PRESENT || (range.marks() & 1 << filter) != 0) {
                expected.add(range.word());
            }
            range = model.after(range.first());
        }
        long[] indices = new long[entries.length];
        Arrays.setAll(indices, i -> arguments.anyIndex());
        long[] loaded = new long[entries.length];
        engine.reader.enter();
        int nrFound = array.extract(cursor(start), MAX, filter, entries, entries.length);
        XaBatch.load(array, engine.reader, indices, loaded, indices.length);
        engine.reader.exit();
        assertEquals(expected, Arrays.stream(entries).limit(nrFound).boxed().toList());
        assertArrayEquals(Arrays.stream(indices).map(model::load).toArray(), loaded);
    }

    /**
     * Steps to neighbouring indices, looks at what is there or changes it, and advances; siblings stand for the entry.
     */
    private void step() {
        long index = arguments.anyIndex();
        array.lock();
        XaCursor cursor = cursor(index);
        cursor.load();
        for (int i = 0; i < 20; i++) {
            boolean forwards = random.nextBoolean();
            operation = (forwards ? "next" : "prev") + " from " + hex(index);
            index += forwards ? 1 : -1;
            long word = forwards ? cursor.next() : cursor.prev();
            assertEquals(index, cursor.index());
            assertEquals(model.load(index), XaEntry.isSibling(word) ? cursor.reload() : word);
            lookOrChange(cursor, index);
        }
        advance(cursor, arguments.anyIndex());
        array.unlock();
    }

    private void lookOrChange(XaCursor cursor, long index) {
        Range range = model.at(index);
        int mark = random.nextInt(XArray.NR_MARKS);
        switch (random.nextInt(12)) {
            case 0 -> {
                operation += ", store";
                long word = random.nextInt(4) == 0 ? 0 : arguments.anyWord();
                assertEquals(model.load(index), cursor.store(word));
                model.storeOrder(index, 0, word);
            }
            case 1, 2 -> {
                boolean set = random.nextBoolean();
                operation += set ? ", setMark" : ", clearMark";
                if (set) {
                    cursor.setMark(mark);
                } else {
                    cursor.clearMark(mark);
                }
                model.mark(index, mark, set);
            }
            case 3 -> assertEquals(model.load(index), cursor.load());
            default -> {
                if (range != null) {
                    RangeComparison.assertOrder(range, cursor.getOrder());
                    assertEquals((range.marks() & 1 << mark) != 0, cursor.getMark(mark));
                }
            }
        }
    }

    private void advance(XaCursor cursor, long index) {
        operation = "advance to " + hex(index) + " from " + hex(cursor.index());
        cursor.set(cursor.index());
        cursor.load();
        if (cursor.isValid()) {
            cursor.advance(index);
            Range next = model.after(index);
            assertEquals(next == null ? 0 : next.word(), cursor.find(MAX));
        }
    }

    /** Every entry that overlaps a block, once; whether it lies inside or covers it. */
    private void findConflicts() {
        int order = arguments.anyOrder();
        long first = arguments.anyIndex() & -1L << order;
        long last = RangeModel.lastOf(first, order);
        operation = "findConflict " + hex(first) + " " + order;
        List<Long> expected = new ArrayList<>();
        Range range = model.at(first) == null ? model.after(first) : model.at(first);
        while (range != null && Long.compareUnsigned(range.first(), last) <= 0) {
            expected.add(range.word());
            range = model.after(range.first());
        }
        List<Long> met = new ArrayList<>();
        array.lock();
        XaCursor cursor = cursor(first, order);
        for (long word = cursor.findConflict(); word != 0; word = cursor.findConflict()) {
            met.add(word);
        }
        array.unlock();
        assertEquals(expected, met);
        assertEquals(first, cursor.index());
    }

    /** Makes the slots of a small block and fills those that were empty, without memory. */
    private void createRange() {
        int order = random.nextInt(Math.min(9, indexBits));
        long first = arguments.anyIndex() & -1L << order;
        operation = "createRange " + hex(first) + " " + order;
        array.lock();
        XaCursor cursor = cursor(first, order);
        cursor.createRange();
        array.unlock();
        assertEquals(Errno.OK, cursor.error());
        engine.failures.failAfter(0);
        for (long index = first; index != first + (1L << order); index++) {
            if (model.at(index) == null) {
                storeOne(index, arguments.anyWord());
            }
        }
        engine.failures.stop();
    }

    private @Nullable Found expectedFind(long start, long last, int filter) {
        if (Long.compareUnsigned(start, last) > 0) {
            return null;
        }
        Range range = model.at(start);
        if (range == null) {
            range = model.after(start);
        }
        range = firstWith(filter, range);
        if (range == null || Long.compareUnsigned(range.first(), last) > 0) {
            return null;
        }
        return new Found(
                range.covers(start) && (filter == XArray.PRESENT || range.isInFirstSlot(start)) ? start : range.first(),
                range.word());
    }

    private void split() {
        Range range = model.at(arguments.anyIndex());
        if (range == null || !range.isNaturalBlock()) {
            isSkipped = true;
            return;
        }
        SplitPlan plan = RandomPlan.any(random, range.order());
        long word = arguments.anyWord();
        long stride = range.order() > MAX_STRIDED_ORDER || random.nextBoolean() ? 0 : 4L * random.nextInt(3);
        long index = range.first() + (range.order() == 0 ? 0 : random.nextLong() & ((1L << range.order()) - 1));
        operation = "split " + hex(index) + " of " + range + " into " + plan;

        long last = (1L << range.order()) - (1L << plan.runOrder(plan.nrRuns() - 1));
        if (Long.compareUnsigned(word + last * stride, word) < 0) {
            assertThrows(IllegalArgumentException.class, () -> split(index, plan, range.word(), word, stride));
            return;
        }
        assertEquals(Errno.EINVAL, split(index, plan, range.word() ^ 8, word, stride));
        if (range.order() > 0) {
            SplitPlan stale = SplitPlan.uniform(range.order() - 1, range.order() - 1);
            assertEquals(Errno.EINVAL, split(index, stale, range.word(), word, 0));
        }
        assertEquals(Errno.OK, split(index, plan, range.word(), word, stride));
        model.split(range.first(), RandomPlan.orders(plan), word, stride);
        look(index);
        look(range.first());
        look(range.last());
    }

    private void trySplit() {
        Range range = model.at(arguments.anyIndex());
        if (range == null || range.order() == 0 || !range.isNaturalBlock()) {
            isSkipped = true;
            return;
        }
        int order = range.order();
        int newOrder = random.nextBoolean() ? XaCursor.trySplitMinimumOrder(order) : random.nextInt(order);
        long word = arguments.anyWord();
        operation = "trySplit " + hex(range.first()) + " " + order + " " + newOrder;
        boolean possible = newOrder / 6 == order / 6 || (order % 6 == 0 && newOrder == order - 1);
        assertEquals(possible ? Errno.OK : Errno.EINVAL, trySplit(range.first(), newOrder, word));
        if (possible) {
            model.split(range.first(), RandomPlan.orders(SplitPlan.uniform(order, newOrder)), word, 0);
        }
        look(range.first());
        look(range.last());
    }

    /** Stores a larger entry over what is there, which must not need memory beyond the path. */
    private void merge() {
        Range range = model.at(arguments.anyIndex());
        if (range == null) {
            isSkipped = true;
            return;
        }
        int order = Math.min(XArray.MAX_ORDER, range.order() + random.nextInt(8));
        long first = range.first() & -1L << order;
        long last = RangeModel.lastOf(first, order);
        operation = "merge " + hex(first) + " " + order;
        storeOrder(first, order, range.word());
        model.storeOrder(first, order, range.word());
        look(first);
        look(last);
    }

    // ---- comparison

    private void look(long index) {
        Range range = model.at(index);
        assertEquals(model.load(index), load(index));
        RangeComparison.assertOrder(range, getOrder(index));
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            assertEquals(range != null && (range.marks() & 1 << mark) != 0, getMark(index, mark));
        }
    }

    private void compareAll() {
        operation = "compareAll after " + operation;
        RangeComparison.assertSame(model, array);
        assertEquals(model.isEmpty(), isEmpty());
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            assertEquals(model.isAnyMarked(mark), isMarked(mark));
        }
        if (model.isEmpty()) {
            assertNull(find(0, MAX, XArray.PRESENT));
            assertEquals(0, engine.nodes.nrInUse());
        }
    }

    private static String hex(long index) {
        return "0x" + Long.toHexString(index);
    }
}
