/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static dev.quire.engine.struct.StructMap.line;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.PageArena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct xa_node: a node of an XArray, 576 bytes, 9 cache lines.
 *
 * <pre>
 *  0     1      2     3         8       16      24            40         552       576
 *  |shift|offset|count|nr_values|parent | array | private or  | slots    | marks   |
 *  |     |      |     |         |       |       | rcu link    | 64 x 8 B | 3 x 8 B |
 * </pre>
 *
 * The lock of the array guards everything. Readers under RCU read slots (acquire) and marks (opaque), and of the header
 * only {@code parent} (acquire) and {@code offset} (plain, never changed while the node is reachable) of a node they
 * reached.
 */
public final class XaNodeStruct {
    /** Bytes of a node. */
    public static final int BYTES = PageArena.NODE_BYTES;

    /** Index bits that one level resolves. */
    public static final int SLOT_SHIFT = 6;

    /** Slots of a node. */
    public static final int NR_SLOTS = 1 << SLOT_SHIFT;

    /** Marks of an entry. */
    public static final int NR_MARKS = 3;

    private static final int SLOT_MASK = NR_SLOTS - 1;

    static final long SHIFT = 0;
    static final long OFFSET = 1;
    static final long COUNT = 2;
    static final long NR_VALUES = 3;
    static final long PARENT = 8;
    static final long ARRAY = 16;
    static final long PRIVATE_LIST = 24;
    static final long SLOTS = 40;
    static final long MARKS = 552;

    /** Offset of the word that links nodes waiting for a grace period; it overlays the private list. */
    public static final long RCU_LINK = PRIVATE_LIST;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_BYTE.withName("shift"),
                    JAVA_BYTE.withName("offset"),
                    JAVA_BYTE.withName("count"),
                    JAVA_BYTE.withName("nr_values"),
                    MemoryLayout.paddingLayout(4),
                    JAVA_LONG.withName("parent"),
                    JAVA_LONG.withName("array"),
                    ListHead.LAYOUT.withName("private_list"),
                    MemoryLayout.sequenceLayout(NR_SLOTS, JAVA_LONG).withName("slots"),
                    MemoryLayout.sequenceLayout(NR_MARKS, JAVA_LONG).withName("marks"))
            .withName("xa_node");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "nr_values", NR_VALUES);
        StructMap.requireOffset(LAYOUT, "parent", PARENT);
        StructMap.requireOffset(LAYOUT, "array", ARRAY);
        StructMap.requireOffset(LAYOUT, "private_list", PRIVATE_LIST);
        StructMap.requireOffset(LAYOUT, "slots", SLOTS);
        StructMap.requireOffset(LAYOUT, "marks", MARKS);
    }

    private XaNodeStruct() {}

    /** Plain load of the number of index bits below one slot: 0, 6, ... 60. */
    public static int shift(long node) {
        return NativeMemory.getByte(line(node) + SHIFT);
    }

    /** Plain load of the node's slot number in its parent. */
    public static int offset(long node) {
        return NativeMemory.getByte(line(node) + OFFSET);
    }

    /** Plain load of the number of slots that are not empty, 0 to 64. */
    public static int count(long node) {
        return NativeMemory.getByte(line(node) + COUNT);
    }

    /** Plain load of the number of slots that hold a value or a sibling of one, 0 to 64. */
    public static int nrValues(long node) {
        return NativeMemory.getByte(line(node) + NR_VALUES);
    }

    /**
     * Plain load and store of both counts at once, as one little-endian number of two digits: each stays within 0 to 64,
     * so nothing is carried from one to the other.
     *
     * @param node address of the node
     * @param nrFilled slots that are filled now and were empty, less those that are empty now
     * @param nrValues slots that belong to values now and did not, less those that no longer do
     */
    public static void changeCounts(long node, int nrFilled, int nrValues) {
        long counts = line(node) + COUNT;
        NativeMemory.setShort(counts, (short) (NativeMemory.getShort(counts) + nrFilled + (nrValues << Byte.SIZE)));
    }

    /** Plain store of both counts at once, of a node with nothing in it. */
    public static void clearCounts(long node) {
        NativeMemory.setShort(line(node) + COUNT, (short) 0);
    }

    /** Plain store of the four header bytes at once, of a node not yet reachable. */
    public static void header(long node, int shift, int offset, int count, int nrValues) {
        NativeMemory.setInt(line(node), shift | offset << 8 | count << 16 | nrValues << 24);
    }

    /** Opaque load of the parent node of a node that is not reachable: a chain link, 0 at its end. */
    public static long parentOpaque(long node) {
        return NativeMemory.getLongOpaque(line(node) + PARENT);
    }

    /** Acquire load of the parent node, 0 at the top; pairs with {@link #parentRelease}. */
    public static long parentAcquire(long node) {
        return NativeMemory.getLongAcquire(line(node) + PARENT);
    }

    /**
     * Release store of the parent node of a node that is reachable; publishes the parent to readers that walk upwards.
     */
    public static void parentRelease(long node, long parent) {
        NativeMemory.setLongRelease(line(node) + PARENT, parent);
    }

    /** Plain load of the parent node, or chain link. */
    public static long parent(long node) {
        return NativeMemory.getLong(line(node) + PARENT);
    }

    /**
     * Opaque store of the parent node, of a node that is not yet reachable, or of 0: readers that walk upwards may see
     * either.
     */
    public static void parentOpaque(long node, long parent) {
        NativeMemory.setLongOpaque(line(node) + PARENT, parent);
    }

    /** Plain load of the owning array's anchor. */
    public static long array(long node) {
        return NativeMemory.getLong(line(node) + ARRAY);
    }

    /** Plain store of the owning array's anchor. */
    public static void array(long node, long array) {
        NativeMemory.setLong(line(node) + ARRAY, array);
    }

    /** Address of the list link for the array's user. */
    public static long privateList(long node) {
        return node + PRIVATE_LIST;
    }

    /** Address of the node that a list link belongs to. */
    public static long ofPrivateList(long link) {
        return link - PRIVATE_LIST;
    }

    /**
     * Address of a slot, 0 to 63: masked for the compiler, which then has no bounds to check. It calls nothing, for the
     * deepest of the callers are at the end of what the compiler inlines.
     */
    public static long slotAddress(long node, int slot) {
        return (node & StructMap.LINE_ADDRESS_MASK) + SLOTS + ((long) (slot & SLOT_MASK) << 3);
    }

    /** Plain load of a slot under the array's lock. */
    public static long slot(long node, int slot) {
        return NativeMemory.getLong(slotAddress(node, slot));
    }

    /** Acquire load of a slot; pairs with {@link #slotRelease}: what the entry leads to is seen initialised. */
    public static long slotAcquire(long node, int slot) {
        return NativeMemory.getLongAcquire(slotAddress(node, slot));
    }

    /** Plain store of a slot of a node that is not yet reachable. */
    public static void slot(long node, int slot, long entry) {
        NativeMemory.setLong(slotAddress(node, slot), entry);
    }

    /** Plain stores of words to slots from one on: atomic each, ordered by the caller if readers can be in the node. */
    public static void slots(long node, int firstSlot, long[] words, int nrSlots) {
        NativeMemory.setLongs(slotAddress(node, firstSlot), words, nrSlots);
    }

    /** Release store of a slot; publishes what the entry leads to. */
    public static void slotRelease(long node, int slot, long entry) {
        NativeMemory.setLongRelease(slotAddress(node, slot), entry);
    }

    /** Opaque load of a mark's bitmap, one bit per slot. */
    public static long marksOpaque(long node, int mark) {
        return NativeMemory.getLongOpaque(line(node) + MARKS + ((long) mark << 3));
    }

    /** Opaque store of a mark's bitmap; the array's lock serialises writers, readers take it as a hint. */
    public static void marksOpaque(long node, int mark, long bits) {
        NativeMemory.setLongOpaque(line(node) + MARKS + ((long) mark << 3), bits);
    }
}
