/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct list_head: a link of a circular doubly linked list, 16 bytes; the list itself is a link that belongs to no
 * element.
 *
 * <pre>
 *  0       8       16
 *  | next  | prev  |
 * </pre>
 *
 * All operations are plain and constant time; the lock of the list guards them.
 */
public final class ListHead {
    /** Bytes of a link. */
    public static final int BYTES = 16;

    static final long NEXT = 0;
    static final long PREV = 8;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_LONG.withName("next"), JAVA_LONG.withName("prev"))
            .withName("list_head");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "prev", PREV);
    }

    private ListHead() {}

    /** Link after this one. */
    public static long next(long link) {
        return NativeMemory.getLong(link + NEXT);
    }

    /** Link before this one. */
    public static long prev(long link) {
        return NativeMemory.getLong(link + PREV);
    }

    /** Makes an empty list, or a link that is on no list (it points at itself). */
    public static void initialise(long list) {
        NativeMemory.setLong(list + NEXT, list);
        NativeMemory.setLong(list + PREV, list);
    }

    /** Whether the list has no elements, or the link is on no list. */
    public static boolean isEmpty(long list) {
        return next(list) == list;
    }

    /** Puts a link right after another: at the head, if that is the list. */
    public static void addAfter(long link, long position) {
        insert(link, position, next(position));
    }

    /** Puts a link right before another: at the tail, if that is the list. */
    public static void addBefore(long link, long position) {
        insert(link, prev(position), position);
    }

    /** Takes a link off its list; it then points at itself. */
    public static void remove(long link) {
        long before = prev(link);
        long after = next(link);
        NativeMemory.setLong(before + NEXT, after);
        NativeMemory.setLong(after + PREV, before);
        initialise(link);
    }

    private static void insert(long link, long before, long after) {
        NativeMemory.setLong(link + NEXT, after);
        NativeMemory.setLong(link + PREV, before);
        NativeMemory.setLong(before + NEXT, link);
        NativeMemory.setLong(after + PREV, link);
    }
}
