/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import org.jspecify.annotations.Nullable;

/**
 * A position in an array, and the advanced API on it (struct xa_state): to walk, to store without walking again, to
 * iterate, and to split.
 *
 * <p>The caller brackets its use: everything that changes the array needs the lock ({@link XArray#lock}), everything
 * else needs the lock or a read section of the cursor's reader. Between two brackets the position must be given up with
 * {@link #pause}, {@link #reset} or {@link #set}. Calls outside a bracket throw {@link IllegalStateException}, and in
 * checked mode so do those that find a position from an earlier bracket.
 *
 * <p>Who takes the lock inside a section may go on from the section's position; a change then walks to the index anew,
 * as the section keeps the node, but not what stands in it. So does a change after one by another cursor under the same
 * lock; reading from a position of before that throws, as its node may be gone. In unchecked mode all of this is the
 * caller's to see to, with {@link #pause} before the other's change or {@link #reset}.
 *
 * <p>A cursor covers one index, or after {@link #setOrder} the naturally aligned range that its index is in. Its
 * position is one of: not walked yet, at a slot of a node, at the head, past the end, or an error. Errors stick: every
 * later operation does nothing and returns nothing, until {@link #set}, {@link #setOrder}, {@link #reset} or
 * {@link #nomem}.
 *
 * <p>Results are raw words: they can be {@link XaEntry#ZERO}, for a lock-free reader {@link XaEntry#RETRY} (see
 * {@link #retry}), from {@link #next} and {@link #prev} siblings, and words of nodes where the cursor's range is wider
 * than a slot that it went to, or beside a split.
 *
 * <p>Reusable, for one thread at a time; no method allocates memory on the Java heap, but for a thread's first. Reading
 * is lock-free: it starts over only if a writer got further.
 */
public final class XaCursor extends XaCursorNodes {
    final XaRetired retired;
    private final XaSplit splitter = new XaSplit(this);

    /**
     * Makes a cursor for use under the array's lock.
     *
     * @param array the array
     * @throws IllegalStateException if the array is closed
     */
    public XaCursor(XArray array) {
        this(array, null);
    }

    /**
     * Makes a cursor for use under the array's lock and, for reading, in the sections of a reader.
     *
     * @param array the array
     * @param reader the reader of the thread that will use the cursor; of the same engine
     * @throws IllegalArgumentException if the reader is of another engine
     * @throws IllegalStateException if the array is closed
     */
    public XaCursor(XArray array, @Nullable RcuReader reader) {
        super(array, reader);
        retired = new XaRetired(pool);
    }

    // ---- position

    /**
     * Gives the position up and moves to the index after the current entry, so that a forward iteration can go on after
     * its lock or read section was dropped (xas_pause). At the very end of the index space the cursor ends past the
     * end.
     *
     * <p>Difference from the original: the next index is the end of the entry, also when the cursor came to it from the
     * middle; the original counts its slots from the cursor's index then, and skips what follows.
     *
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public void pause() {
        requireAccess();
        leaveConflict();
        XaWalk.pause(this);
    }

    /**
     * Moves on to another index, which costs no walk from the head if the current node covers it (xas_advance): the
     * next {@link #find} returns what comes after the entry at that index. An invalid position stays what it is.
     *
     * <p>Differences from the original: it may be an index that the node does not cover; and where the node has a child
     * for it, the cursor enters that, while the original then skips what is in the child.
     *
     * @param index the new index
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public void advance(long index) {
        requireAccess();
        leaveConflict();
        XaWalk.advance(this, index);
    }

    // ---- lookup

    /**
     * Walks to the index and returns its word; from a valid position it only reads again ({@link #reload}) (xas_load).
     * The index stays as it is, also in the middle of an entry. If the cursor's range is wider than a slot of some node
     * on the path, the walk ends above that node and returns the node's word; a search from there begins behind the
     * node.
     *
     * @return the word; 0 if there is none, the index is past the end, or the cursor is in an error
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public long load() {
        requireAccess();
        return XaWalk.load(this);
    }

    /**
     * Reads the slot of the cursor's index in the cursor's node again, or the one that its siblings lead to
     * (xas_reload): how a lock-free reader that has pinned what it found makes sure that it is still there.
     *
     * <p>A stale position shows by that: as {@link XaEntry#RETRY} where the entry was cut off, split or stored over, or
     * by another word. Only one where nothing was may go on finding nothing: in an inner node that was cut off, and in
     * a leaf that was removed because it was empty.
     *
     * @return the word, or {@link XaEntry#RETRY}
     * @throws IllegalStateException if the position is not valid
     */
    public long reload() {
        requireAccess();
        requireValid();
        return XaWalk.reload(this);
    }

    /**
     * Whether a word that an operation returned is none to use (xas_retry): for {@link XaEntry#RETRY} the cursor is
     * reset, for {@link XaEntry#ZERO} it stays where it is.
     *
     * @param word what the operation returned
     * @return true if the caller should simply go on
     */
    public boolean retry(long word) {
        if (word == XaEntry.RETRY) {
            reset();
            return true;
        }
        return word == XaEntry.ZERO;
    }

    /**
     * Order of the entry the cursor is at (xas_get_order): a hint for a lock-free reader, exact under the lock.
     *
     * <p>Probes the slots at distance 1, 2, 4 ... from the canonical one, as the original does, so for runs that are no
     * power of two (see {@link XArray#storeRange}) it is what that finds.
     *
     * @return log2 of the indices it covers; 0 at the head
     * @throws IllegalStateException if the position is not valid
     */
    public int getOrder() {
        requireAccess();
        requireValid();
        return XaWalk.getOrder(this);
    }

    // ---- iteration

    /**
     * Finds the next entry (xas_find). From a fresh position that is the one that covers the index, which then stays as
     * it is; afterwards the next one, and the index is its first. Each entry is found once, however wide it is.
     *
     * <p>Beside a writer, an iteration (with {@link #retry} where it is due, and with or without {@link #pause}) finds
     * each entry that is in the array all the time exactly once, and goes upwards only: no index is found twice. An
     * entry that is split meanwhile may be found as a whole, in pieces, or as a whole and then those of its pieces that
     * are further on. One that comes meanwhile may be missed. Where it takes the place of others, those of them still
     * to come are found, or it is, at an index inside it; unless it begins in the slot of the one found last, and so
     * counts as found.
     *
     * @param max last index to look at, unsigned, inclusive
     * @return the word, which may be ZERO or RETRY; 0 if there is none up to {@code max}. Then the index is one where
     *     nothing was found, and the cursor is past the end if the tree ended
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public long find(long max) {
        requireAccess();
        leaveConflict();
        return XaFind.find(this, max);
    }

    /**
     * Finds the next entry with a mark (xas_find_marked). Started at an index in a sibling slot, it moves back to the
     * first index of the canonical slot. In an array that tracks free indices, mark 0 finds free indices, with a word
     * of 0 and a valid position.
     *
     * <p>Beside a writer an iteration finds each entry that is in the array, and marked, all the time exactly once,
     * also in pieces; otherwise as {@link #find}, but that after {@link XaEntry#RETRY} it starts anew, and so may go
     * back to the first index of an entry that has taken the place of several, found already or not; so may who goes on
     * after {@link #pause}. In the node of one of these that it has found, such an entry counts as found.
     *
     * @param max last index to look at, unsigned, inclusive
     * @param mark 0 to 2
     * @return the word; 0 if there is none: then the position is restart if {@code max} ended the search, else bounds
     * @throws IllegalArgumentException if there is no such mark
     */
    public long findMarked(long max, int mark) {
        XaArguments.requireMark(mark);
        requireAccess();
        leaveConflict();
        return XaFind.findMarked(this, max, mark);
    }

    /**
     * Finds the next entry that overlaps the cursor's range (xas_find_conflict); one that covers all of it is found
     * once. The index stays the first of the range.
     *
     * <p>Until it moves on, the cursor is at the entry found: {@link #load} and {@link #reload} read that again. What
     * moves goes on from there, and so from the entry's index. A search for conflicts, or a change, after that is again
     * one of the range that the index is in then.
     *
     * <p>Difference from the original: that goes on from the range's index, in a node that need not cover it.
     *
     * @return the word; 0 when there is no further one, and a store to the range can follow
     * @throws IllegalStateException if the array is not locked
     */
    public long findConflict() {
        requireLockedAccess();
        alignToRange();
        long word = XaFind.findConflict(this);
        noteConflict(word != XaEntry.EMPTY);
        return word;
    }

    /**
     * Moves to the next index (after 2^64-1 comes 0) and reads its slot (xas_next). An unwalked cursor stays on its
     * index.
     *
     * <p>Difference from the original: after a sibling the cursor is at the entry's canonical slot, so that a change or
     * a mark is one of the whole entry.
     *
     * @return the word, which may be a sibling; 0 past the end
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public long next() {
        requireAccess();
        leaveConflict();
        return XaWalk.next(this);
    }

    /**
     * Moves to the previous index (before 0 comes 2^64-1) and reads its slot (xas_prev). An unwalked cursor stays on
     * its index. Siblings as in {@link #next}.
     *
     * @return the word, which may be a sibling; 0 past the end
     * @throws IllegalStateException if no section of the reader is open and this thread does not have the lock
     */
    public long prev() {
        requireAccess();
        leaveConflict();
        return XaWalk.prev(this);
    }

    // ---- marks

    /**
     * Whether the entry at the cursor has a mark; false at an invalid position.
     *
     * @param mark 0 to 2
     * @return true if it has
     * @throws IllegalArgumentException if there is no such mark
     */
    public boolean getMark(int mark) {
        XaArguments.requireMark(mark);
        requireAccess();
        return XaMarks.get(this, mark);
    }

    /**
     * Marks the entry at the cursor; does nothing if there is none, the position is invalid, or a node stands there.
     *
     * @param mark 0 to 2
     * @throws IllegalArgumentException if there is no such mark, or the array keeps it itself, as mark 0 where it
     *     tracks free indices
     * @throws IllegalStateException if the array is not locked, or the cursor is at a conflict found before another
     *     cursor's change
     */
    public void setMark(int mark) {
        XaArguments.requireMark(mark);
        requireMarkable();
        XaArguments.requireNotFreeMark(anchor, mark);
        long word = wordAtSlot();
        if (word != XaEntry.EMPTY && !XaEntry.isNode(word)) {
            XaMarks.set(this, mark);
        }
    }

    /**
     * Takes a mark from the entry at the cursor; does nothing at an invalid position, or if a node stands there.
     *
     * @param mark 0 to 2
     * @throws IllegalArgumentException if there is no such mark, or it is the free mark of a free index, which no
     *     allocation would find again
     * @throws IllegalStateException if the array is not locked, or the cursor is at a conflict found before another
     *     cursor's change
     */
    public void clearMark(int mark) {
        XaArguments.requireMark(mark);
        requireMarkable();
        long word = wordAtSlot();
        if (word == XaEntry.EMPTY && isValid()) {
            XaArguments.requireNotFreeMark(anchor, mark);
        }
        if (!XaEntry.isNode(word)) {
            XaMarks.clear(this, mark);
        }
    }

    /**
     * Takes all marks from where the cursor is; a free index of an array that tracks such keeps the free mark. Does
     * nothing at an invalid position, or if a node stands there.
     *
     * @throws IllegalArgumentException if the array tracks free indices and this one is taken: with the free mark it
     *     would be handed out again
     * @throws IllegalStateException if the array is not locked, or the cursor is at a conflict found before another
     *     cursor's change
     */
    public void initMarks() {
        requireMarkable();
        long word = wordAtSlot();
        if (XaEntry.isNode(word)) {
            return;
        }
        if (word != XaEntry.EMPTY) {
            XaArguments.requireNotFreeMark(anchor, XArray.FREE_MARK);
        }
        XaMarks.init(this);
    }

    /**
     * Marks are changed where the cursor is, so one that had to give its position up walks to the entry at its index
     * again; but who found a conflict is at another entry.
     */
    private void requireMarkable() {
        boolean wasAtConflict = isAtConflict();
        if (requireChange()) {
            if (wasAtConflict) {
                throw staleConflict();
            }
            if (nodeShift < shift) {
                // A search had gone below the level of the cursor's range.
                XaFind.loadEntry(this);
            } else {
                XaWalk.load(this);
            }
        }
    }

    /**
     * The word at the cursor's place; a node's if {@link #load} ended above it, because the cursor's range is wider:
     * the node's marks are its entries'. 0 at an invalid position.
     */
    private long wordAtSlot() {
        if (!isValid()) {
            return XaEntry.EMPTY;
        }
        return node == AT_HEAD ? XArrayStruct.head(anchor) : XaNodeStruct.slot(node, offset);
    }

    // ---- change

    /**
     * Stores a word over the cursor's range (xas_store); 0 erases. Marks of what was there are united on the new entry,
     * or go if there is none. If the cursor's place turns out to lie in a larger entry, that whole entry changes its
     * word and keeps its order. The free mark, where free indices are tracked, is then the caller's to clear, as in the
     * original.
     *
     * <p>If it cannot get the nodes it needs, the cursor is in the error {@link Errno#ENOMEM} and the array is
     * unchanged. (The original may leave the tree taller.)
     *
     * @param entry 0, a value, a pointer or {@link XaEntry#ZERO}
     * @return what was at the cursor before; not specified if the range held more than one entry; 0 on error
     * @throws IllegalArgumentException if the word is another internal one
     * @throws IllegalStateException if the array is not locked
     */
    public long store(long entry) {
        XaArguments.requireStorable(entry);
        requireChange();
        alignToRange();
        goBackToIndex();
        noteConflict(false);
        int sibsOfOrder = sibs;
        try {
            return XaStore.store(this, entry);
        } finally {
            // Where a larger entry changed, the store was as wide as that.
            sibs = sibsOfOrder;
        }
    }

    /**
     * Removes a node from the tree with every entry in and below it (xa_delete_node): how a list of nodes that are
     * worth little gives memory back. Nodes above it that are empty then go too. Needs no memory. Afterwards the cursor
     * is unwalked at the node's first index; a cursor in an error does nothing.
     *
     * @param node address of a node of this array, as a {@link NodeUpdate} was told it
     * @throws IllegalArgumentException if it is none
     * @throws IllegalStateException if the array is not locked
     */
    public void deleteNode(long node) {
        requireChange();
        XaArguments.requireNodeOf(node, array);
        if (!isInError()) {
            XaStore.deleteNode(this, node);
        }
    }

    /**
     * Makes every slot of the cursor's range at the lowest level exist, so that storing to single indices in it needs
     * no memory (xas_create_range). The cursor then is of order 0 at the start of the range. An entry that covers the
     * range already is left alone. On {@link Errno#ENOMEM} the array and the cursor's range are unchanged.
     *
     * @throws IllegalStateException if the array is not locked
     */
    public void createRange() {
        requireChange();
        alignToRange();
        XaRange.createRange(this);
    }

    // ---- split

    /**
     * Number of nodes that a split needs.
     *
     * @param plan a complete plan
     * @return nodes; {@code Integer.MAX_VALUE} if there are more
     * @throws IllegalArgumentException if the plan is not complete
     */
    public static int nodesNeeded(SplitPlan plan) {
        plan.requireComplete();
        return plan.nrNodesNeeded();
    }

    /**
     * Gets the nodes that a split needs, before the lock is taken (xas_split_alloc). They stay with the cursor until a
     * split uses them or {@link #destroy} frees them; nodes it has already count.
     *
     * @param plan a complete plan
     * @return 0, or {@link Errno#ENOMEM}: then no spare node is left and the cursor is in that error
     * @throws IllegalArgumentException if the plan is not complete
     */
    public int reserve(SplitPlan plan) {
        plan.requireComplete();
        return reserve(plan.nrNodesNeeded());
    }

    /**
     * Cuts the entry at the cursor's index into the pieces of a plan, over any number of levels (xas_split). The piece
     * that starts {@code i} indices into the entry gets the word {@code firstEntry + i * entryStride} and the marks of
     * the entry. Readers see for each index the old word or its own piece's, never another piece's, as long as the
     * first piece keeps the old word.
     *
     * <p>Differences from the original: any number of levels; the entry and its order are checked under the lock, where
     * a stale order would corrupt the tree; the number of values of the split node follows the old word, not the new
     * one.
     *
     * @param plan a complete plan of the entry's order
     * @param expectedEntry the word that must stand at the index
     * @param firstEntry word of the first piece: a value or a pointer
     * @param entryStride what the word grows by per index: 0, or a multiple of 2 (values) or 4 (pointers)
     * @return 0; {@link Errno#EINVAL} if the entry is another or of another order; {@link Errno#ENOMEM} if the reserved
     *     nodes do not suffice and no more are to be had. Then the array is unchanged, no spare node is left, and the
     *     cursor is in that error. Otherwise the cursor is unwalked
     * @throws IllegalArgumentException if the plan is not complete, a word is none of these, or the words would pass 0
     *     or 2^64 on the way to the last piece's
     * @throws IllegalStateException if the array is not locked
     */
    public int split(SplitPlan plan, long expectedEntry, long firstEntry, long entryStride) {
        XaArguments.requirePieces(firstEntry, entryStride);
        plan.requireComplete();
        XaArguments.requireLastPiece(plan.offsetOfLastPiece(), firstEntry, entryStride);
        requireChange();
        return splitter.split(plan, expectedEntry, firstEntry, entryStride);
    }

    /**
     * Cuts the entry at the cursor's index into equal pieces with at most one new node (xas_try_split): within its
     * level down to any order, or, if it takes just one slot, into the two halves of it one level below. Meant to be
     * called step by step with {@link #trySplitMinimumOrder}, each time at the piece to be cut further.
     *
     * <p>Differences from the original: the order is read from the tree; and a target below the level is refused unless
     * it is the entry's order minus 1, where the original looks at the target's low bits only.
     *
     * @param newOrder log2 of the pieces
     * @param firstEntry word of the first piece: a value or a pointer
     * @param entryStride what the word grows by per index: 0, or a multiple of 2 (values) or 4 (pointers)
     * @return 0, also if nothing is there or the order is reached already; {@link Errno#EINVAL} if it would need more
     *     than one node; {@link Errno#ENOMEM} if it cannot get it. Then the array is unchanged, no spare node is left,
     *     and the cursor is in that error. Otherwise the cursor is at what covers its index now, and a step from there
     *     needs no walk from the head
     * @throws IllegalArgumentException if an argument is none of these, or the words would pass 0 or 2^64
     * @throws IllegalStateException if the array is not locked
     */
    public int trySplit(int newOrder, long firstEntry, long entryStride) {
        XaArguments.requireOrder("newOrder", newOrder, XArray.MAX_ORDER);
        XaArguments.requirePieces(firstEntry, entryStride);
        requireChange();
        return splitter.trySplit(newOrder, firstEntry, entryStride);
    }

    /**
     * Smallest order that {@link #trySplit} can cut an entry into (xas_try_split_min_order).
     *
     * @param order log2 of the entry, 0 to {@link XArray#MAX_ORDER}
     * @return log2 of the pieces; 0 for 0
     * @throws IllegalArgumentException if the order is out of range
     */
    public static int trySplitMinimumOrder(int order) {
        XaArguments.requireOrder("order", order, XArray.MAX_ORDER);
        if (order == 0) {
            return 0;
        }
        int bitsInLevel = order % XaWalk.LEVEL_BITS;
        return bitsInLevel == 0 ? order - 1 : order - bitsInLevel;
    }
}
