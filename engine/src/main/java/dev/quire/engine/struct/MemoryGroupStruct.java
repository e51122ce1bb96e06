/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.PageArena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct mem_cgroup: what the memory group word of a charged folio points to, 128 bytes.
 *
 * <pre>
 *  0            8               16   24               32   128
 *  | references | charged pages | id | index nodes    | -  |
 * </pre>
 *
 * All counters are changed by atomics alone. Each charged folio has one reference, and so has the group's owner; the
 * last one given back frees the struct.
 */
public final class MemoryGroupStruct {
    /** Bytes of the struct. */
    public static final int BYTES = PageArena.OBJECT_BYTES;

    static final long REFERENCES = 0;
    static final long CHARGED_PAGES = 8;
    static final long ID = 16;
    static final long INDEX_NODES = 24;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_LONG.withName("references"),
                    JAVA_LONG.withName("charged_pages"),
                    JAVA_LONG.withName("id"),
                    JAVA_LONG.withName("index_nodes"),
                    MemoryLayout.paddingLayout(96))
            .withName("mem_cgroup");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "charged_pages", CHARGED_PAGES);
        StructMap.requireOffset(LAYOUT, "id", ID);
        StructMap.requireOffset(LAYOUT, "index_nodes", INDEX_NODES);
    }

    private MemoryGroupStruct() {}

    /** Opaque load of the number of references. */
    public static long referencesOpaque(long group) {
        return NativeMemory.getLongOpaque(group + REFERENCES);
    }

    /** Atomically adds references; returns the number from before. */
    public static long getAndAddReferences(long group, long delta) {
        return NativeMemory.getAndAddLong(group + REFERENCES, delta);
    }

    /** Opaque load of the number of pages charged. */
    public static long chargedPagesOpaque(long group) {
        return NativeMemory.getLongOpaque(group + CHARGED_PAGES);
    }

    /** Atomically adds charged pages. */
    public static void addChargedPages(long group, long nrPages) {
        NativeMemory.getAndAddLong(group + CHARGED_PAGES, nrPages);
    }

    /** Plain load of the group's number; it never changes. */
    public static long id(long group) {
        return NativeMemory.getLong(group + ID);
    }

    /** Plain store of the group's number, before the group is used. */
    public static void id(long group, long id) {
        NativeMemory.setLong(group + ID, id);
    }

    /** Opaque load of the number of index nodes that splits took for the group's folios. */
    public static long indexNodesOpaque(long group) {
        return NativeMemory.getLongOpaque(group + INDEX_NODES);
    }

    /** Atomically adds index nodes that a split took. */
    public static void addIndexNodes(long group, long nrNodes) {
        NativeMemory.getAndAddLong(group + INDEX_NODES, nrNodes);
    }
}
