/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct deferred_split: the queue of folios that are to be split when memory is short, 128 bytes.
 *
 * <pre>
 *  0      4    64     80          88   128
 *  | lock | -  | list | nr_folios | -  |
 * </pre>
 *
 * The lock guards everything; it has a cache line of its own. The count is stored opaque, so that anyone may read it as
 * a hint.
 */
public final class DeferredSplitStruct {
    /** Bytes of the struct. */
    public static final int BYTES = 128;

    static final long LOCK = 0;
    static final long LIST = 64;
    static final long NR_FOLIOS = 80;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_INT.withName("lock"),
                    MemoryLayout.paddingLayout(60),
                    ListHead.LAYOUT.withName("list"),
                    JAVA_LONG.withName("nr_folios"),
                    MemoryLayout.paddingLayout(40))
            .withName("deferred_split");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "list", LIST);
        StructMap.requireOffset(LAYOUT, "nr_folios", NR_FOLIOS);
    }

    private DeferredSplitStruct() {}

    /** Address of the lock word. */
    public static long lock(long queue) {
        return queue + LOCK;
    }

    /** Address of the list, which links {@link FolioStruct#deferredList}. */
    public static long list(long queue) {
        return queue + LIST;
    }

    /** Opaque load of the number of queued folios. */
    public static long nrFoliosOpaque(long queue) {
        return NativeMemory.getLongOpaque(queue + NR_FOLIOS);
    }

    /** Adds to the number of queued folios, under the lock; readers load it opaque. */
    public static void addNrFolios(long queue, long nrFolios) {
        NativeMemory.setLongOpaque(queue + NR_FOLIOS, NativeMemory.getLong(queue + NR_FOLIOS) + nrFolios);
    }
}
