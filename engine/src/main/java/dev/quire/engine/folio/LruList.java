/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.struct.PageFlag;

/** The lists of folios by use and kind, as the kernel numbers them (enum lru_list). */
public enum LruList {
    /** Not used lately, backed by swap. */
    INACTIVE_ANONYMOUS,
    /** In use, backed by swap. */
    ACTIVE_ANONYMOUS,
    /** Not used lately, backed by a file. */
    INACTIVE_FILE,
    /** In use, backed by a file. */
    ACTIVE_FILE,
    /** Cannot be evicted: counted, but on no list, because nobody ever walks it. */
    UNEVICTABLE;

    private static final LruList[] VALUES = values();

    /** The list that a folio with these flags belongs on (folio_lru_list). */
    static LruList of(long flags) {
        if (PageFlag.UNEVICTABLE.isSet(flags)) {
            return UNEVICTABLE;
        }
        int active = PageFlag.ACTIVE.isSet(flags) ? 1 : 0;
        return VALUES[PageFlag.SWAPBACKED.isSet(flags) ? active : 2 + active];
    }
}
