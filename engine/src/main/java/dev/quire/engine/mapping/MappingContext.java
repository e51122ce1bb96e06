/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioAccounting;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.FolioOwners;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.xarray.XaNodePool;

/**
 * What the address spaces of one engine share.
 *
 * @param arena where the pages are
 * @param objects slab of their structs
 * @param nodes pool of their index nodes
 * @param folios the folios
 * @param splitter splits folios
 * @param mappers unmaps folios that are dropped
 * @param owners finds an address space from a folio
 * @param swapTable the swap cache
 * @param accounting what is kept about folios beside their page structs
 * @param pressure whom to ask when memory is short
 * @param rcu delays the reuse of what readers may see
 * @param lifetime guard against close
 * @param lockOrder checker of lock order
 */
public record MappingContext(
        PageArena arena,
        ObjectSlab objects,
        XaNodePool nodes,
        Folios folios,
        FolioSplitter splitter,
        FolioMappers mappers,
        FolioOwners owners,
        SwapTable swapTable,
        FolioAccounting accounting,
        MemoryPressure pressure,
        Rcu rcu,
        Lifetime lifetime,
        LockOrder lockOrder) {}
