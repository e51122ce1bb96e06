/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A lookup in an address space, and the addition of a page to it, beside its close are finished or refused. What was
 * added goes with the address space, and neither ever meets the one that gets its struct.
 *
 * <p>First number: what the lookup found (0 nothing, 1 the page, 5 it was refused, 9 another's page). Second: what
 * became of the addition (1 done, 2 done, and the address space was closed by then, 5 refused). Third: 9 if the
 * successor's page was found, or the successor has other pages than its own, or the added page has not come back; 0 if
 * not.
 */
public final class UseVsClose {
    private UseVsClose() {}

    /** The struct is used again at once. */
    @JCStressTest
    @Outcome(id = "1, 1, 0", expect = ACCEPTABLE, desc = "both came before the close")
    @Outcome(id = "[05], 5, 0", expect = ACCEPTABLE, desc = "both came after the close, or met it")
    @Outcome(
            id = "1, 5, 0",
            expect = ACCEPTABLE,
            desc = "window: the address space was closed between the lookup and the addition")
    @Outcome(
            id = "[01], 2, 0",
            expect = ACCEPTABLE,
            desc = "window: the page was added while the address space was being closed, and went with it")
    @Outcome(
            id = {"9, ., .", "., ., 9"},
            expect = FORBIDDEN,
            desc = "a lookup or an addition met the successor of the address space, or a page was lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is looked up in an address space, and one added, while it is closed and its struct used again")
    @State
    public static class StructUsedAgain extends Rendezvous {
        private static final OwnSpaces SPACES = new OwnSpaces();
        private final OwnSpaces.OwnSpace space = SPACES.take();
        private final Progress close = new Progress();

        /** Looks up and adds. */
        @Actor
        public void user(III_Result seen) {
            meet(space.number());
            seen.r1 = space.lookUp();
            seen.r2 = space.add();
            seen.r3 = space.lookForSuccessor(close);
        }

        /** Closes. */
        @Actor
        public void closer() {
            meet();
            space.closeAndSucceed();
            close.complete();
        }

        /** Looks. */
        @Arbiter
        public void arbiter(III_Result seen) {
            if (!space.recycle()) {
                seen.r3 = OwnSpaces.OwnSpace.WRONG;
            }
        }
    }
}
