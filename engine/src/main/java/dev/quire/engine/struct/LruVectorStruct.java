/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct lruvec: the lists of folios in the order of their last use, 192 bytes.
 *
 * <pre>
 *  0      4    64                   128             168  192
 *  | lock | -  | 4 lists (16 B each) | nr_pages[5]   | -  |
 * </pre>
 *
 * The lock guards everything; it has a cache line of its own. The fifth count is that of unevictable folios, which are
 * on no list. Counts are stored opaque, so that anyone may read them as hints.
 */
public final class LruVectorStruct {
    /** Bytes of the struct. */
    public static final int BYTES = 192;

    /** Lists; folios that cannot be evicted are counted, but on none of them. */
    public static final int NR_LISTS = 4;

    static final long LOCK = 0;
    static final long LISTS = 64;
    static final long NR_PAGES = 128;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_INT.withName("lock"),
                    MemoryLayout.paddingLayout(60),
                    MemoryLayout.sequenceLayout(NR_LISTS, ListHead.LAYOUT).withName("lists"),
                    MemoryLayout.sequenceLayout(NR_LISTS + 1, JAVA_LONG).withName("nr_pages"),
                    MemoryLayout.paddingLayout(24))
            .withName("lruvec");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "lists", LISTS);
        StructMap.requireOffset(LAYOUT, "nr_pages", NR_PAGES);
    }

    private LruVectorStruct() {}

    /** Address of the lock word. */
    public static long lock(long vector) {
        return vector + LOCK;
    }

    /** Address of a list, 0 to 3. */
    public static long list(long vector, int list) {
        return vector + LISTS + (long) list * ListHead.BYTES;
    }

    /** Opaque load of the number of pages of a list, 0 to 4. */
    public static long nrPagesOpaque(long vector, int list) {
        return NativeMemory.getLongOpaque(vector + NR_PAGES + (long) list * Long.BYTES);
    }

    /** Adds to the number of pages of a list, under the lock; readers load it opaque. */
    public static void addNrPages(long vector, int list, long nrPages) {
        long count = vector + NR_PAGES + (long) list * Long.BYTES;
        NativeMemory.setLongOpaque(count, NativeMemory.getLong(count) + nrPages);
    }
}
