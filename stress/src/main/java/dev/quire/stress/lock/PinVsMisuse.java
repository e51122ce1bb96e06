/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.References;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Somebody gives back more references than there are, and is told so: nobody else is turned away, or sees a wrong
 * count, because of it.
 *
 * <p>First number: what came of pins beside it (1 all held, 3 one saw a count that never was, 0 one was refused, 4 the
 * engine lost count). Second: whether the wrong call came meanwhile.
 */
public final class PinVsMisuse {
    private static final SharedPages PAGES = new SharedPages();
    private static final int NR_PINS = 8;
    private static final int TOO_MANY = 5;

    private PinVsMisuse() {}

    private static int pinAndPut(long page) {
        for (int pin = 0; pin < NR_PINS; pin++) {
            if (!References.tryGet(page)) {
                return 0;
            }
            if (References.count(page) != 2) {
                return 3;
            }
            try {
                References.put(page, 1);
            } catch (IllegalStateException e) {
                return 4;
            }
        }
        return 1;
    }

    /** One owner, one reader that pins, and somebody who has miscounted. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader held its pins")
    @Outcome(
            id = "1, 1",
            expect = ACCEPTABLE,
            desc = "window: the wrong call came between the reader's pins, and left no trace")
    @Outcome(id = "0, .", expect = FORBIDDEN, desc = "the reader was refused a folio that has an owner")
    @Outcome(expect = FORBIDDEN, desc = "the count was wrong for a moment")
    @Description("pins of a folio against a put of more references than there are")
    @State
    public static class PutOfTooMany extends Rendezvous {
        private final long page = PAGES.take(0, 1);
        private final Progress misuse = new Progress();

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(PAGES.slotOf(page));
            boolean wasComplete = misuse.isComplete();
            seen.r1 = pinAndPut(page);
            seen.r2 = wasComplete == misuse.isComplete() ? 0 : 1;
        }

        /** Gives back too many. */
        @Actor
        public void miscounter() {
            meet();
            try {
                References.put(page, TOO_MANY);
                throw new AssertionError("gave back more than there are");
            } catch (IllegalStateException e) {
                misuse.complete();
            }
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            if (References.count(page) != 1) {
                seen.r1 = 4;
            }
            PAGES.giveBack(page);
        }
    }
}
