/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.buddy.Zone;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.struct.PageTableStruct;

/**
 * The pages that page tables are made of (pagetable_alloc, pagetable_free, tlb_remove_table). A table that was
 * reachable is reused after a grace period, so that lock-free walks need no more than a read section.
 *
 * <p>Thread-safe; takes the zone lock.
 */
final class TablePages {
    static final long NONE = 0;

    private final PageArena arena;
    private final Zone zone;
    private final Rcu rcu;
    private final RcuQueue retired;

    TablePages(PageArena arena, Zone zone, Rcu rcu) {
        this.arena = arena;
        this.zone = zone;
        this.rcu = rcu;
        retired = rcu.newQueue(PageTableStruct.NEXT, this::free);
    }

    /** Handle of an empty table's page, or {@link #NONE} if there is no memory. */
    long allocate() {
        long table = zone.allocateFrozen(0);
        if (table == Zone.NONE && rcu.poll()) {
            table = zone.allocateFrozen(0);
        }
        if (table == Zone.NONE) {
            return NONE;
        }
        NativeMemory.fill(arena.frameOf(table), Geometry.PAGE_BYTES, (byte) 0);
        PageTableStruct.initialise(table);
        return table;
    }

    /**
     * Handle of an empty table's page, or {@link #NONE} if nobody has a page to give. Waits for readers, and for what
     * the pressure needs to find memory.
     */
    long allocateUnderPressure(MemoryPressure pressure) {
        long table = allocate();
        if (table == NONE) {
            // What was freed before counts as free, whether or not its grace period is over.
            rcu.barrier();
            table = allocate();
        }
        boolean found = true;
        while (table == NONE && found) {
            found = pressure.relieve(1);
            if (!found) {
                // Another thread may have got memory for itself meanwhile, and more than it took.
                rcu.barrier();
            }
            table = allocate();
        }
        return table;
    }

    /**
     * A chain of empty tables, linked through their {@code next} words, or {@link #NONE} if there is no memory for all.
     */
    long allocateChain(int nrTables) {
        long first = NONE;
        for (int i = 0; i < nrTables; i++) {
            long table = allocate();
            if (table == NONE) {
                freeChain(first);
                return NONE;
            }
            PageTableStruct.next(table, first);
            first = table;
        }
        return first;
    }

    /** Frees a chain of tables that were never reachable. */
    void freeChain(long first) {
        for (long table = first; table != NONE; ) {
            long next = PageTableStruct.next(table);
            free(table);
            table = next;
        }
    }

    /** Frees a table that new walks can no longer reach, after a grace period. */
    void retire(long table) {
        retired.retire(table);
    }

    private void free(long table) {
        PageTableStruct.clear(table);
        zone.freeFrozen(table, 0);
    }
}
