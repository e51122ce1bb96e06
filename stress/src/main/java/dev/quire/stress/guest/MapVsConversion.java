/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.guest;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A guest that maps private memory with a large leaf entry, beside the conversion of one of its pages: the conversion
 * takes that page from the guest, and no other.
 *
 * <p>First number: whether the guest mapped its folio (1), or found it being converted (0). Second: how the conversion
 * ended (0, or -11 for EAGAIN). Third: 0; 9 if the page was zapped together with others, or is mapped after it was
 * converted.
 */
@JCStressTest
@Description("a guest maps a folio of 2 MiB while another page of it is converted to shared, which splits")
@Outcome(
        id = "1, 0, 0",
        expect = ACCEPTABLE,
        desc = "the guest mapped a leaf that was then split, or one of what was left")
@Outcome(
        id = "0, 0, 0",
        expect = ACCEPTABLE,
        desc = "window: the conversion began while the guest was about to map the folio")
@Outcome(id = "[01], -11, 0", expect = ACCEPTABLE, desc = "the guest held the folio for so long that it was not split")
@Outcome(id = ".*, 7", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
@Outcome(
        id = ".*, 9",
        expect = FORBIDDEN,
        desc = "the guest has lost pages that were not converted, or still has the one that was")
@Outcome(expect = FORBIDDEN, desc = "no such history")
@State
public class MapVsConversion extends Rendezvous {
    private static final GuestPages PAGES = GuestPages.mapped();
    private final GuestPages.OwnPage page = PAGES.take(false);

    /** Faults, and maps what it gets. */
    @Actor
    public void map(III_Result seen) {
        meet(page.slot());
        seen.r1 = page.map();
    }

    /** Converts. */
    @Actor
    public void convert(III_Result seen) {
        meet();
        seen.r2 = page.convert(true);
    }

    /** Looks at the guest's leaf, and recycles the huge page. */
    @Arbiter
    public void arbiter(III_Result seen) {
        int leaf = page.isMappedRightly(seen.r2) ? 0 : GuestPages.WRONG;
        seen.r3 = page.recycle(leaf);
    }
}
