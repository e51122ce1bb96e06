/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;

/**
 * What the splitter of an engine shares with the rest of it.
 *
 * @param arena where the pages are
 * @param folios the folios
 * @param headMap how a page's head is found
 * @param folioLock the folio locks
 * @param owners who owns which mapping word
 * @param swapTable the swap cache
 * @param accounting what is kept about folios beside their page structs
 * @param mappers who maps folios into page tables
 * @param lifetime guard against close
 */
public record FolioContext(
        PageArena arena,
        Folios folios,
        HeadMap headMap,
        FolioLock folioLock,
        FolioOwners owners,
        SwapTable swapTable,
        FolioAccounting accounting,
        FolioMappers mappers,
        Lifetime lifetime) {}
