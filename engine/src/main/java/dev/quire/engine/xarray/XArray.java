/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XArrayStruct;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A sparse array of words indexed by unsigned 64-bit numbers (struct xarray, the normal API of lib/xarray.c).
 *
 * <p>Each entry is a value or a pointer (see {@link XaEntry}); the array never follows pointers. An entry covers one
 * index or a naturally aligned power of two of them, and can carry three marks. Results are entries, 0 for nothing, or,
 * where the method says so, error words ({@link XaEntry#isError}).
 *
 * <p>Thread-safe. Readers pass their {@link RcuReader}, inside a read section; they take no lock and write nothing
 * shared (lock-free). Changes take the array's own lock (blocking), which {@link #lock()} also gives to users of
 * {@link XaCursor}. No method allocates memory on the Java heap, but for a thread's first call in an engine. If the
 * only free nodes are those that readers may still be in, a change waits for these, a tenth of a second or a little
 * more at a time and as long as some come back, a thousand times at most; so it should not be called from a read
 * section. If it cannot get the nodes it needs, the array is as it was. Calls after the engine was closed throw
 * {@link IllegalStateException}.
 */
public final class XArray extends XaAnchor {
    /** Largest order of an entry: log2 of the indices it covers. */
    public static final int MAX_ORDER = 63;

    /** Last index. */
    public static final long MAX_INDEX = -1L;

    /** Filter of searches: any entry. Marks 0 to 2 are the other filters. */
    public static final int PRESENT = 8;

    /** Number of marks of an entry. */
    public static final int NR_MARKS = 3;

    /** Flag: mark 0 tracks the indices that are free, so that {@link #alloc} can find them (XA_FLAGS_ALLOC). */
    public static final int TRACK_FREE = 4;

    /** Flag: {@link #alloc} never hands out index 0; with {@link #TRACK_FREE} (XA_FLAGS_ALLOC1). */
    public static final int ZERO_BUSY = 8;

    /** The mark that means free in an array that tracks free indices. */
    static final int FREE_MARK = 0;

    private final XaWriter writer;

    /** Who is told of changed nodes; guarded by the lock. */
    @Nullable
    NodeUpdate update;

    /**
     * Makes an empty array in an object of the engine: for what has an array inside a struct of its own. Others ask the
     * engine for one, which comes with an object.
     *
     * @param anchor address of its 16 bytes in an object, a multiple of 8; they are overwritten. The object must not be
     *     given back before a grace period after the array was ended by what {@link #handOver} returns: nothing checks
     *     that
     * @param pool where its nodes come from
     * @param lockOrder checker of the order of locks
     * @param flags 0, {@link #TRACK_FREE}, or {@code TRACK_FREE | ZERO_BUSY}
     * @throws IllegalArgumentException if the anchor or the flags are none of these
     * @throws IllegalStateException if the engine is closed
     */
    public XArray(long anchor, XaNodePool pool, LockOrder lockOrder, int flags) {
        this(anchor, null, pool, lockOrder, flags);
    }

    private XArray(long anchor, @Nullable ObjectSlab anchors, XaNodePool pool, LockOrder lockOrder, int flags) {
        super(anchor, anchors, pool, lockOrder, flags);
        writer = new XaWriter(this, lock);
    }

    /**
     * Makes an empty array in memory of an engine; {@link #close} gives that back.
     *
     * @param anchors where the anchor comes from
     * @param pool where its nodes come from
     * @param lockOrder checker of the order of locks
     * @param flags 0, {@link #TRACK_FREE}, or {@code TRACK_FREE | ZERO_BUSY}
     * @return the array
     * @throws IllegalArgumentException if the flags are none of these
     * @throws IllegalStateException if there is no memory for another, or the engine is closed
     */
    public static XArray open(ObjectSlab anchors, XaNodePool pool, LockOrder lockOrder, int flags) {
        XaArguments.requireFlags(flags);
        pool.lifetime().enter();
        try {
            long anchor = anchors.allocate();
            if (anchor == 0) {
                throw new IllegalStateException(
                        "no room for another array, which counts as an address space: in use=" + anchors.nrInUse());
            }
            return new XArray(anchor, anchors, pool, lockOrder, flags);
        } finally {
            pool.lifetime().exit();
        }
    }

    /**
     * Sets who is told of changed nodes, whichever method or cursor changes them (xas_set_update). Needs the lock.
     *
     * @param update the callback, or null for none
     * @throws IllegalStateException if the array is not locked, or has {@link XaValueNodes}: a list of nodes must hear
     *     of each that goes
     */
    public void update(@Nullable NodeUpdate update) {
        requireLocked();
        if (this.update instanceof XaValueNodes.Placing) {
            throw new IllegalStateException("the array's nodes are on a list: anchor=0x" + Long.toHexString(anchor()));
        }
        this.update = update;
    }

    /**
     * Looks an index up (xa_load). Lock-free.
     *
     * <p>Difference from the original: the result is what the index had at one moment of the call, also inside a larger
     * entry that is erased, split or replaced meanwhile, where the original may return what was then stored at the
     * first index alone.
     *
     * @param reader the caller's reader, one of this engine, in a read section
     * @param index any index
     * @return the entry; 0 for none or a reservation
     * @throws IllegalStateException if the reader is in no section
     * @throws IllegalArgumentException if it is another engine's
     */
    public long load(RcuReader reader, long index) {
        return XaEntry.visible(XaWalk.load(anchorFor(reader), index));
    }

    /**
     * Stores an entry at an index, or over the larger entry that covers it (xa_store). Marks stay. In an array that
     * tracks free indices, storing 0 reserves the index.
     *
     * @param index any index
     * @param entry a value, a pointer, or 0 to erase
     * @return the entry before, or the error word of {@link Errno#ENOMEM}
     * @throws IllegalArgumentException if the entry is an internal word
     */
    public long store(long index, long entry) {
        XaArguments.requireEntry("entry", entry);
        return writer.store(index, entry);
    }

    /**
     * Stores one entry over a naturally aligned range, replacing all that is in it (xas_store with an order). Marks of
     * what is replaced are united. If the range lies inside a larger entry, that whole entry changes its word and keeps
     * its order. An entry that {@link #storeRange} stored, and that is no power of two wide, may reach into the range
     * from before: then that is changed as a whole, and what of the range lies behind it stays as it is. In an array
     * that tracks free indices all of the range is then taken, or all of it free.
     *
     * @param index first index, a multiple of {@code 2^order}
     * @param order log2 of the range, 0 to {@link #MAX_ORDER}
     * @param entry a value, a pointer, or 0 to erase
     * @return the entry before if there was one for all of the range; 0 if there was none; one of them, or 0, if there
     *     were several; or the error word of {@link Errno#ENOMEM}
     * @throws IllegalArgumentException if the order is out of range, the index not aligned, or the entry an internal
     *     word
     */
    public long storeOrder(long index, int order, long entry) {
        XaArguments.requireAligned(index, order);
        XaArguments.requireEntry("entry", entry);
        return writer.storeOrder(index, order, entry);
    }

    /**
     * Removes the whole entry that covers an index, with its marks (xa_erase).
     *
     * @param index any index
     * @return the entry that was there; 0 for none or a reservation
     */
    public long erase(long index) {
        return writer.erase(index);
    }

    /**
     * Stores an entry if another is there now (xa_cmpxchg). A reservation shows as 0 in the result but does not match
     * an {@code expected} of 0; {@link XaEntry#ZERO} matches it.
     *
     * @param index any index
     * @param expected a value, a pointer, 0, or {@link XaEntry#ZERO}
     * @param entry a value, a pointer, or 0 to erase
     * @return the entry that was there, or the error word of {@link Errno#ENOMEM}
     * @throws IllegalArgumentException if a word is an internal one
     */
    public long compareExchange(long index, long expected, long entry) {
        if (expected != XaEntry.ZERO) {
            XaArguments.requireEntry("expected", expected);
        }
        XaArguments.requireEntry("entry", entry);
        return writer.exchangeIf(index, expected, entry);
    }

    /**
     * Stores an entry if the index is neither occupied nor reserved (xa_insert).
     *
     * @param index any index
     * @param entry a value, a pointer, or 0 to reserve
     * @return 0, {@link Errno#EBUSY} or {@link Errno#ENOMEM}
     * @throws IllegalArgumentException if the entry is an internal word
     */
    public int insert(long index, long entry) {
        XaArguments.requireEntry("entry", entry);
        return writer.insert(index, entry);
    }

    /**
     * Makes sure that a later {@link #store} at the index needs no memory; the index still reads as empty (xa_reserve).
     * Does nothing if it is occupied.
     *
     * @param index any index
     * @return 0 or {@link Errno#ENOMEM}
     */
    public int reserve(long index) {
        return XaEntry.errnoOf(writer.exchangeIf(index, XaEntry.EMPTY, XaEntry.ZERO));
    }

    /**
     * Gives a reservation up; does nothing if there is none (xa_release).
     *
     * @param index any index
     */
    public void release(long index) {
        writer.exchangeIf(index, XaEntry.ZERO, XaEntry.EMPTY);
    }

    /**
     * Order of the entry that covers an index (xa_get_order); a hint, since a writer may change it at any time. Beside
     * a split or a store it is the order before, after, or one between; at the last index of the larger entry never one
     * between.
     *
     * @param reader the caller's reader, one of this engine, in a read section
     * @param index any index
     * @return log2 of the indices it covers; 0 if there is none; 64 for one that {@link #storeRange} stored over all
     * @throws IllegalStateException if the reader is in no section
     * @throws IllegalArgumentException if it is another engine's
     */
    public int getOrder(RcuReader reader, long index) {
        return XaWalk.getOrder(anchorFor(reader), index);
    }

    /**
     * Stores one entry over any range of indices, as few entries as the tree allows (xa_store_range): greedily from the
     * first index, each up to 64 slots of one node, whether a power of two or not. An entry that reaches into the range
     * changes as a whole; where one reaches into it from before, the store begins at that entry's first slot, and ends
     * as many slots earlier, as the original's does. In an array that tracks free indices all of the range is then
     * taken, or all of it free.
     *
     * @param first first index
     * @param last last index, inclusive
     * @param entry a value, a pointer, or 0 to erase
     * @return 0, {@link Errno#EINVAL} if the range is empty, or {@link Errno#ENOMEM}
     * @throws IllegalArgumentException if the entry is an internal word
     */
    public int storeRange(long first, long last, long entry) {
        XaArguments.requireEntry("entry", entry);
        if (Long.compareUnsigned(last, first) < 0) {
            return Errno.EINVAL;
        }
        return writer.storeRange(first, last, entry);
    }

    /**
     * Finds the first entry at or after a cursor's index (xa_find), never a reservation. An entry that covers the index
     * is found at the index; with a mark as filter and the index in a sibling slot, at the first index of the entry's
     * first slot.
     *
     * @param cursor a cursor of this array with a reader in a read section (or under the lock); its index is where to
     *     start, and becomes the index of the entry found, or stays if there is none; its order becomes 0
     * @param last last index to look at, inclusive
     * @param filter {@link #PRESENT} or a mark
     * @return the entry, or 0
     * @throws IllegalArgumentException if the cursor is another array's or the filter is none of these
     * @throws IllegalStateException if the cursor's reader is in no section and this thread does not have the lock
     */
    public long find(XaCursor cursor, long last, int filter) {
        XaArguments.requireSearch(cursor, this, filter);
        cursor.requireAccessFromHead();
        return XaFind.findFrom(cursor, last, filter);
    }

    /**
     * Finds the first entry after the one that covers a cursor's index (xa_find_after), never a reservation, nor an
     * entry that begins at the index or before it. Beside a writer that means also one that took the place of what was
     * found at the index, and of entries after it: an iteration that must not miss those uses {@link XaCursor#find}.
     *
     * <p>Difference from the original: with a mark as filter, and the index in a slot before a sibling slot, that finds
     * the same entry again, at its first index.
     *
     * @param cursor as for {@link #find}
     * @param last last index to look at, inclusive
     * @param filter {@link #PRESENT} or a mark
     * @return the entry, or 0
     * @throws IllegalArgumentException if the cursor is another array's or the filter is none of these
     * @throws IllegalStateException if the cursor's reader is in no section and this thread does not have the lock
     */
    public long findAfter(XaCursor cursor, long last, int filter) {
        XaArguments.requireSearch(cursor, this, filter);
        cursor.requireAccessFromHead();
        return XaFind.findAfter(cursor, last, filter);
    }

    /**
     * Copies entries out, in the order of their indices (xa_extract). Each entry comes once; not a snapshot.
     *
     * @param cursor a cursor as for {@link #find}; its index is where to start, and then where the search ended
     * @param last last index to look at, inclusive
     * @param filter {@link #PRESENT} or a mark
     * @param entries where to, from element 0
     * @param nrEntries most entries to copy, 0 to the array's length
     * @return number of entries copied
     * @throws IllegalArgumentException if the cursor is another array's or the filter is none of these
     * @throws IllegalStateException if the cursor's reader is in no section and this thread does not have the lock
     * @throws IndexOutOfBoundsException if the array is too short
     */
    public int extract(XaCursor cursor, long last, int filter, long[] entries, int nrEntries) {
        Objects.checkFromIndexSize(0, nrEntries, entries.length);
        XaArguments.requireSearch(cursor, this, filter);
        cursor.requireAccessFromHead();
        return XaFind.extract(cursor, last, filter, entries, nrEntries);
    }

    /**
     * Marks the entry that covers an index; does nothing if there is none (xa_set_mark).
     *
     * @param index any index
     * @param mark 0 to 2
     * @throws IllegalArgumentException if there is no such mark, or the array keeps it itself, as mark 0 where it
     *     tracks free indices
     */
    public void setMark(long index, int mark) {
        XaArguments.requireMark(mark);
        writer.mark(index, mark, true);
    }

    /**
     * Takes a mark from the entry that covers an index (xa_clear_mark).
     *
     * @param index any index
     * @param mark 0 to 2
     * @throws IllegalArgumentException if there is no such mark
     */
    public void clearMark(long index, int mark) {
        XaArguments.requireMark(mark);
        writer.mark(index, mark, false);
    }

    /**
     * Whether the entry that covers an index has a mark (xa_get_mark). Lock-free. Beside several changes of what covers
     * the index, the entry may be one of them and the mark another's.
     *
     * @param reader the caller's reader, one of this engine, in a read section
     * @param index any index
     * @param mark 0 to 2
     * @return true if it has
     * @throws IllegalStateException if the reader is in no section
     * @throws IllegalArgumentException if it is another engine's, or there is no such mark
     */
    public boolean getMark(RcuReader reader, long index, int mark) {
        XaArguments.requireMark(mark);
        return XaMarks.get(anchorFor(reader), index, mark);
    }

    /**
     * Whether any entry has a mark (xa_marked).
     *
     * @param reader the caller's reader, one of this engine, in a read section
     * @param mark 0 to 2
     * @return true if one has
     * @throws IllegalStateException if the reader is in no section
     * @throws IllegalArgumentException if it is another engine's, or there is no such mark
     */
    public boolean isMarked(RcuReader reader, int mark) {
        XaArguments.requireMark(mark);
        return XaFlags.isMarked(anchorFor(reader), mark);
    }

    /**
     * Stores an entry at the lowest free index of a range (xa_alloc); for arrays with {@link #TRACK_FREE}.
     *
     * @param min lowest index, 0 to 2^32-1
     * @param max highest index, 0 to 2^32-1
     * @param entry a value, a pointer, or 0 to reserve
     * @return the index; {@link Errno#EBUSY} if none is free, {@link Errno#ENOMEM}, or {@link Errno#EINVAL} if the
     *     array does not track free indices
     * @throws IllegalArgumentException if a limit is out of range or the entry an internal word
     */
    public long alloc(long min, long max, long entry) {
        XaArguments.requireId("min", min);
        XaArguments.requireId("max", max);
        XaArguments.requireEntry("entry", entry);
        return writer.alloc(min, max, entry);
    }

    /**
     * Stores an entry at the next free index of a cycle (xa_alloc_cyclic); for arrays with {@link #TRACK_FREE}.
     *
     * @param cycle limits and where to go on; it learns where to go on next, and whether this search wrapped
     * @param entry a value, a pointer, or 0 to reserve
     * @return as {@link #alloc}
     * @throws IllegalArgumentException if the entry is an internal word
     */
    public long allocCyclic(XaIdCycle cycle, long entry) {
        XaArguments.requireEntry("entry", entry);
        return writer.allocCyclic(cycle, entry);
    }

    /** Removes all entries and marks and frees all nodes (xa_destroy). What the entries point at stays untouched. */
    public void destroy() {
        writer.destroy();
    }

    /**
     * Whether no entry and no reservation is there (xa_empty). Nodes that {@link XaCursor#createRange} has made count
     * as reservations until something stored there is erased.
     *
     * @param reader the caller's reader, one of this engine, in a read section
     * @return true if the array is empty
     * @throws IllegalStateException if the reader is in no section
     * @throws IllegalArgumentException if it is another engine's
     */
    public boolean isEmpty(RcuReader reader) {
        return XArrayStruct.headAcquire(anchorFor(reader)) == XaEntry.EMPTY;
    }

    @Override
    void destroyFinally() {
        writer.close();
    }
}
