/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.memory.Errno;
import dev.quire.stress.PinCheck;

/**
 * The folio that a state has for itself, cached in a range of a file that all states of the scenario share.
 *
 * <p>A broken engine can leave so many ranges in disorder that a state gets none. It then reports what is forbidden, as the
 * states did that left the disorder; to fail would hide their outcomes.
 */
final class CachedFolio {
    /** Added to what a reader pinned if it came while the folio was frozen. */
    private static final int CAME_FROZEN = 10;

    private final CachedFolios folios;
    private final long folio;
    private final long base;
    private final int page;

    CachedFolio(CachedFolios folios) {
        this.folios = folios;
        folio = folios.tryTake();
        base = folio == 0 ? 0 : folios.baseOf(folio);
        page = CachedFolios.pageOf(base);
    }

    /** Leaves the folio to the file: one more reference would keep a hole from splitting it. */
    void letGo() {
        if (folio != 0) {
            folios.letGo(folio);
        }
    }

    /** A number that differs from state to state. */
    long slot() {
        return base >>> CachedFolios.ORDER;
    }

    /** Pins the folio of the page by its index, and lets go of it; see {@link CachedFolios#lookUp}. */
    int lookUp() {
        if (folio == 0) {
            return PinCheck.WRONG;
        }
        int cameFrozen = folios.isFrozen(folio) ? CAME_FROZEN : 0;
        return folios.lookUp(base, page) + cameFrozen;
    }

    /** Pins the folio of the page by the page itself, and lets go of it; see {@link CachedFolios#pinFolioOf}. */
    int pinFolioOfPage() {
        return folio == 0 ? PinCheck.WRONG : folios.pinFolioOf(folio, base, page);
    }

    /** Whether the page is where holes are punched. */
    boolean isInHole() {
        return CachedFolios.isInHole(page);
    }

    int split() {
        return folio == 0 ? Errno.OK : folios.split(folio);
    }

    void punchHole() {
        if (folio != 0) {
            folios.punchHole(base);
        }
    }

    /** Drops the folio, which the state still has a reference to; false if the engine has lost count of them. */
    boolean recycle() {
        return folio != 0 && folios.giveBack(base, folio);
    }

    /** The same for a folio that was left to the file. */
    boolean recycleLeft() {
        return folio != 0 && folios.giveBack(base);
    }
}
