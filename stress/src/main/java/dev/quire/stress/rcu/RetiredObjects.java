/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.rcu;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Slots;

/**
 * Objects that are published, unlinked and retired once each, in one RCU domain with one reader and one writer.
 *
 * <pre>
 *  0      8                      64
 *  | link | contents | -         | published (address of the object, or 0)
 * </pre>
 */
final class RetiredObjects {
    static final int ABSENT = 0;
    static final int ALIVE = 1;
    static final int RECLAIMED = 2;

    private static final long CONTENTS = 8;
    private static final long PUBLISHED = 64;
    private static final int NR_LOOKS = 512;
    private static final long NR_DISTANT_PAGES = 1 << 14;
    private static final int NR_PENDING_STORES = 8;
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final PageArena arena = PageArena.open(NR_DISTANT_PAGES, 1, Slots.COUNT, Backing.AUTOMATIC);
    private final Slots slots = new Slots();
    private final Rcu rcu;
    private final RcuQueue queue;
    private final RcuReader reader;
    private long random = 1;

    RetiredObjects(BarrierMode mode) {
        rcu = new Rcu(mode);
        queue = rcu.newQueue(0, object -> NativeMemory.setLongOpaque(object + CONTENTS, RECLAIMED));
        reader = rcu.register();
    }

    long publishNew() {
        long object = arena.objectsBase() + (long) slots.take() * PageArena.OBJECT_BYTES;
        NativeMemory.setLong(object + CONTENTS, ALIVE);
        NativeMemory.setLongRelease(object + PUBLISHED, object);
        return object;
    }

    /** Looks at the object all through a read section that is long enough for a writer to come by. */
    int read(long place) {
        delayStores();
        reader.enter();
        long object = NativeMemory.getLongAcquire(place + PUBLISHED);
        long seen = object == 0 ? ABSENT : ALIVE;
        for (int look = 0; look < NR_LOOKS && seen == ALIVE; look++) {
            seen = NativeMemory.getLongOpaque(object + CONTENTS);
            Thread.onSpinWait();
        }
        reader.exit();
        return (int) seen;
    }

    /**
     * Fills the store buffer of the reader's processor with stores to memory that no cache holds: what the reader
     * stores on entry waits behind them, and what it loads afterwards does not, unless something orders the two.
     */
    private void delayStores() {
        for (int store = 0; store < NR_PENDING_STORES; store++) {
            random = random * 6364136223846793005L + 1442695040888963407L;
            long page = (random >>> 33) & (NR_DISTANT_PAGES - 1);
            NativeMemory.setLongOpaque(arena.frameOf(arena.pageAt(page)) + (random >>> 58) * Long.BYTES, random);
        }
    }

    /** Unlinks the object and tries to reclaim it at once; tells what became of it. */
    int retire(long object) {
        NativeMemory.setLongRelease(object + PUBLISHED, 0);
        queue.retire(object);
        rcu.poll();
        return contents(object);
    }

    /** Nobody reads any more: waits until the object is reclaimed and lets its slot be used again. */
    void recycle(long object) {
        long startNanos = System.nanoTime();
        while (contents(object) != RECLAIMED) {
            rcu.poll();
            if (System.nanoTime() - startNanos > PATIENCE_NANOS) {
                throw new IllegalStateException("no reader is left, and the object is not reclaimed");
            }
        }
        slots.giveBack(slotOf(object));
    }

    int slotOf(long object) {
        return (int) ((object - arena.objectsBase()) / PageArena.OBJECT_BYTES);
    }

    private static int contents(long object) {
        return (int) NativeMemory.getLongOpaque(object + CONTENTS);
    }
}
