/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a plain array of entries must hold, kept the obvious way: a sorted map from first index to range.
 *
 * <p>It knows the rules of multi-index entries (a store inside a wider range changes that range's word and keeps its
 * extent; a wider store swallows what it covers and unites the marks; one that begins inside a run begins at its first
 * index, and one that ends inside a run takes the rest of that along) and nothing of nodes.
 */
final class RangeModel {
    /**
     * One entry.
     *
     * @param first first index
     * @param last last index, inclusive; unsigned
     * @param shift log2 of the indices below one of its slots
     * @param word slot word
     * @param marks one bit per mark
     * @param isPieced whether a part of it is what a store left of another run
     */
    record Range(long first, long last, int shift, long word, int marks, boolean isPieced) {
        Range withWord(long newWord) {
            return new Range(first, last, shift, newWord, marks, isPieced);
        }

        Range withMarks(int newMarks) {
            return new Range(first, last, shift, word, newMarks, isPieced);
        }

        boolean covers(long index) {
            return Long.compareUnsigned(first, index) <= 0 && Long.compareUnsigned(index, last) <= 0;
        }

        /** Log2 of the extent; of a run that is no power of two, rounded up. */
        int order() {
            long nrSlots = ((last - first) >>> shift) + 1;
            return shift + Long.SIZE - Long.numberOfLeadingZeros(nrSlots - 1);
        }

        boolean isNaturalBlock() {
            return !isPieced && last - first == (1L << order()) - 1 && (first & last - first) == 0;
        }

        boolean isInFirstSlot(long index) {
            return (index - first) >>> shift == 0;
        }
    }

    private static final int SLOT_BITS = 6;
    private static final int NR_SLOTS = 1 << SLOT_BITS;

    private final NavigableMap<Long, Range> ranges = new TreeMap<>(Long::compareUnsigned);

    int size() {
        return ranges.size();
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    void clear() {
        ranges.clear();
    }

    List<Range> inOrder() {
        return new ArrayList<>(ranges.values());
    }

    /** The range that covers an index, or null. */
    @Nullable
    Range at(long index) {
        Map.Entry<Long, Range> floor = ranges.floorEntry(index);
        return floor != null && floor.getValue().covers(index) ? floor.getValue() : null;
    }

    /** The first range that begins after an index, or null. */
    @Nullable
    Range after(long index) {
        Map.Entry<Long, Range> higher = ranges.higherEntry(index);
        return higher == null ? null : higher.getValue();
    }

    long load(long index) {
        Range range = at(index);
        return range == null ? 0 : range.word();
    }

    boolean isAnyMarked(int mark) {
        return ranges.values().stream().anyMatch(range -> (range.marks() & 1 << mark) != 0);
    }

    /** Stores a naturally aligned block; word 0 erases. Returns the old word at its first index. */
    long storeOrder(long first, int order, long word) {
        return put(first, lastOf(first, order), shiftOf(order), word);
    }

    /** Stores a range of any extent as the greedy sequence of blocks that a range store makes. */
    void storeRange(long first, long last, long word) {
        long from = first;
        while (true) {
            int shift = blockShift(from, last);
            long nrMoreSlots = (last - from - ((1L << shift) - 1)) >>> shift;
            long nrMoreInNode = NR_SLOTS - 1 - ((from >>> shift) & (NR_SLOTS - 1));
            long nrSlots = 1 + (Long.compareUnsigned(nrMoreSlots, nrMoreInNode) < 0 ? nrMoreSlots : nrMoreInNode);
            long blockLast = from + (nrSlots << shift) - 1;
            put(from, blockLast, shift, word);
            if (blockLast == last) {
                return;
            }
            from = blockLast + 1;
        }
    }

    private static int blockShift(long from, long last) {
        int shift = 0;
        while (shift + SLOT_BITS < Long.SIZE) {
            long mask = (1L << (shift + SLOT_BITS)) - 1;
            if ((from & mask) != 0 || Long.compareUnsigned(last - from, mask) < 0) {
                break;
            }
            shift += SLOT_BITS;
        }
        return shift;
    }

    static int shiftOf(int order) {
        return order - order % SLOT_BITS;
    }

    private long put(long first, long last, int shift, long word) {
        long old = load(first);
        Range covering = at(first);
        if (covering != null && covering.covers(last) && !(covering.first() == first && covering.last() == last)) {
            replace(covering, word);
            return old;
        }
        long from = covering == null ? first : covering.first();
        long to = from + (last - first);
        Range cut = at(to);
        boolean isCut = false;
        if (cut != null && cut.last() != to) {
            isCut = true;
            to = cut.last();
        }
        int marks = removeWithin(from, to);
        if (word != 0) {
            ranges.put(from, new Range(from, to, shift, word, marks, isCut));
        }
        return old;
    }

    private void replace(Range range, long word) {
        if (word == 0) {
            ranges.remove(range.first());
        } else {
            ranges.put(range.first(), range.withWord(word));
        }
    }

    private int removeWithin(long first, long last) {
        int marks = 0;
        NavigableMap<Long, Range> covered = ranges.subMap(first, true, last, true);
        for (Range range : covered.values()) {
            marks |= range.marks();
        }
        covered.clear();
        return marks;
    }

    /** Sets or clears a mark of the range at an index; nothing happens where nothing is. */
    void mark(long index, int mark, boolean set) {
        Range range = at(index);
        if (range != null) {
            int bit = 1 << mark;
            ranges.put(range.first(), range.withMarks(set ? range.marks() | bit : range.marks() & ~bit));
        }
    }

    /**
     * Cuts the range at an index into pieces of these orders, in address order; piece at offset i gets word + i *
     * stride.
     */
    void split(long index, int[] pieceOrders, long word, long stride) {
        Range range = at(index);
        if (range == null) {
            throw new IllegalArgumentException("nothing to split: index=" + Long.toUnsignedString(index));
        }
        long first = range.first();
        for (int order : pieceOrders) {
            long pieceWord = word + (first - range.first()) * stride;
            ranges.put(first, new Range(first, lastOf(first, order), shiftOf(order), pieceWord, range.marks(), false));
            first += 1L << order;
        }
    }

    static long lastOf(long first, int order) {
        return first + ((1L << order) - 1);
    }
}
