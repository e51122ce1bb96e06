/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;

/** What must hold of one piece of a split folio: all that follows from where it is. */
final class ExpectedPiece {
    final long head;

    /** First page, relative to the folio. */
    final long offset;

    /** Page after the last, relative to the folio. */
    final long end;

    final int order;
    final boolean dropped;
    final boolean locked;
    final int nrLeaves;

    /** Of 2 MiB: what migrated comes back in these where a process shows all of such a block alike. */
    final int nrLargeLeaves;

    /** 0 if nobody has it: then it is freed. */
    final int references;

    /**
     * Finds out what must hold.
     *
     * @param folio head of the folio
     * @param offset first page of the piece, relative to the folio
     * @param order log2 pages of the piece
     * @param dropped whether the index has it no more
     * @param cached whether an index or the swap cache has references to it
     * @param lockAt page of the folio that must be locked and have the caller's reference
     * @param keptReferences references that each piece has beyond those of its kind, and the locked one's
     * @param leavesByPage leaves that map each page of the folio; fewer if the rest is not mapped
     * @param largeLeavesByPage those of 2 MiB, each counted at its first page
     */
    ExpectedPiece(
            long folio,
            long offset,
            int order,
            boolean dropped,
            boolean cached,
            long lockAt,
            int keptReferences,
            int[] leavesByPage,
            int[] largeLeavesByPage) {
        this.offset = offset;
        this.order = order;
        this.dropped = dropped;
        head = folio + offset * PageStruct.BYTES;
        end = offset + Geometry.pagesIn(order);
        locked = lockAt >= offset && lockAt < end;
        nrLeaves = sum(leavesByPage);
        nrLargeLeaves = sum(largeLeavesByPage);
        references = nrLeaves + (cached ? 1 << order : 0) + (locked ? 1 : keptReferences);
    }

    private int sum(int[] byPage) {
        int sum = 0;
        for (long page = offset; page < Math.min(end, byPage.length); page++) {
            sum += byPage[(int) page];
        }
        return sum;
    }

    /** Fails, naming the piece, unless something of it is as expected. */
    void check(long expected, long actual, String what) {
        if (expected != actual) {
            fail(this + ": " + what + ": expected 0x" + Long.toHexString(expected) + ", found 0x"
                    + Long.toHexString(actual));
        }
    }

    @Override
    public String toString() {
        return "piece at page " + offset + " of order " + order;
    }
}
