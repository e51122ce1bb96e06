/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.struct.PageStruct;
import org.jspecify.annotations.Nullable;

/**
 * One split in stages under way: what is split, and what is left to do. One object per thread, used again and again.
 */
final class StagedSplit {
    final StagedPlan plan = new StagedPlan();

    /** The old head, and what it said before the first stage. */
    long folio;

    long mapping;
    long index;

    /** A page of the piece that keeps the lock and the caller's reference. */
    long lockAt;

    int newOrder;

    /** Whether the caller gets a reference to every piece. */
    boolean keep;

    /** Gets every piece but the first, each with a reference of its own; null if nobody wants them. */
    @Nullable
    FolioList list;

    /** Whether stages after the first are to come; others of the thread would use the same plan. */
    boolean isUnderWay;

    void begin(long folio, long lockAt, int newOrder, boolean keep, @Nullable FolioList list) {
        this.folio = folio;
        this.lockAt = lockAt;
        this.newOrder = newOrder;
        this.keep = keep;
        this.list = list;
        // Before the first stage, which leaves neither to the caller's piece if that lies beyond the end.
        mapping = PageStruct.mapping(folio);
        index = PageStruct.index(folio);
    }

    void requireNotUnderWay() {
        if (isUnderWay) {
            throw new IllegalStateException("a folio is split in stages by who is told of a stage of another");
        }
    }

    /** Whether each piece has a reference of its own for the caller, so that nobody else can split or free it. */
    boolean keepsPieces() {
        return keep || list != null;
    }
}
