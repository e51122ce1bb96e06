/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** How the pieces of a block are held when they are frozen to be merged: who has references to them, and who locks. */
enum PieceHold {
    /** Anonymous: the caller has one reference to each, and has locked the first. */
    ANONYMOUS(false, false),

    /** The same, but all are locked: they were mapped. */
    ANONYMOUS_LOCKED(false, true),

    /** Of the page cache, which has one reference per page; the caller has one to the first, and has locked it. */
    CACHED(true, false),

    /** The same, but all are locked, with a reference each: they were mapped. */
    CACHED_LOCKED(true, true);

    private final boolean cached;
    private final boolean locked;

    PieceHold(boolean cached, boolean locked) {
        this.cached = cached;
        this.locked = locked;
    }

    /** Whether the merger has locked all pieces but the first, which the caller has locked. */
    boolean isLocked() {
        return locked;
    }

    /** References that a piece has which nothing maps and nobody else holds. */
    int references(long offset, long nrPages) {
        if (!cached) {
            return 1;
        }
        return (int) nrPages + (locked || offset == 0 ? 1 : 0);
    }
}
