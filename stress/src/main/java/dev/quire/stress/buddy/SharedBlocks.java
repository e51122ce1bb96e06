/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.buddy;

import dev.quire.engine.buddy.HeadBits;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.stress.Slots;

/**
 * Blocks of order 12, one for each state of a scenario: 64 words at level 0, one at level 1, and a bit of a word that
 * they share at level 2. Nobody allocates them; the scenario owns what it cuts and makes whole.
 */
final class SharedBlocks {
    /** Log2 pages of a block. */
    static final int ORDER = 12;

    /** Log2 pages of its pieces: a word at level 0 each. */
    static final int PIECE_ORDER = 6;

    /** The first page of the upper half. */
    static final long MIDDLE = 1L << (ORDER - 1);

    /** The whole block, each time. */
    static final int WHOLE = 1;

    /** The piece that holds the page, each time. */
    static final int PIECE = 2;

    /** First the one and then the other. */
    static final int CHANGED = 3;

    /** First the one, then the other, then the first again. */
    static final int CAME_BACK = 4;

    /** Something that starts no block, or a block that lies elsewhere. */
    static final int WRONG = 9;

    /** Added if the start of another piece of the block was named. */
    static final int OTHER_PIECE = 10;

    /** The page that readers look for: the last of a piece. */
    private static final long PAGE = MIDDLE + (8 << PIECE_ORDER) - 1;

    private static final int NR_LOOKS = 6;
    private static final int NR_SLOTS = 1 << 14;

    private final Slots slots = new Slots(NR_SLOTS);
    private final HeadBits headBits;

    /** Makes the blocks, each of them whole. */
    SharedBlocks() {
        headBits = new HeadBits(PageArena.open((long) NR_SLOTS << ORDER, 1, 1, Backing.AUTOMATIC));
        for (long gibibyte = 0; gibibyte < NR_SLOTS >>> (Geometry.PUD_ORDER - ORDER); gibibyte++) {
            headBits.setHead(gibibyte << Geometry.PUD_ORDER, Geometry.PUD_ORDER);
            headBits.setUniform(gibibyte << Geometry.PUD_ORDER, Geometry.PUD_ORDER, ORDER);
        }
    }

    /** First page of a new state's block. */
    long take() {
        return (long) slots.take() << ORDER;
    }

    /** Number of the state that has a block. */
    static int slotOf(long block) {
        return (int) (block >>> ORDER);
    }

    void giveBack(long block) {
        makeWhole(block);
        slots.giveBack(slotOf(block));
    }

    void cut(long block) {
        headBits.setUniform(block, ORDER, PIECE_ORDER);
    }

    void makeWhole(long block) {
        headBits.clearInside(block, ORDER);
    }

    void setHead(long page, int ownedOrder) {
        headBits.setHead(page, ownedOrder);
    }

    boolean isHead(long page) {
        return headBits.isHead(page);
    }

    /**
     * Looks several times for the block that holds the page, and sums up what it was named.
     *
     * @param pieceStart where the piece that holds it starts, counted from the block
     * @param heads whether whatever is named must start a block: not while pieces are made one
     */
    int watch(long block, long pieceStart, boolean heads) {
        int first = 0;
        int last = 0;
        boolean cameBack = false;
        boolean wasOther = false;
        for (int look = 0; look < NR_LOOKS; look++) {
            long named = headBits.headOf(block + PAGE);
            long start = named - block;
            if (start < 0 || start > PAGE || !Geometry.isAligned(start, PIECE_ORDER)) {
                return WRONG;
            }
            if (heads && !headBits.isHead(named)) {
                return WRONG;
            }
            if (start != 0 && start != pieceStart) {
                wasOther = true;
                continue;
            }
            int seen = start == 0 ? WHOLE : PIECE;
            first = first == 0 ? seen : first;
            cameBack |= seen == first && last != 0 && last != first;
            last = seen;
        }
        int history = cameBack ? CAME_BACK : first == last ? first : CHANGED;
        return history + (wasOther ? OTHER_PIECE : 0);
    }

    /** Where the piece of the page starts, of equal pieces. */
    static long equalPiece() {
        return PAGE & -1L << PIECE_ORDER;
    }
}
