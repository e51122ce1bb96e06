/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.rcu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.machine.LinuxCalls;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The store-buffer litmus at the bottom of RCU: a reader stores that it is in, then loads; a writer unlinks, then loads
 * whether a reader is in. If each may miss the other's store, the writer frees what the reader holds.
 *
 * <p>The light reader rests on two things that the Java memory model does not promise: that a release and an acquire
 * fence keep the compiler from moving the later load above the opaque store, and that membarrier(2) drains the store
 * buffer of whichever thread is running. These tests are the evidence for both.
 *
 * <p>First number: whether the reader found the object. Second: whether the writer found the reader in its section.
 */
public final class EntryVsUnlink {
    private static final VarHandle SEQUENCE = field("sequence");
    private static final VarHandle LINKED = field("linked");

    private EntryVsUnlink() {}

    private static VarHandle field(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(Words.class, name, int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The reader's word and the writer's. */
    abstract static class Words {
        int sequence;
        int linked = 1;

        final void enter() {
            SEQUENCE.setOpaque(this, 1);
        }

        final int findObject() {
            return (int) LINKED.getAcquire(this);
        }

        final void unlink() {
            LINKED.setRelease(this, 0);
        }

        final int findReader() {
            return (int) SEQUENCE.getAcquire(this);
        }
    }

    /** How the correct pairs are graded. */
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the reader came after the unlink and left no trace in time")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the reader came after the unlink")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "window: the reader found the object and the writer the reader")
    @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "the reader holds an object that the writer is about to free")
    @Outcome(expect = FORBIDDEN, desc = "no such value was stored")
    public static class Grading {}

    /** The pair that the engine uses on Linux. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("light reader against a writer with membarrier")
    @State
    public static class LightReaderMembarrierWriter extends Words {
        private static final boolean MEMBARRIER = LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier();

        /** Enters, then looks. */
        @Actor
        public void reader(II_Result seen) {
            enter();
            if (MEMBARRIER) {
                VarHandle.releaseFence();
                VarHandle.acquireFence();
            } else {
                VarHandle.fullFence();
            }
            seen.r1 = findObject();
        }

        /** Unlinks, then looks. */
        @Actor
        public void writer(II_Result seen) {
            unlink();
            VarHandle.fullFence();
            if (MEMBARRIER) {
                LinuxCalls.membarrier();
            }
            seen.r2 = findReader();
        }
    }

    /** The pair that the engine uses elsewhere. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fenced reader against a writer without membarrier")
    @State
    public static class FencedReaderFencedWriter extends Words {
        /** Enters, then looks. */
        @Actor
        public void reader(II_Result seen) {
            enter();
            VarHandle.fullFence();
            seen.r1 = findObject();
        }

        /** Unlinks, then looks. */
        @Actor
        public void writer(II_Result seen) {
            unlink();
            VarHandle.fullFence();
            seen.r2 = findReader();
        }
    }

    /** Broken on purpose: what a light reader is worth without membarrier. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the reader came after the unlink and left no trace in time")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the reader came after the unlink")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the reader found the object and the writer the reader")
    @Outcome(
            id = "1, 0",
            expect = ACCEPTABLE_INTERESTING,
            desc = "window: the reader holds an object that the writer is about to free")
    @Outcome(expect = FORBIDDEN, desc = "no such value was stored")
    @Description("light reader against a writer without membarrier")
    @State
    public static class BrokenLightReaderFencedWriter extends Words {
        /** Enters, then looks. */
        @Actor
        public void reader(II_Result seen) {
            enter();
            VarHandle.releaseFence();
            VarHandle.acquireFence();
            seen.r1 = findObject();
        }

        /** Unlinks, then looks. */
        @Actor
        public void writer(II_Result seen) {
            unlink();
            VarHandle.fullFence();
            seen.r2 = findReader();
        }
    }
}
