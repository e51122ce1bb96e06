/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

/** The folio that a state has for itself, cached in a range of a file that all states of the scenario share. */
final class CachedFolio {
    /** Added to what a reader pinned if it came while the folio was frozen. */
    private static final int CAME_FROZEN = 10;

    private final CachedFolios folios;
    private final long folio;
    private final long base;
    private final int page;

    CachedFolio(CachedFolios folios) {
        this.folios = folios;
        folio = folios.take();
        base = folios.baseOf(folio);
        page = CachedFolios.pageOf(base);
    }

    /** Leaves the folio to the file: one more reference would keep a hole from splitting it. */
    void letGo() {
        folios.letGo(folio);
    }

    /** A number that differs from state to state. */
    long slot() {
        return base >>> CachedFolios.ORDER;
    }

    /** Pins the folio of the page by its index, and lets go of it; see {@link CachedFolios#lookUp}. */
    int lookUp() {
        int cameFrozen = folios.isFrozen(folio) ? CAME_FROZEN : 0;
        return folios.lookUp(base, page) + cameFrozen;
    }

    /** Pins the folio of the page by the page itself, and lets go of it; see {@link CachedFolios#pinFolioOf}. */
    int pinFolioOfPage() {
        return folios.pinFolioOf(folio, base, page);
    }

    /** Whether the page is where holes are punched. */
    boolean isInHole() {
        return CachedFolios.isInHole(page);
    }

    int split() {
        return folios.split(folio);
    }

    void punchHole() {
        folios.punchHole(base);
    }

    /** Drops the folio, which the state still has a reference to; false if the engine has lost count of them. */
    boolean recycle() {
        return folios.giveBack(base, folio);
    }

    /** The same for a folio that was left to the file. */
    boolean recycleLeft() {
        return folios.giveBack(base);
    }
}
