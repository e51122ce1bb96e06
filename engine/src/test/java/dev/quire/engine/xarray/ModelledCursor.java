/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.RangeModel.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/**
 * A cursor beside {@link RangeModel}: each operation is done on both, with made-up arguments, and what it returns and
 * where it leaves the cursor must agree. The array's lock is held.
 *
 * <p>The model has no nodes, so where the cursor is of a range wider than what stands there, and stops above a node, it
 * is reset.
 */
final class ModelledCursor {
    /** What a cursor can do. */
    enum Operation {
        STORE(true),
        ERASE(true),
        SET_MARK(true),
        CLEAR_MARK(true),
        CREATE_RANGE(true),
        TRY_SPLIT(true),
        SPLIT(true),
        FIND(false),
        FIND_MARKED(false),
        FIND_CONFLICT(false),
        NEXT(false),
        PREV(false),
        LOAD(false),
        RELOAD(false),
        GET_ORDER(false),
        GET_MARK(false),
        PAUSE(false),
        ADVANCE(false);

        private final boolean isChange;

        Operation(boolean isChange) {
            this.isChange = isChange;
        }

        /** Whether positions of other cursors are stale afterwards. */
        boolean isChange() {
            return isChange;
        }
    }

    private static final int MAX_CREATED_ORDER = 8;

    private final XaCursor cursor;
    private final RangeModel model;
    private final SplittableRandom random;
    private final RandomArguments arguments;
    private final AllocationFailures failures;

    private int order;

    /** Whether another cursor has changed the array since this one was used. */
    private boolean isStale;

    /** Where the search for conflicts that is under way has come to. */
    private @Nullable Range conflict;

    private List<Range> conflictsToCome = new ArrayList<>();

    ModelledCursor(
            XArray array,
            RangeModel model,
            SplittableRandom random,
            RandomArguments arguments,
            AllocationFailures failures) {
        cursor = new XaCursor(array);
        this.model = model;
        this.random = random;
        this.arguments = arguments;
        this.failures = failures;
    }

    // ---- position

    void reset() {
        cursor.reset();
        conflict = null;
    }

    void setOrder(long index, int newOrder) {
        cursor.setOrder(index, newOrder);
        order = newOrder;
        conflict = null;
    }

    /** Another cursor has changed the array. */
    void overtake() {
        isStale = true;
    }

    @Override
    public String toString() {
        String position = cursor.isRestart() ? "restart" : cursor.isBounds() ? "bounds" : "valid";
        return "0x" + Long.toHexString(cursor.index()) + "/" + order + " " + position + (isStale ? " stale" : "");
    }

    private boolean isAtStalePosition() {
        return isStale && cursor.isValid();
    }

    /** The index from which what moves goes on: that of the conflict found, if one was. */
    private long leaveConflict() {
        long index = cursor.index();
        if (conflict != null && Long.compareUnsigned(conflict.first(), index) > 0) {
            index = conflict.first();
        }
        conflict = null;
        return index;
    }

    private void becomeSingle() {
        if (order > 0) {
            cursor.set(cursor.index());
            order = 0;
            conflict = null;
        }
    }

    private long first() {
        return cursor.index() & -1L << order;
    }

    // ---- operations

    void perform(Operation operation) {
        if (isAtStalePosition() && (!operation.isChange() || isMarkOfConflict(operation))) {
            assertRefused(operation);
            reset();
        } else {
            performCurrent(operation);
        }
        isStale = false;
    }

    private void performCurrent(Operation operation) {
        switch (operation) {
            case STORE -> store(arguments.anyWord());
            case ERASE -> store(XaEntry.EMPTY);
            case SET_MARK -> mark(true);
            case CLEAR_MARK -> mark(false);
            case CREATE_RANGE -> createRange();
            case TRY_SPLIT -> trySplit();
            case SPLIT -> split();
            case FIND -> find();
            case FIND_MARKED -> findMarked();
            case FIND_CONFLICT -> findConflict();
            case NEXT -> step(1);
            case PREV -> step(-1);
            case LOAD -> load();
            case RELOAD -> reload();
            case GET_ORDER -> getOrder();
            case GET_MARK -> getMark();
            case PAUSE -> pause();
            case ADVANCE -> advance();
        }
    }

    private boolean isMarkOfConflict(Operation operation) {
        return conflict != null && (operation == Operation.SET_MARK || operation == Operation.CLEAR_MARK);
    }

    private void assertRefused(Operation operation) {
        long index = cursor.index();
        int mark = anyMark();
        Executable use = switch (operation) {
            case SET_MARK -> () -> cursor.setMark(mark);
            case CLEAR_MARK -> () -> cursor.clearMark(mark);
            case FIND -> () -> cursor.find(arguments.anyIndex());
            case FIND_MARKED -> () -> cursor.findMarked(arguments.anyIndex(), mark);
            case FIND_CONFLICT -> cursor::findConflict;
            case NEXT -> cursor::next;
            case PREV -> cursor::prev;
            case LOAD -> cursor::load;
            case RELOAD -> cursor::reload;
            case GET_ORDER -> cursor::getOrder;
            case GET_MARK -> () -> cursor.getMark(mark);
            case PAUSE -> cursor::pause;
            case ADVANCE -> () -> cursor.advance(arguments.anyIndex());
            case STORE, ERASE, CREATE_RANGE, TRY_SPLIT, SPLIT ->
                throw new IllegalArgumentException("never refused: operation=" + operation);
        };
        String refusal = operation.isChange()
                ? "the conflict found may be gone, as another cursor has changed the array since: range's index=0x"
                : "another cursor has changed the array since this one was positioned: index=0x";
        assertEquals(
                refusal + Long.toHexString(index),
                assertThrows(IllegalStateException.class, use).getMessage());
        assertEquals(index, cursor.index());
    }

    // ---- changes

    private void store(long word) {
        long first = first();
        long last = RangeModel.lastOf(first, order);
        Range covering = model.at(first);
        Range next = model.after(first);
        long old = cursor.store(word);
        assertEquals(Errno.OK, cursor.error());
        assertEquals(first, cursor.index());
        if (covering == null) {
            if (next == null || Long.compareUnsigned(next.first(), last) > 0) {
                assertEquals(0, old);
            }
        } else if (covering.covers(last) && covering.shift() >= RangeModel.shiftOf(order)) {
            assertEquals(covering.word(), old);
        }
        model.storeOrder(first, order, word);
        conflict = null;
    }

    private void mark(boolean set) {
        int mark = anyMark();
        boolean wasValid = cursor.isValid();
        if (set) {
            cursor.setMark(mark);
        } else {
            cursor.clearMark(mark);
        }
        if (conflict != null) {
            model.mark(conflict.first(), mark, set);
        } else if (wasValid && cursor.isValid() && !resetAboveNode(cursor.reload())) {
            model.mark(cursor.index(), mark, set);
        }
    }

    /** What is missing in the range can then be stored without memory. */
    private void createRange() {
        if (order > MAX_CREATED_ORDER) {
            setOrder(cursor.index(), random.nextInt(MAX_CREATED_ORDER + 1));
        }
        long first = first();
        long last = RangeModel.lastOf(first, order);
        cursor.createRange();
        order = 0;
        conflict = null;
        assertEquals(Errno.OK, cursor.error());
        assertEquals(first, cursor.index());
        cursor.destroy();
        failures.failAfter(0);
        for (long index = first; index != last + 1; index++) {
            if (model.at(index) == null) {
                cursor.set(index);
                store(arguments.anyWord());
            }
        }
        failures.stop();
    }

    private void trySplit() {
        long index = cursor.index();
        Range range = model.at(index);
        int oldOrder = range == null ? 0 : range.order();
        int newOrder = random.nextBoolean() ? XaCursor.trySplitMinimumOrder(oldOrder) : random.nextInt(oldOrder + 1);
        boolean isPossible = newOrder / 6 == oldOrder / 6 || (oldOrder % 6 == 0 && newOrder == oldOrder - 1);
        long word = arguments.anyWord();
        assertEquals(isPossible ? Errno.OK : Errno.EINVAL, cursor.trySplit(newOrder, word, 0));
        order = 0;
        conflict = null;
        assertEquals(index, cursor.index());
        assertEquals(isPossible ? Errno.OK : Errno.EINVAL, cursor.error());
        if (!isPossible) {
            reset();
        } else if (range != null && newOrder < oldOrder) {
            model.split(range.first(), RandomPlan.orders(SplitPlan.uniform(oldOrder, newOrder)), word, 0);
            assertEquals(newOrder, cursor.getOrder());
            assertWord(cursor.reload());
        }
    }

    private void split() {
        long index = cursor.index();
        Range range = model.at(index);
        long word = arguments.anyWord();
        order = 0;
        conflict = null;
        if (range == null || random.nextInt(4) == 0) {
            refuseSplit(SplitPlan.uniform(1, 0), range == null ? word : range.word() ^ 8);
            return;
        }
        SplitPlan plan = RandomPlan.any(random, range.order());
        assertEquals(Errno.OK, cursor.split(plan, range.word(), word, 0));
        assertTrue(cursor.isRestart());
        assertEquals(index, cursor.index());
        model.split(range.first(), RandomPlan.orders(plan), word, 0);
    }

    private void refuseSplit(SplitPlan plan, long otherWord) {
        assertEquals(Errno.EINVAL, cursor.split(plan, otherWord, otherWord, 0));
        assertEquals(Errno.EINVAL, cursor.error());
        cursor.set(cursor.index());
    }

    // ---- searches

    private void find() {
        long index = leaveConflict();
        long max = anyMax();
        boolean wasValid = cursor.isValid();
        boolean wasBounds = cursor.isBounds();
        Range next = null;
        if (!wasBounds && Long.compareUnsigned(index, max) <= 0) {
            next = wasValid ? after(index) : atOrAfter(index);
        }
        long word = cursor.find(max);
        if (next != null && (next.covers(index) || Long.compareUnsigned(next.first(), max) <= 0)) {
            assertEquals(next.word(), word);
            assertEquals(next.covers(index) ? index : next.first(), cursor.index());
        } else {
            assertNothingFoundBefore(next, word);
        }
    }

    private void findMarked() {
        long index = leaveConflict();
        long max = anyMax();
        int mark = anyMark();
        boolean wasValid = cursor.isValid();
        Range next = null;
        if (Long.compareUnsigned(index, max) <= 0) {
            next = wasValid ? after(index) : atOrAfter(index);
        }
        while (next != null && (next.marks() & 1 << mark) == 0) {
            next = model.after(next.first());
        }
        long word = cursor.findMarked(max, mark);
        if (next != null && Long.compareUnsigned(next.first(), max) <= 0) {
            assertEquals(next.word(), word);
            boolean stays = next.covers(index) && next.isInFirstSlot(index);
            assertEquals(stays ? index : next.first(), cursor.index());
        } else {
            assertNothingFoundBefore(next, word);
        }
    }

    /** Who searches on from there, with a larger maximum, misses nothing. */
    private void assertNothingFoundBefore(@Nullable Range next, long word) {
        assertEquals(0, word);
        assertTrue(!cursor.isValid() || model.isEmpty(), "nothing stands anywhere but in the head");
        if (next != null) {
            assertTrue(cursor.isRestart());
            assertTrue(Long.compareUnsigned(cursor.index(), next.first()) <= 0, () -> "passed over " + next);
        }
    }

    private void findConflict() {
        if (conflict == null) {
            cursor.reset();
            conflictsToCome = overlapping(first(), RangeModel.lastOf(first(), order));
        }
        long first = first();
        long word = cursor.findConflict();
        assertEquals(first, cursor.index());
        if (conflictsToCome.isEmpty()) {
            assertEquals(0, word);
            assertTrue(cursor.isRestart());
            conflict = null;
        } else {
            conflict = conflictsToCome.removeFirst();
            assertEquals(conflict.word(), word);
        }
    }

    // ---- steps and looks

    /** A sibling stands for the entry. */
    private void step(int direction) {
        if (conflict == null) {
            becomeSingle();
        }
        long start = leaveConflict();
        long index = cursor.isRestart() ? start : start + direction;
        long word = direction > 0 ? cursor.next() : cursor.prev();
        assertEquals(index, cursor.index());
        assertEquals(model.load(index), XaEntry.isSibling(word) ? cursor.reload() : word);
    }

    private void load() {
        assertWord(cursor.load());
    }

    private void reload() {
        if (cursor.isValid()) {
            assertWord(cursor.reload());
        } else {
            assertThrows(IllegalStateException.class, cursor::reload);
        }
    }

    private void assertWord(long word) {
        if (conflict != null) {
            assertEquals(conflict.word(), word);
        } else if (!resetAboveNode(word)) {
            assertEquals(model.load(cursor.index()), word);
        }
    }

    private void getOrder() {
        if (!cursor.isValid()) {
            assertThrows(IllegalStateException.class, cursor::getOrder);
            return;
        }
        Range range = here();
        if (range != null) {
            RangeComparison.assertOrder(range, cursor.getOrder());
        }
    }

    private void getMark() {
        int mark = anyMark();
        Range range = cursor.isValid() ? here() : null;
        assertEquals(range != null && (range.marks() & 1 << mark) != 0, cursor.getMark(mark));
    }

    private void pause() {
        long index = leaveConflict();
        boolean wasValid = cursor.isValid();
        cursor.pause();
        if (!wasValid) {
            assertEquals(index, cursor.index());
        } else if (cursor.isBounds()) {
            assertNull(after(index));
        } else {
            assertTrue(cursor.isRestart());
            assertPausedBehind(index);
        }
    }

    private void assertPausedBehind(long index) {
        Range range = model.at(index);
        Range next = after(index);
        long paused = cursor.index();
        assertTrue(Long.compareUnsigned(paused, index) > 0, () -> "paused at 0x" + Long.toHexString(paused));
        if (range != null) {
            assertEquals(range.last() + 1, paused);
        } else if (next != null) {
            assertTrue(Long.compareUnsigned(paused, next.first()) <= 0, () -> "passed over " + next);
        }
    }

    private void advance() {
        leaveConflict();
        long index = arguments.anyIndex();
        cursor.advance(index);
        assertEquals(index, cursor.index());
    }

    // ---- what the model says

    /** What stands at a valid position, as far as the model knows it. */
    private @Nullable Range here() {
        if (conflict != null) {
            return model.at(conflict.first());
        }
        resetAboveNode(cursor.reload());
        return cursor.isValid() ? model.at(cursor.index()) : null;
    }

    /** Words of nodes are not the model's; whether it was one. */
    private boolean resetAboveNode(long word) {
        if (!XaEntry.isNode(word)) {
            return false;
        }
        assertTrue(order > 0, "a node at the place of a single index");
        reset();
        return true;
    }

    private @Nullable Range atOrAfter(long index) {
        Range range = model.at(index);
        return range == null ? model.after(index) : range;
    }

    /** The first range behind that at an index. */
    private @Nullable Range after(long index) {
        Range range = model.at(index);
        return model.after(range == null ? index : range.first());
    }

    private List<Range> overlapping(long first, long last) {
        List<Range> ranges = new ArrayList<>();
        Range range = atOrAfter(first);
        while (range != null && Long.compareUnsigned(range.first(), last) <= 0) {
            ranges.add(range);
            range = model.after(range.first());
        }
        return ranges;
    }

    private long anyMax() {
        return random.nextBoolean() ? XArray.MAX_INDEX : arguments.anyIndex();
    }

    private int anyMark() {
        return random.nextInt(XArray.NR_MARKS);
    }
}
