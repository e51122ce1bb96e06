/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;

/** Stands before an owner of folios, and checks something before each call. */
final class GuardedOwner implements FolioOwner {
    private final FolioOwner owner;
    private final Runnable guard;

    /** Calls so far. */
    int nrCalls;

    GuardedOwner(FolioOwner owner, Runnable guard) {
        this.owner = owner;
        this.guard = guard;
    }

    private FolioOwner guarded() {
        nrCalls++;
        guard.run();
        return owner;
    }

    @Override
    public long address() {
        // Asked for by the table of owners, too, which has no part in a split.
        return owner.address();
    }

    @Override
    public XArray index() {
        return guarded().index();
    }

    @Override
    public XaCursor lockedCursor() {
        return guarded().lockedCursor();
    }

    @Override
    public void addNrPages(long nrPages) {
        guarded().addNrPages(nrPages);
    }

    @Override
    public int minimumOrder() {
        return guarded().minimumOrder();
    }

    @Override
    public long endIndex() {
        return guarded().endIndex();
    }

    @Override
    public void uncharge(long nrPages) {
        guarded().uncharge(nrPages);
    }

    @Override
    public boolean isClosed() {
        return guarded().isClosed();
    }
}
