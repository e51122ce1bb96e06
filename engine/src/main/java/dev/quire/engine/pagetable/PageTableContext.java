/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.buddy.Zone;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMap;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;

/** What the page tables of one engine share. Immutable; safe for use by many threads. */
public final class PageTableContext {
    final PageArena arena;
    final ObjectSlab objects;
    final Folios folios;
    final HeadMap headMap;
    final FolioLock folioLock;
    final MemoryPressure pressure;
    final Rcu rcu;
    final Lifetime lifetime;
    final LockOrder lockOrder;
    final TablePages tablePages;
    final FolioMapcounts mapcounts;
    final MigrationWaiters migrationWaiters;
    final ReverseMap reverseMap;

    /**
     * Puts together what page tables need.
     *
     * @param arena where pages and tables are
     * @param objects slab of the structs that own folios
     * @param zone who hands out the pages of tables
     * @param folios the folios
     * @param headMap how a page's head is found
     * @param folioLock the folio locks
     * @param pressure whom to ask when memory is short
     * @param rcu delays the reuse of tables
     * @param lifetime guard against close
     * @param lockOrder checker of lock order
     */
    public PageTableContext(
            PageArena arena,
            ObjectSlab objects,
            Zone zone,
            Folios folios,
            HeadMap headMap,
            FolioLock folioLock,
            MemoryPressure pressure,
            Rcu rcu,
            Lifetime lifetime,
            LockOrder lockOrder) {
        this.arena = arena;
        this.objects = objects;
        this.folios = folios;
        this.headMap = headMap;
        this.folioLock = folioLock;
        this.pressure = pressure;
        this.rcu = rcu;
        this.lifetime = lifetime;
        this.lockOrder = lockOrder;
        tablePages = new TablePages(arena, zone, rcu);
        mapcounts = new FolioMapcounts(folios);
        migrationWaiters = new MigrationWaiters(lockOrder);
        reverseMap = new ReverseMap(this);
    }

    /**
     * The way from a folio to its mappings, for splits.
     *
     * @return the mappers of this engine
     */
    public FolioMappers mappers() {
        return reverseMap;
    }

    /** Head of the folio that a leaf maps; stable while the leaf's own reference does. */
    long folioOf(long leaf) {
        return headMap.headOf(arena.pageAt(PageTableEntry.pfn(leaf)));
    }
}
