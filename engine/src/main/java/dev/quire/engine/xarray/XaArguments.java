/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XaNodeStruct;

/** What the public methods of this package accept; each check throws {@link IllegalArgumentException} otherwise. */
final class XaArguments {
    private XaArguments() {}

    static void requireFlags(int flags) {
        if (flags != 0 && flags != XArray.TRACK_FREE && flags != (XArray.TRACK_FREE | XArray.ZERO_BUSY)) {
            throw new IllegalArgumentException("flags not known: flags=" + flags);
        }
    }

    static void requireNrNodes(long nrNodes) {
        if (nrNodes < 0) {
            throw new IllegalArgumentException("nrNodes out of range: nrNodes=" + nrNodes + ", min=0");
        }
    }

    static void requireOrder(String name, int order, int max) {
        if (order < 0 || order > max) {
            throw new IllegalArgumentException(name + " out of range: " + name + "=" + order + ", max=" + max);
        }
    }

    static void requireAligned(long index, int order) {
        requireOrder("order", order, XArray.MAX_ORDER);
        if ((index & ~(-1L << order)) != 0) {
            throw new IllegalArgumentException(
                    "index not aligned: index=0x" + Long.toHexString(index) + ", order=" + order);
        }
    }

    static void requireMark(int mark) {
        if (mark < 0 || mark >= XArray.NR_MARKS) {
            throw new IllegalArgumentException("mark out of range: mark=" + mark + ", max=" + (XArray.NR_MARKS - 1));
        }
    }

    /** The free mark belongs to the array: on an index that is taken, it would be handed out again. */
    static void requireNotFreeMark(long anchor, int mark) {
        if (XaFlags.isFreeMark(anchor, mark)) {
            throw new IllegalArgumentException("mark is the one of free indices, which the array keeps: mark=" + mark);
        }
    }

    static void requireId(String name, long id) {
        if (id < 0 || id > XaIdCycle.MAX_ID) {
            throw new IllegalArgumentException(
                    name + " out of range: " + name + "=" + id + ", max=" + XaIdCycle.MAX_ID);
        }
    }

    static void requireSearch(XaCursor cursor, XArray array, int filter) {
        if (cursor.array != array) {
            throw new IllegalArgumentException("the cursor belongs to another array: anchor=0x"
                    + Long.toHexString(cursor.anchor) + ", want=0x" + Long.toHexString(array.anchor()));
        }
        if (filter != XArray.PRESENT) {
            requireMark(filter);
        }
    }

    static void requireNodeOf(long node, XArray array) {
        if (!array.pool().isNode(node) || XaNodeStruct.array(node) != array.anchor()) {
            throw new IllegalArgumentException("node is none of this array: node=0x" + Long.toHexString(node)
                    + ", anchor=0x" + Long.toHexString(array.anchor()));
        }
    }

    /** What the normal API stores: nothing, values and pointers. */
    static void requireEntry(String name, long entry) {
        if (XaEntry.isInternal(entry)) {
            throw new IllegalArgumentException(name + " is internal: " + name + "=0x" + Long.toHexString(entry));
        }
    }

    /** What a cursor stores: also reservations. A retry word that stays would keep readers waiting for ever. */
    static void requireStorable(long entry) {
        if (entry != XaEntry.ZERO) {
            requireEntry("entry", entry);
        }
    }

    /** What the pieces of a split are: values or pointers, all of one kind. */
    static void requirePieces(long firstEntry, long entryStride) {
        boolean isValue = XaEntry.isValue(firstEntry);
        if (!isValue && !XaEntry.isPointer(firstEntry)) {
            throw new IllegalArgumentException(
                    "firstEntry is no value or pointer: firstEntry=0x" + Long.toHexString(firstEntry));
        }
        if ((entryStride & (isValue ? 1 : 3)) != 0) {
            throw new IllegalArgumentException("entryStride changes the kind of the words: entryStride=" + entryStride
                    + ", firstEntry=0x" + Long.toHexString(firstEntry));
        }
    }

    /**
     * The words of the pieces grow, or shrink, without passing the end of the 64 bits: so none becomes 0 or another's.
     */
    static void requireLastPiece(long offset, long firstEntry, long entryStride) {
        long difference = offset * Math.abs(entryStride);
        boolean fits = Math.unsignedMultiplyHigh(offset, Math.abs(entryStride)) == 0
                && (entryStride < 0
                        ? Long.compareUnsigned(difference, firstEntry) < 0
                        : Long.compareUnsigned(firstEntry + difference, firstEntry) >= 0);
        if (!fits) {
            throw new IllegalArgumentException("entryStride out of range: entryStride=" + entryStride
                    + ", firstEntry=0x" + Long.toHexString(firstEntry) + ", offset of last piece=" + offset);
        }
    }
}
