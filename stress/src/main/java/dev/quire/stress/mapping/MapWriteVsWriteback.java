/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
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
 * What is written through a mapping beside a writeback of the page is never taken for clean and lost.
 *
 * <p>First number: 10 if the page was written back while the writer was at it, else 0. Second: what the file has once
 * it is synced again (1 the old bytes, 2 what was written through the mapping).
 */
public final class MapWriteVsWriteback {
    private MapWriteVsWriteback() {}

    /** A page is pinned, written to and unpinned while it is written back. */
    @JCStressTest
    @Outcome(id = "0, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "10, 2", expect = ACCEPTABLE, desc = "window: the page was written back while the writer was at it")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"0, 1", "10, 1"},
            expect = FORBIDDEN,
            desc = "what the writer has written is taken for clean, and is not in the file")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is pinned, written to and unpinned while it is written back")
    @State
    public static class Pinned extends Rendezvous {
        private static final MappedSlowFiles FILES = new MappedSlowFiles();
        private final MappedSlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Leaves the page mapped, writable and dirty. */
        public Pinned() {
            file.writeOldMapped();
        }

        /** Writes, and says so when it unpins. */
        @Actor
        public void writer(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.writeMappedBeside(other);
        }

        /** Writes back. */
        @Actor
        public void syncer() {
            meet();
            file.sync();
            other.complete();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = file.syncAndLook();
            file.recycle();
        }
    }

    /** Somebody faults for leave to write while the page is written back, and writes when both are done. */
    @JCStressTest
    @Outcome(id = "0, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "10, 2", expect = ACCEPTABLE, desc = "window: the page was written back while it was faulted in")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"0, 1", "10, 1"},
            expect = FORBIDDEN,
            desc = "the page could be written to without a fault, though it was taken for clean")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("leave to write through a mapping is asked for while the page is written back")
    @State
    public static class Faulted extends Rendezvous {
        private static final MappedSlowFiles FILES = new MappedSlowFiles();
        private final MappedSlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Leaves the page mapped, writable and dirty. */
        public Faulted() {
            file.writeOldMapped();
        }

        /** Faults. */
        @Actor
        public void faulter(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.faultForWritingBeside(other);
        }

        /** Writes back. */
        @Actor
        public void syncer() {
            meet();
            file.sync();
            other.complete();
        }

        /** Writes through what is mapped, looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            file.writeMapped();
            seen.r2 = file.syncAndLook();
            file.recycle();
        }
    }
}
