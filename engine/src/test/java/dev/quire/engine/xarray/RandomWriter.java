/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.RangeModel.Range;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Changes an array at random, in a range of indices and with every method, around entries that it never touches. Each
 * word says for which indices it was stored, so that a reader knows of any word whether it belongs where it was found.
 */
final class RandomWriter {
    /** In every word, so that none is made up of others' parts. */
    private static final long SIGN = 0x5aL << 48;

    private static final long FIXED = 0xffffL;
    private static final int FIXED_MARK = 1;
    private static final int INDEX_BITS = 16;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;
    private static final int LEAF_ORDER = 6;

    private final EngineFixture engine;
    private final XArray array;
    private final RangeModel model = new RangeModel();
    private final SplittableRandom random;
    private final int indexBits;

    RandomWriter(EngineFixture engine, XArray array, SplittableRandom random, int indexBits) {
        this.engine = engine;
        this.array = array;
        this.random = random;
        this.indexBits = indexBits;
    }

    /** Stores an entry that stays, with mark 1. */
    Range fix(long first, int order) {
        long word = word(first, RangeModel.lastOf(first, order), FIXED, true);
        assertEquals(0, array.storeOrder(first, order, word));
        array.setMark(first, FIXED_MARK);
        model.storeOrder(first, order, word);
        model.mark(first, FIXED_MARK, true);
        Range fixed = model.at(first);
        if (fixed == null) {
            throw new AssertionError("just stored: first=0x" + Long.toHexString(first));
        }
        return fixed;
    }

    // ---- words

    private static long word(long first, long last, long kind, boolean isValue) {
        long integer = SIGN | (kind << (2 * INDEX_BITS)) | (first << INDEX_BITS) | last;
        return isValue ? XaEntry.value(integer) : integer << 2;
    }

    private static long integerOf(long word) {
        return XaEntry.isValue(word) ? XaEntry.valueOf(word) : word >>> 2;
    }

    /** Whether a word was ever stored for an index. */
    static boolean isFor(long word, long index) {
        boolean isEntry = XaEntry.isValue(word) || XaEntry.isPointer(word);
        long integer = integerOf(word);
        return isEntry
                && integer >>> 48 == SIGN >>> 48
                && (integer >>> INDEX_BITS & INDEX_MASK) <= index
                && index <= (integer & INDEX_MASK);
    }

    static boolean isFixed(long word) {
        return (integerOf(word) >>> (2 * INDEX_BITS) & FIXED) == FIXED;
    }

    private long anyWord(long first, long last) {
        return word(first, last, random.nextLong(FIXED), random.nextBoolean());
    }

    // ---- changes

    void changeOnce() {
        switch (random.nextInt(18)) {
            case 0, 1 -> storeOne();
            case 2, 3, 4 -> storeOrder();
            case 5 -> storeRange();
            case 6, 7 -> eraseOne();
            case 8, 9 -> insertOrExchange();
            case 10 -> mark();
            case 11 -> reserveOrRelease();
            case 12 -> createRange();
            case 13 -> deleteNode();
            case 14 -> trySplit();
            case 15, 16 -> eraseAround();
            default -> split();
        }
    }

    private void storeOne() {
        long index = anyIndex();
        Range covering = model.at(index);
        if (covering == null) {
            store(index, 0, anyWord(index, index));
        } else if (!isFixed(covering.word())) {
            store(index, 0, anyWord(covering.first(), covering.last()));
        }
    }

    private void storeOrder() {
        int order = random.nextInt(indexBits);
        long first = anyIndex() & -1L << order;
        if (!touchesFixed(first, RangeModel.lastOf(first, order))) {
            store(first, order, wordFor(first, RangeModel.lastOf(first, order)));
        }
    }

    private void storeRange() {
        long first = anyIndex();
        long last = first + random.nextLong((1L << indexBits) - first);
        if (touchesFixed(first, last)) {
            return;
        }
        long word = random.nextInt(3) == 0 ? XaEntry.EMPTY : wordFor(first, last);
        while (array.storeRange(first, last, word) == Errno.ENOMEM) {
            engine.rcu.barrier();
        }
        model.storeRange(first, last, word);
    }

    private void eraseOne() {
        long index = anyIndex();
        if (!touchesFixed(index, index)) {
            assertEquals(model.load(index), array.erase(index));
            model.storeOrder(index, 0, XaEntry.EMPTY);
        }
    }

    /** All that may go: the tree becomes as low as it can, and grows again. */
    private void eraseAround() {
        long first = 0;
        for (Range range : model.inOrder()) {
            if (isFixed(range.word())) {
                eraseUpTo(range.first(), first);
                first = range.last() + 1;
            }
        }
        eraseUpTo(1L << indexBits, first);
    }

    private void eraseUpTo(long end, long first) {
        if (first < end) {
            assertEquals(Errno.OK, array.storeRange(first, end - 1, XaEntry.EMPTY));
            model.storeRange(first, end - 1, XaEntry.EMPTY);
        }
    }

    private void store(long first, int order, long word) {
        if (random.nextBoolean()) {
            patiently(first, order, cursor -> {
                cursor.store(word);
                return cursor.error();
            });
        } else {
            while (array.storeOrder(first, order, word) == XaEntry.error(Errno.ENOMEM)) {
                engine.rcu.barrier();
            }
        }
        model.storeOrder(first, order, word);
    }

    /** Where something or a reservation is, nothing happens. */
    private void insertOrExchange() {
        long index = anyIndex();
        long word = anyWord(index, index);
        if (model.at(index) == null) {
            boolean isStored = random.nextBoolean()
                    ? array.insert(index, word) == Errno.OK
                    : array.compareExchange(index, XaEntry.ZERO, word) == XaEntry.EMPTY && isThere(index, word);
            if (isStored) {
                model.storeOrder(index, 0, word);
            }
        }
    }

    private boolean isThere(long index, long word) {
        engine.reader.enter();
        boolean isThere = array.load(engine.reader, index) == word;
        engine.reader.exit();
        return isThere;
    }

    /** Marks 0 and 2; what never changes has neither. */
    private void mark() {
        long index = anyIndex();
        if (!touchesFixed(index, index)) {
            int mark = 2 * random.nextInt(2);
            if (random.nextInt(3) > 0) {
                array.setMark(index, mark);
            } else {
                array.clearMark(index, mark);
            }
        }
    }

    private void reserveOrRelease() {
        long index = anyIndex();
        if (random.nextBoolean()) {
            array.reserve(index);
        } else {
            array.release(index);
        }
    }

    /** One leaf, which does not stay empty. */
    private void createRange() {
        long first = anyIndex() & -1L << LEAF_ORDER;
        patiently(first, LEAF_ORDER, cursor -> {
            cursor.createRange();
            return cursor.error();
        });
        if (model.at(first) == null) {
            store(first, 0, anyWord(first, first));
        }
    }

    private void deleteNode() {
        long index = anyIndex();
        patiently(index, 0, cursor -> {
            cursor.load();
            long node = cursor.nodeAddress();
            if (node != 0) {
                long first = XaPath.firstIndexOf(node);
                int order = XaNodeStruct.shift(node) + XaWalk.LEVEL_BITS;
                if (!touchesFixed(first, RangeModel.lastOf(first, order))) {
                    cursor.deleteNode(node);
                    model.storeOrder(first, order, XaEntry.EMPTY);
                }
            }
            return Errno.OK;
        });
    }

    /** Pieces keep the word. */
    private void split() {
        Range range = anyBlock();
        if (range != null) {
            SplitPlan plan = RandomPlan.any(random, range.order());
            patiently(range.first(), 0, cursor -> cursor.split(plan, range.word(), range.word(), 0));
            model.split(range.first(), RandomPlan.orders(plan), range.word(), 0);
        }
    }

    private void trySplit() {
        Range range = anyBlock();
        if (range != null) {
            int order = XaCursor.trySplitMinimumOrder(range.order());
            patiently(range.first(), 0, cursor -> cursor.trySplit(order, range.word(), 0));
            model.split(range.first(), RandomPlan.orders(SplitPlan.uniform(range.order(), order)), range.word(), 0);
        }
    }

    private @Nullable Range anyBlock() {
        Range range = model.at(anyIndex());
        return range == null || isFixed(range.word()) || !range.isNaturalBlock() ? null : range;
    }

    /** Until there is memory: readers keep nodes back for a while. */
    private void patiently(long index, int order, ToLongFunction<XaCursor> use) {
        XaCursor cursor = new XaCursor(array);
        long result;
        do {
            array.lock();
            try {
                cursor.setOrder(index, order);
                result = use.applyAsLong(cursor);
            } finally {
                array.unlock();
            }
            cursor.destroy();
            if (result == Errno.ENOMEM) {
                engine.rcu.barrier();
            }
        } while (result == Errno.ENOMEM);
        assertEquals(Errno.OK, result);
    }

    // ---- what the model says

    private long anyIndex() {
        long index = random.nextLong() >>> (Long.SIZE - indexBits);
        return random.nextInt(3) == 0 ? index >>> random.nextInt(indexBits) : index;
    }

    private boolean touchesFixed(long first, long last) {
        for (Range range = firstFrom(first);
                range != null && range.first() <= last;
                range = model.after(range.first())) {
            if (isFixed(range.word())) {
                return true;
            }
        }
        return false;
    }

    /** A word that is right for every index which a store over a range changes; 0, to erase them, if there is none. */
    private long wordFor(long first, long last) {
        Range covering = model.at(first);
        if (covering != null && covering.covers(last)) {
            return anyWord(covering.first(), covering.last());
        }
        Range atEnd = model.at(last);
        boolean isAlone = (covering == null || covering.first() == first) && (atEnd == null || atEnd.last() == last);
        return isAlone ? anyWord(first, last) : XaEntry.EMPTY;
    }

    private @Nullable Range firstFrom(long index) {
        Range range = model.at(index);
        return range == null ? model.after(index) : range;
    }

    /** When nobody changes anything any more. */
    void assertSame() {
        engine.reader.enter();
        for (long index = 0; index < 1L << indexBits; index++) {
            assertEquals(model.load(index), array.load(engine.reader, index));
        }
        engine.reader.exit();
    }
}
