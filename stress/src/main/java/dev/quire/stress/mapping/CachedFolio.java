/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.stress.GuardedState;
import dev.quire.stress.PinCheck;
import dev.quire.stress.Progress;

/** The folio that a state has for itself, cached in a range of a file that all states of the scenario share. */
final class CachedFolio extends GuardedState {
    /** Added to what a reader pinned if it came while the folio was frozen. */
    private static final int CAME_FROZEN = 10;

    /** Nothing, and then the folio. */
    private static final int NOTHING_THEN_FOLIO = 3;

    /** The folio, and then nothing. */
    private static final int FOLIO_THEN_NOTHING = 4;

    private static final int NR_LOOKS = 8;

    private final CachedFolios folios;
    private final long folio;
    private final long base;
    private final int page;

    /** The folio to which the state holds a reference in the end, or 0. */
    private long held;

    /** Makes a folio, with a reference for the state, that is not cached. */
    private CachedFolio(CachedFolios folios) {
        super(folios.slots.tryTake());
        this.folios = folios;
        base = CachedFolios.baseOf(slot());
        page = CachedFolios.pageOf(slot());
        folio = guardHandle(() -> folios.allocate(slot()));
        held = folio;
    }

    /** Makes a folio that is not cached yet. */
    static CachedFolio uncached(CachedFolios folios) {
        return new CachedFolio(folios);
    }

    /** Caches a folio; the state has a reference to it. */
    static CachedFolio pinned(CachedFolios folios) {
        CachedFolio folio = new CachedFolio(folios);
        folio.add();
        return folio;
    }

    /** Caches a folio and leaves it to the file: one more reference would keep it from being split, or freed. */
    static CachedFolio left(CachedFolios folios) {
        CachedFolio folio = pinned(folios);
        folio.letGo();
        return folio;
    }

    private void letGo() {
        guardAction(() -> folios.unpin(held));
        held = 0;
    }

    // ---- what readers do

    /** Pins the folio of the page by its index, and lets go of it; see {@link CachedFolios#lookUp}. */
    int lookUp() {
        return guard(() -> {
            int cameFrozen = folios.isFrozen(folio) ? CAME_FROZEN : 0;
            return folios.lookUp(base, page) + cameFrozen;
        });
    }

    /**
     * Looks the page up several times while its folio is cached: {@link PinCheck#NOTHING}, {@link PinCheck#WHOLE},
     * one after the other, or {@link PinCheck#WRONG}.
     */
    int lookUpOften() {
        return guard(() -> {
            int history = folios.lookUp(base, page);
            for (int look = 1; look < NR_LOOKS && history != PinCheck.WRONG; look++) {
                int seen = folios.lookUp(base, page);
                if (seen == PinCheck.WRONG) {
                    history = PinCheck.WRONG;
                } else if (seen == PinCheck.NOTHING && history != PinCheck.NOTHING) {
                    history = FOLIO_THEN_NOTHING;
                } else if (seen == PinCheck.WHOLE && history == PinCheck.NOTHING) {
                    history = NOTHING_THEN_FOLIO;
                }
            }
            return history;
        });
    }

    /** Pins the folio of the page by the page itself, and lets go of it; see {@link CachedFolios#pinFolioOf}. */
    int pinFolioOfPage() {
        return guard(() -> folios.pinFolioOf(folio, base, page));
    }

    /** Reads the page without a pin; see {@link CachedFolios#readUnpinned}. */
    int readUnpinned(Progress writer) {
        return guard(() -> folios.readUnpinned(base, page, writer));
    }

    /** Whether the page is where holes are punched. */
    boolean isInHole() {
        return CachedFolios.isInHole(page);
    }

    // ---- what writers do

    /** Caches the folio. */
    void add() {
        guardAction(() -> folios.add(folio, base));
    }

    /** Splits the folio; 0 or an error number. */
    int split() {
        return guard(() -> folios.split(folio));
    }

    /** Punches the hole. */
    void punchHole() {
        guardAction(() -> folios.punchHole(base));
    }

    /** Drops the folio, and allocates and fills another one, which the state holds from then on. */
    void dropAndAllocate() {
        held = guardHandle(() -> folios.dropAndAllocate(base));
    }

    // ---- the end of the state

    /**
     * Lets go of what the state holds, and drops what is cached; what actors have seen, {@link PinCheck#WRONG} if the
     * engine has lost count of references, or {@link #BROKEN}.
     */
    int recycle(int seen) {
        boolean isCounted = held == 0 || folios.tryUnpin(held);
        guardAction(() -> folios.drop(base));
        recycleSlot(folios.slots, isCounted);
        return verdict(seen, isCounted);
    }
}
