/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.xarray.RangeModel.Range;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares all of an array with {@link RangeModel}. */
final class RangeComparison {
    private RangeComparison() {}

    /** The tree is sound, and holds the ranges of the model with their words, orders and marks. */
    static void assertSame(RangeModel model, XArray array) {
        XaChecker.check(array);
        array.lock();
        try {
            assertEquals(model.inOrder(), contents(model, array));
        } finally {
            array.unlock();
        }
    }

    /** The array's entries as ranges; where one ends is taken from the model, beside which its order is. */
    private static List<Range> contents(RangeModel model, XArray array) {
        List<Range> ranges = new ArrayList<>();
        XaCursor cursor = new XaCursor(array);
        cursor.set(0);
        for (long word = cursor.find(XArray.MAX_INDEX); word != 0; word = cursor.find(XArray.MAX_INDEX)) {
            int marks = 0;
            for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                marks |= cursor.getMark(mark) ? 1 << mark : 0;
            }
            Range expected = model.at(cursor.index());
            if (expected == null) {
                throw new AssertionError(
                        "not in the model: 0x" + Long.toHexString(cursor.index()) + "=" + XaEntry.toText(word));
            }
            assertOrder(expected, cursor.getOrder());
            ranges.add(new Range(cursor.index(), expected.last(), expected.shift(), word, marks, expected.isPieced()));
        }
        return ranges;
    }

    /**
     * Of a run that is no power of two the order is what probing at powers of two finds, possibly siblings of the next.
     */
    static void assertOrder(@Nullable Range range, int order) {
        if (range == null) {
            assertEquals(0, order);
        } else if (range.isNaturalBlock()) {
            assertEquals(range.order(), order);
        } else {
            assertTrue(order >= range.order());
        }
    }
}
