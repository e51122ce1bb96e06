/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Errno;

/** Kinds of folios, each with what the rules say of splitting them. */
enum SplitKind {
    ANONYMOUS(true, 0),
    /** Mapped by recorded page tables, so that a test can watch and disturb them. */
    ANONYMOUS_MAPPED(true, 0),
    /** Mapped by two processes with page tables of the engine. */
    ANONYMOUS_IN_PAGE_TABLES(true, 0),
    ANONYMOUS_SWAP_CACHED(true, 0),
    FILE(false, 0),
    FILE_MAPPED(false, 0),
    FILE_IN_PAGE_TABLES(false, 0),
    /** The file ends at a third of the folio. */
    FILE_ACROSS_END(false, 0),
    FILE_MINIMUM_ORDER(false, 2),
    SHARED_MEMORY(false, 0),
    /** Mapped by two processes, who have written to it through the page tables. */
    SHARED_MEMORY_IN_PAGE_TABLES(false, 0),
    /** The file ends at the start of the folio, but pages were allocated up to two thirds of it. */
    SHARED_MEMORY_ALLOCATED_BEYOND_END(false, 0);

    final boolean anonymous;
    final int minimumOrder;

    SplitKind(boolean anonymous, int minimumOrder) {
        this.anonymous = anonymous;
        this.minimumOrder = minimumOrder;
    }

    /** Smallest order that a folio of this kind can have and be split. */
    int smallestOrder() {
        return anonymous ? 2 : minimumOrder + 1;
    }

    boolean isSharedMemory() {
        return this == SHARED_MEMORY
                || this == SHARED_MEMORY_IN_PAGE_TABLES
                || this == SHARED_MEMORY_ALLOCATED_BEYOND_END;
    }

    boolean isMapped() {
        return this == ANONYMOUS_MAPPED || this == FILE_MAPPED;
    }

    boolean isInPageTables() {
        return this == ANONYMOUS_IN_PAGE_TABLES || this == FILE_IN_PAGE_TABLES || this == SHARED_MEMORY_IN_PAGE_TABLES;
    }

    /** What a split of a folio that nobody else holds gives. */
    int expectedResult(boolean uniform, int newOrder) {
        boolean refused = (anonymous && newOrder == 1)
                || newOrder < minimumOrder
                || (this == ANONYMOUS_SWAP_CACHED && (!uniform || newOrder != 0));
        return refused ? Errno.EINVAL : Errno.OK;
    }

    /** First page of a folio of so many that is dropped by a split; more than that if none is. */
    long firstDropped(long nrPages) {
        return switch (this) {
            case FILE_ACROSS_END -> Math.max(nrPages / 3, 1);
            case SHARED_MEMORY_ALLOCATED_BEYOND_END -> Math.max(2 * nrPages / 3, 1);
            default -> Long.MAX_VALUE;
        };
    }
}
