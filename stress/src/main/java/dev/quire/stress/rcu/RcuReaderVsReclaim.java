/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.rcu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.rcu.BarrierMode;
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
 * A reader that found an object in its read section sees it unchanged until the section ends, although a writer
 * unlinks, retires and tries to reclaim it meanwhile.
 *
 * <p>First number: what the reader saw (0 nothing, 1 the object alive, 2 the object after its reclaim). Second number:
 * the object after the writer's attempt (1 not reclaimed yet, 2 reclaimed).
 */
public final class RcuReaderVsReclaim {
    private RcuReaderVsReclaim() {}

    /** How both variants are graded. */
    @Outcome(id = "0, 2", expect = ACCEPTABLE, desc = "the reader came after the unlink; the object was reclaimed")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the reader came after the unlink and held up the reclaim")
    @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "the reader left before the object was reclaimed")
    @Outcome(
            id = "1, 1",
            expect = ACCEPTABLE,
            desc = "window: the object was retired while the reader looked at it, and its reclaim was held up")
    @Outcome(expect = FORBIDDEN, desc = "the reader saw the object reclaimed within its section")
    public static class Grading {}

    /** Readers enter with a plain store; the writer makes up for it with membarrier(2) where the system has it. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("light read section against retire and reclaim with membarrier")
    @State
    public static class LightEntry extends Rendezvous {
        private static final RetiredObjects OBJECTS = new RetiredObjects(BarrierMode.AUTOMATIC);
        private final long object = OBJECTS.publishNew();

        /** Reads. */
        @Actor
        public void reader(II_Result seen) {
            meet();
            seen.r1 = OBJECTS.read(object);
        }

        /** Retires. */
        @Actor
        public void writer(II_Result seen) {
            meet(OBJECTS.slotOf(object));
            seen.r2 = OBJECTS.retire(object);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            OBJECTS.recycle(object);
        }
    }

    /** Readers enter with a full fence. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fenced read section against retire and reclaim without membarrier")
    @State
    public static class FencedEntry extends Rendezvous {
        private static final RetiredObjects OBJECTS = new RetiredObjects(BarrierMode.FENCE);
        private final long object = OBJECTS.publishNew();

        /** Reads. */
        @Actor
        public void reader(II_Result seen) {
            meet();
            seen.r1 = OBJECTS.read(object);
        }

        /** Retires. */
        @Actor
        public void writer(II_Result seen) {
            meet(OBJECTS.slotOf(object));
            seen.r2 = OBJECTS.retire(object);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            OBJECTS.recycle(object);
        }
    }
}
