/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts entries into pieces (xas_split and xas_try_split). One per cursor, which holds the state of the split that runs.
 *
 * <p>The pieces below the entry's own level are built first, as complete subtrees that nobody can reach: slots, marks,
 * counts, parents. Then the entry's slots are published with one release store each, from the highest to the lowest, so
 * that the canonical slot, which the siblings not yet replaced still point at, is the last to change. A reader
 * therefore finds for each index the old word or its own piece's; one that followed a sibling to the canonical slot as
 * that became a node gets RETRY.
 */
final class XaSplit {
    /** Pieces of one slot from which on the vector loop pays off. */
    private static final int MIN_VECTOR_PIECES = 8;

    /** Bit k set if a piece of order k takes one slot: without others no sibling is stored. */
    private static final long SINGLE_SLOT_ORDERS = 0x1041_0410_4104_1041L;

    private final XaCursor cursor;

    /** The new words of the slots that the entry takes, before any of them is published. */
    private final long[] slotWords = new long[XaWalk.NR_SLOTS];

    /** What each of a node's slots adds to the first word, while all of a node's pieces take one slot. */
    private final long[] addends = new long[XaWalk.NR_SLOTS];

    /**
     * The words of some slots on their way there: loops over an array become vector loops, loops over memory do not.
     */
    private final long[] words = new long[XaWalk.NR_SLOTS];

    private long addendStep;

    /** The runs of pieces that are still to be made: those of a plan, or one run without a plan. */
    private @Nullable SplitPlan plan;

    private int run;
    private long nrLeftInRun;
    private int pieceOrder;
    private long pieceWord;
    private long entryStride;
    private int marks;
    private boolean isValue;

    /** Of all siblings that the split stores: none takes a slot of another. */
    private long siblingStamp;

    XaSplit(XaCursor cursor) {
        this.cursor = cursor;
    }

    // ---- split

    int split(SplitPlan plan, long expectedEntry, long firstEntry, long entryStride) {
        if (cursor.isInError()) {
            return cursor.error();
        }
        long entry = walkToEntry();
        boolean isAsExpected = entry == expectedEntry && isGroupOf(plan.order());
        if (!isAsExpected || !(XaEntry.isValue(entry) || XaEntry.isPointer(entry))) {
            return cursor.failWithoutSpares(Errno.EINVAL);
        }
        return apply(plan, entry, firstEntry, entryStride);
    }

    int trySplit(int newOrder, long firstEntry, long entryStride) {
        if (cursor.isInError()) {
            return cursor.error();
        }
        long entry = goToEntry();
        if (!cursor.isValid() || cursor.node == XaCursor.AT_HEAD || entry == XaEntry.EMPTY) {
            return Errno.OK;
        }
        int order = orderOfGroup();
        if (newOrder == order) {
            return Errno.OK;
        }
        boolean staysInLevel = newOrder >= cursor.nodeShift && newOrder < order;
        boolean halvesOneSlot = order == cursor.nodeShift && newOrder == order - 1;
        if (XaEntry.isInternal(entry) || !(staysInLevel || halvesOneSlot)) {
            return cursor.failWithoutSpares(Errno.EINVAL);
        }
        XaArguments.requireLastPiece((1L << order) - (1L << newOrder), firstEntry, entryStride);
        if (halvesOneSlot && !XaPath.reserve(cursor, 1)) {
            return cursor.failWithoutSpares(Errno.ENOMEM);
        }
        begin(null, 1L << newOrder, firstEntry, entryStride);
        beginRun(newOrder, 1L << (order - newOrder));
        if (halvesOneSlot) {
            cutSlots(1, XaEntry.isValue(entry));
            XaWalk.enter(cursor, slotWords[0]);
        } else {
            cutWithinLevel(1 << (order - cursor.nodeShift), XaEntry.isValue(entry));
        }
        // At the piece that covers the index: the next step begins there, not at the head.
        cursor.offset = XaWalk.slotOf(cursor.index, cursor.nodeShift) & -(1 << (newOrder - cursor.nodeShift));
        return Errno.OK;
    }

    private long walkToEntry() {
        cursor.set(cursor.index);
        return XaWalk.loadLocked(cursor);
    }

    /** From the node that the cursor is in, as it may be after the step before; without one from the head. */
    private long goToEntry() {
        if (!cursor.isValid() || cursor.node == XaCursor.AT_HEAD || cursor.isAtConflict()) {
            return walkToEntry();
        }
        cursor.setWidth(0);
        return XaWalk.loadLockedBelow(cursor, XaEntry.node(cursor.node, cursor.nodeShift));
    }

    /** Whether the entry at the cursor is naturally aligned and of exactly this order. */
    private boolean isGroupOf(int order) {
        if (!cursor.isValid() || cursor.node == XaCursor.AT_HEAD) {
            return cursor.isValid() && order == 0;
        }
        int widthOrder = order - cursor.nodeShift;
        if (widthOrder < 0 || widthOrder >= XaWalk.LEVEL_BITS) {
            return false;
        }
        // Siblings of a slot follow it without a gap: if the last is one, so are those before it.
        int lastOfGroup = (1 << widthOrder) - 1;
        return (cursor.offset & lastOfGroup) == 0
                && (lastOfGroup == 0 || isSiblingOfCursor(lastOfGroup))
                && !isSibling(cursor.offset + lastOfGroup + 1);
    }

    /** Exact order of the entry at the cursor; -1 if it is no naturally aligned power of two of slots. */
    private int orderOfGroup() {
        if (!cursor.isValid()) {
            return -1;
        }
        if (cursor.node == XaCursor.AT_HEAD) {
            return 0;
        }
        // Siblings of a slot follow it without a gap, so a few probes tell how many there are.
        int widthOrder = 0;
        while (isSiblingOfCursor(1 << widthOrder)) {
            widthOrder++;
        }
        int lastOfGroup = (1 << widthOrder) - 1;
        boolean isAligned = (cursor.offset & lastOfGroup) == 0;
        boolean isWhole = lastOfGroup == 0 || isSiblingOfCursor(lastOfGroup);
        return isAligned && isWhole && !isSibling(cursor.offset + lastOfGroup + 1) ? cursor.nodeShift + widthOrder : -1;
    }

    /** Also of one of the cursor's: of a run that another store took the front of, the rest still leads to that. */
    private boolean isSibling(int slot) {
        return slot < XaWalk.NR_SLOTS && XaEntry.isSibling(XaNodeStruct.slot(cursor.node, slot));
    }

    private boolean isSiblingOfCursor(int distance) {
        int slot = cursor.offset + distance;
        return slot < XaWalk.NR_SLOTS && XaEntry.isSiblingOf(XaNodeStruct.slot(cursor.node, slot), cursor.offset);
    }

    private int apply(SplitPlan newPlan, long oldEntry, long firstEntry, long newEntryStride) {
        if (!XaPath.reserve(cursor, newPlan.nrNodesNeeded())) {
            return cursor.failWithoutSpares(Errno.ENOMEM);
        }
        if (cursor.node == XaCursor.AT_HEAD) {
            // An entry of order 0: its only piece takes its place. Release as for any word in the head.
            XArrayStruct.headRelease(cursor.anchor, firstEntry);
        } else {
            begin(newPlan, newPlan.pieceOrders(), firstEntry, newEntryStride);
            beginRun(newPlan.runOrder(0), newPlan.runCount(0));
            int nrSlots = 1 << (newPlan.order() - cursor.nodeShift);
            if (newPlan.nrRuns() == 1 && pieceOrder >= cursor.nodeShift) {
                cutWithinLevel(nrSlots, XaEntry.isValue(oldEntry));
            } else {
                cutSlots(nrSlots, XaEntry.isValue(oldEntry));
            }
        }
        cursor.reset();
        return Errno.OK;
    }

    private void begin(@Nullable SplitPlan newPlan, long pieceOrders, long firstEntry, long newEntryStride) {
        plan = newPlan;
        run = 0;
        pieceWord = firstEntry;
        entryStride = newEntryStride;
        marks = XaMarks.marksOfSlot(cursor);
        isValue = XaEntry.isValue(firstEntry);
        siblingStamp = (pieceOrders & ~SINGLE_SLOT_ORDERS) == 0 ? 0 : cursor.array.nextSiblingStamp();
    }

    private void beginRun(int newPieceOrder, long nrPieces) {
        pieceOrder = newPieceOrder;
        nrLeftInRun = nrPieces;
    }

    /** Equal pieces that all stay in the entry's slots: there is nothing to build, so each goes straight into place. */
    private void cutWithinLevel(int nrSlots, boolean wasValue) {
        long node = cursor.node;
        int first = cursor.offset;
        int width = 1 << (pieceOrder - cursor.nodeShift);
        if (marks != 0) {
            addMarks(node, (everyNth(width) & XaMarks.bitsOf(0, nrSlots)) << first);
        }
        long step = entryStride << pieceOrder;
        long word = pieceWord + step * (nrSlots / width);
        for (int head = first + nrSlots - width; head >= first; head -= width) {
            word -= step;
            XaStore.publish(node, head, head + width, word, siblingStamp);
        }
        changeValues(node, nrSlots, wasValue, isValue ? nrSlots : 0);
    }

    /** Bits 0, n, 2n ... for a power of two; an entry of a level takes fewer than all 64 slots there. */
    private static long everyNth(int n) {
        return Long.divideUnsigned(-1L, (1L << n) - 1);
    }

    private void cutSlots(int nrSlots, boolean wasValue) {
        long node = cursor.node;
        int first = cursor.offset;
        int nrChildren = 0;
        long heads = 0;
        for (int i = 0; i < nrSlots; ) {
            int width = 1;
            if (pieceOrder < cursor.nodeShift) {
                slotWords[i] = build(node, cursor.nodeShift - XaWalk.LEVEL_BITS, first + i);
                nrChildren++;
            } else {
                width = 1 << (pieceOrder - cursor.nodeShift);
                slotWords[i] = pieceWord;
                takePieces(1);
            }
            heads |= 1L << (first + i);
            i += width;
        }
        addMarks(node, heads);
        publish(node, first, first + nrSlots, heads);
        changeValues(node, nrSlots, wasValue, isValue ? nrSlots - nrChildren : 0);
    }

    private void changeValues(long node, int nrSlots, boolean wasValue, int nrValues) {
        int nrValuesBefore = wasValue ? nrSlots : 0;
        XaNodeStruct.changeCounts(node, 0, nrValues - nrValuesBefore);
        XaPath.notify(cursor, node);
    }

    /** Before the slots change, so that no marked piece is ever seen without its mark. */
    private void addMarks(long node, long heads) {
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if (((marks >>> mark) & 1) != 0) {
                XaNodeStruct.marksOpaque(node, mark, XaNodeStruct.marksOpaque(node, mark) | heads);
            }
        }
    }

    /**
     * From the highest group of slots to the lowest; in each the first slot, which its siblings point at, comes first.
     */
    private void publish(long node, int first, int end, long heads) {
        int groupEnd = end;
        while (groupEnd > first) {
            int head = Long.SIZE - 1 - Long.numberOfLeadingZeros(heads & XaMarks.bitsOf(first, groupEnd - first));
            XaStore.publish(node, head, groupEnd, slotWords[head - first], siblingStamp);
            groupEnd = head;
        }
    }

    // ---- subtrees

    /** Builds the node that takes a slot's place, with everything below it, out of the plan's next pieces. */
    private long build(long parent, int shift, int slotInParent) {
        long node = cursor.spares.take();
        long heads = 0;
        int nrChildren = 0;
        int slot = 0;
        while (slot < XaWalk.NR_SLOTS) {
            if (pieceOrder < shift) {
                XaNodeStruct.slot(node, slot, build(node, shift - XaWalk.LEVEL_BITS, slot));
                heads |= 1L << slot;
                nrChildren++;
                slot++;
            } else {
                int widthOrder = pieceOrder - shift;
                int nrPieces = (int) Math.min(nrLeftInRun, (XaWalk.NR_SLOTS - slot) >>> widthOrder);
                heads |= fill(node, slot, nrPieces, widthOrder);
                slot += nrPieces << widthOrder;
                takePieces(nrPieces);
            }
        }
        XaNodeStruct.header(node, shift, slotInParent, XaWalk.NR_SLOTS, isValue ? XaWalk.NR_SLOTS - nrChildren : 0);
        XaNodeStruct.parentOpaque(node, parent);
        XaNodeStruct.array(node, cursor.anchor);
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            XaNodeStruct.marksOpaque(node, mark, ((marks >>> mark) & 1) != 0 ? heads : 0);
        }
        XaPath.notify(cursor, node);
        return XaEntry.node(node, shift);
    }

    /**
     * Fills slots of a node that is not reachable yet with equal pieces; returns the bits of their canonical slots, for
     * the marks: if there are none, that may be any (the bits take a division).
     */
    private long fill(long node, int firstSlot, int nrPieces, int widthOrder) {
        long step = entryStride << pieceOrder;
        if (widthOrder == 0) {
            fillSingles(node, firstSlot, nrPieces, step);
            return XaMarks.bitsOf(firstSlot, nrPieces);
        }
        int width = 1 << widthOrder;
        int nrSlots = nrPieces << widthOrder;
        long word = pieceWord;
        for (int head = 0; head < nrSlots; head += width) {
            words[head] = word;
            Arrays.fill(words, head + 1, head + width, XaEntry.sibling(firstSlot + head, siblingStamp));
            word += step;
        }
        XaNodeStruct.slots(node, firstSlot, words, nrSlots);
        return marks == 0 ? 0 : (everyNth(width) & XaMarks.bitsOf(0, nrSlots)) << firstSlot;
    }

    private void fillSingles(long node, int firstSlot, int nrPieces, long step) {
        if (nrPieces < MIN_VECTOR_PIECES) {
            for (int i = 0; i < nrPieces; i++) {
                XaNodeStruct.slot(node, firstSlot + i, pieceWord + i * step);
            }
            return;
        }
        if (step != addendStep) {
            computeAddends(step);
        }
        for (int i = 0; i < nrPieces; i++) {
            words[i] = pieceWord + addends[i];
        }
        XaNodeStruct.slots(node, firstSlot, words, nrPieces);
    }

    private void computeAddends(long step) {
        for (int i = 0; i < XaWalk.NR_SLOTS; i++) {
            addends[i] = i * step;
        }
        addendStep = step;
    }

    private void takePieces(int nrPieces) {
        pieceWord += (entryStride << pieceOrder) * nrPieces;
        nrLeftInRun -= nrPieces;
        SplitPlan runs = plan;
        if (nrLeftInRun == 0 && runs != null && ++run < runs.nrRuns()) {
            beginRun(runs.runOrder(run), runs.runCount(run));
        }
    }
}
