/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.memory.Errno;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** A fault in anonymous memory beside the call that gives the range up: it comes before or after. */
public final class FaultVsDrop {
    private FaultVsDrop() {}

    /**
     * A thread uses a page that another one gives up. What it has pinned keeps its bytes; what a fault brings in is
     * zero.
     *
     * <p>First number: what the page holds for as long as the reader holds it (0 zero, 1 what was written to it, 9
     * anything else, or not the same all the time). Second: what is there at the end (2 nothing).
     */
    @JCStressTest
    @Outcome(
            id = "1, 2",
            expect = ACCEPTABLE,
            desc = "window: the page was given up while the reader held it, and kept its bytes")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the page had been given up, and a fault brought a new one in")
    @Outcome(id = "., 1", expect = FORBIDDEN, desc = "what was given up is still there")
    @Outcome(id = "9, .", expect = FORBIDDEN, desc = "the reader saw another page's bytes, or a frame that was freed")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("use of a page of anonymous memory that is given up with MADV_DONTNEED")
    @State
    public static class DontNeed extends Rendezvous {
        private static final OwnProcesses PROCESSES = new OwnProcesses();
        private final OwnProcesses.OwnProcess process = PROCESSES.take();
        private final int page = OwnProcesses.pageOf(process.slot());
        private final Progress dropper = new Progress();

        /** Uses the page. */
        @Actor
        public void reader(II_Result seen) {
            meet(process.slot());
            seen.r1 = process.faultAndHold(page, dropper);
        }

        /** Gives it up, and has its frame used again. */
        @Actor
        public void dropper() {
            meet();
            process.dropAndWriteElsewhere();
            dropper.complete();
        }

        /** Looks, and recycles the process. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = process.look(page);
            process.recycle();
        }
    }

    /**
     * A thread faults for writing while another one unmaps the range and takes the addresses for memory that may only
     * be read.
     *
     * <p>First number: how the fault ended (0 refused, 1 a page came in, 9 it broke down). Second: 1 if the other call
     * was made while it ran. Third: 1 if the page can be written to at the end.
     */
    @JCStressTest
    @Outcome(id = "[01], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "[01], 1, 0", expect = ACCEPTABLE, desc = "window: the range was unmapped while the fault ran")
    @Outcome(id = "., ., 1", expect = FORBIDDEN, desc = "the fault brought a page in with rights that nobody has there")
    @Outcome(id = "9, ., .", expect = FORBIDDEN, desc = "the fault met a region that is gone")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("fault for writing in anonymous memory that is unmapped, and mapped again for reading only")
    @State
    public static class Unmap extends Rendezvous {
        private static final OwnProcesses PROCESSES = new OwnProcesses();
        private final OwnProcesses.OwnProcess process = PROCESSES.takeUntouched();
        private final int page = OwnProcesses.pageOf(process.slot());
        private final Progress unmapper = new Progress();

        /** Faults. */
        @Actor
        public void reader(III_Result seen) {
            meet(process.slot());
            boolean cameBefore = !unmapper.isComplete();
            try {
                seen.r1 = process.fault(page) == Errno.OK ? 1 : 0;
            } catch (IllegalArgumentException e) {
                seen.r1 = OwnProcesses.WRONG;
            }
            seen.r2 = cameBefore && unmapper.isComplete() ? 1 : 0;
        }

        /** Unmaps and maps. */
        @Actor
        public void unmapper() {
            meet();
            process.unmapAndMapForReading();
            unmapper.complete();
        }

        /** Looks, and recycles the process. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = process.isWritable(page) ? 1 : 0;
            process.recycle();
        }
    }
}
