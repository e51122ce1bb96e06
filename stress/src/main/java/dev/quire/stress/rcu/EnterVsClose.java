/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.rcu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A call into an engine that is being closed is refused, or close waits until it has ended: nothing that a call uses is
 * unmapped under it.
 *
 * <p>The number: what came of the call (0 refused, 1 it ended before close began, 2 it ended while close waited, 9
 * close was through while it ran).
 */
public final class EnterVsClose {
    private EnterVsClose() {}

    /** How all variants are graded. */
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the call came too late and was refused")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the call ended before close began")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "window: close began while the call ran, and waited for it")
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the engine was closed under the call")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** What is opened and closed once. */
    abstract static class Engine extends Rendezvous {
        private static final int OPEN = 0;
        private static final int CLOSING = 1;
        private static final int CLOSED = 2;
        private static final int NR_LOOKS = 64;

        private final Lifetime lifetime;
        private volatile int progress = OPEN;

        Engine(BarrierMode mode) {
            lifetime = new Lifetime(true, mode);
        }

        /** Makes the calling thread one that has called before. */
        final void beKnown() {
            call();
        }

        final int call() {
            try {
                lifetime.enter();
            } catch (IllegalStateException e) {
                return 0;
            }
            int latest = OPEN;
            for (int look = 0; look < NR_LOOKS && latest != CLOSED; look++) {
                latest = progress;
            }
            lifetime.exit();
            return latest == CLOSED ? 9 : latest == CLOSING ? 2 : 1;
        }

        final void close() {
            progress = CLOSING;
            lifetime.close();
            progress = CLOSED;
        }
    }

    /** The thread has called before. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("call of a thread that has called before, against close")
    @State
    public static class KnownThread extends Engine {
        /** An open engine. */
        public KnownThread() {
            super(BarrierMode.AUTOMATIC);
        }

        /** Calls. */
        @Actor
        public void caller(I_Result seen) {
            beKnown();
            meet();
            seen.r1 = call();
        }

        /** Closes. */
        @Actor
        public void closer() {
            meet();
            close();
        }
    }

    /** The call registers its thread. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("a thread's first call, against close")
    @State
    public static class FirstCall extends Engine {
        /** An open engine. */
        public FirstCall() {
            super(BarrierMode.AUTOMATIC);
        }

        /** Calls. */
        @Actor
        public void caller(I_Result seen) {
            meet();
            seen.r1 = call();
        }

        /** Closes. */
        @Actor
        public void closer() {
            meet();
            close();
        }
    }

    /** Calls are ordered by fences of their own. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("call of a thread that has called before, against close without membarrier")
    @State
    public static class FencedEntry extends Engine {
        /** An open engine. */
        public FencedEntry() {
            super(BarrierMode.FENCE);
        }

        /** Calls. */
        @Actor
        public void caller(I_Result seen) {
            beKnown();
            meet();
            seen.r1 = call();
        }

        /** Closes. */
        @Actor
        public void closer() {
            meet();
            close();
        }
    }
}
