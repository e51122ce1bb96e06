/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.guest;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Who gets a page from a fault beside its conversion holds it in the state it asked for, and the conversion fails; or
 * the fault is refused. So nobody has access once a conversion has returned with success.
 *
 * <p>A fault on a page that is not being converted, but lies beside one that is, is always answered.
 *
 * <p>First number: what the fault gave (0 refused, 1 the page, 9 a page that was converted or does not fit); 10 more if
 * it came, and beside the page also ended, while the conversion was under way. Second: how the conversion ended (0, or
 * -11 for EAGAIN).
 */
public final class FaultVsConversion {
    private FaultVsConversion() {}

    /** How faults on the page itself are graded. */
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the fault came after the conversion, or noticed it")
    @Outcome(
            id = "10, 0",
            expect = ACCEPTABLE,
            desc = "window: the fault came while the page was being converted, waited, and was refused")
    @Outcome(id = "1?1, -11", expect = ACCEPTABLE, desc = "window: who held the page kept it from being converted")
    @Outcome(id = "1?1, 0", expect = FORBIDDEN, desc = "the page was converted while somebody held it")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the fault gave a page in the other state, or in a wrong folio")
    @Outcome(id = "1?0, -11", expect = FORBIDDEN, desc = "the fault was refused a page that stayed as it was")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** The page becomes part of a folio of 2 MiB again. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("host fault on the only shared page of 2 MiB beside its conversion to private, which merges")
    @State
    public static class Merging extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(false);
        private final GuestPages.OwnPage page = PAGES.take(true);
        private final Progress conversion = new Progress();

        /** Faults, and holds the page. */
        @Actor
        public void fault(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.faultAndHold(true, conversion);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet();
            seen.r2 = page.convert(false);
            conversion.complete();
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }

    /** The page stays a folio of its own, as its neighbour stays shared. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("host fault on a shared page beside its conversion to private, which changes no folio")
    @State
    public static class Alone extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(true);
        private final GuestPages.OwnPage page = PAGES.take(true);
        private final Progress conversion = new Progress();

        /** Faults, and holds the page. */
        @Actor
        public void fault(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.faultAndHold(true, conversion);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet();
            seen.r2 = page.convert(false);
            conversion.complete();
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }

    /** The page is split off a folio of 2 MiB. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("guest fault on a page of a private folio of 2 MiB beside the conversion of the page to shared, which"
            + " splits")
    @State
    public static class Splitting extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(false);
        private final GuestPages.OwnPage page = PAGES.take(false);
        private final Progress conversion = new Progress();

        /** Faults, and holds the page. */
        @Actor
        public void fault(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.faultAndHold(false, conversion);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet();
            seen.r2 = page.convert(true);
            conversion.complete();
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }

    /** The page is not there: the fault allocates its huge page, in the folios that fit the attributes. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("guest fault on a private page that is not there beside the conversion of the page to shared")
    @State
    public static class Missing extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(false);
        private final GuestPages.OwnPage page = PAGES.takeMissing();
        private final Progress conversion = new Progress();

        /** Faults, and holds the page. */
        @Actor
        public void fault(II_Result seen) {
            meet();
            seen.r1 = page.faultAndHold(false, conversion);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet(page.slot());
            seen.r2 = page.convert(true);
            conversion.complete();
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }

    /** The page beside is a folio of its own, which the conversion has nothing to do with. */
    @JCStressTest
    @Description(
            "host fault on the shared neighbour of a page beside the page's conversion to private, which changes no"
                    + " folio")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the fault came before the conversion, or ended after it")
    @Outcome(id = "11, 0", expect = ACCEPTABLE, desc = "window: the fault was answered while the conversion was on")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the fault was refused, or gave a page that does not fit")
    @Outcome(id = "1?1, -11", expect = FORBIDDEN, desc = "a page that nobody held was not converted")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @State
    public static class Beside extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(true);
        private final GuestPages.OwnPage page = PAGES.take(true);

        /** Faults the neighbour in. */
        @Actor
        public void fault(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.faultBeside(1, true);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet();
            seen.r2 = page.convert(false);
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }

    /** The page beside lies in the folio that is split. */
    @JCStressTest
    @Description(
            "guest fault on a page of a private folio of 2 MiB beside the conversion of another page of it to shared,"
                    + " which splits")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the fault came before the conversion, or ended after it")
    @Outcome(id = "11, 0", expect = ACCEPTABLE, desc = "window: the fault was answered while the conversion was on")
    @Outcome(id = "1?1, -11", expect = ACCEPTABLE, desc = "who held the folio kept it from being split")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "1?9, .*",
            expect = FORBIDDEN,
            desc = "the fault was refused, or gave a folio that does not cover the page")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @State
    public static class BesideInFolio extends Rendezvous {
        private static final GuestPages PAGES = new GuestPages(false);
        private final GuestPages.OwnPage page = PAGES.take(false);

        /** Faults a page near the end of the folio in. */
        @Actor
        public void fault(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.faultBeside(500, false);
        }

        /** Converts. */
        @Actor
        public void convert(II_Result seen) {
            meet();
            seen.r2 = page.convert(true);
        }

        /** Recycles the huge page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = page.recycle(seen.r1);
        }
    }
}
