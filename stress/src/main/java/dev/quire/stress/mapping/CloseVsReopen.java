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
 * Who opens a file while the last one who had it open closes it, which writes it back and lets go of it, reads what was
 * written, from memory or from the file, beside that and afterwards.
 *
 * <p>First number: what the new one read (2 is what was written). Second: 1 if it opened the file while it was being
 * closed. Third: what the file has when nobody has it open any more.
 */
public final class CloseVsReopen {
    private CloseVsReopen() {}

    /** A file with a dirty page. */
    @JCStressTest
    @Outcome(id = "2, 0, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "2, 1, 2",
            expect = ACCEPTABLE,
            desc = "window: the file was opened while it was written back and let go of")
    @Outcome(
            id = {"[01], ., .", "., ., [019]"},
            expect = FORBIDDEN,
            desc = "what was written is lost")
    @Outcome(id = "[39], ., .", expect = FORBIDDEN, desc = "the file was let go of though somebody had it open")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a file is opened and read while the last one who had it open closes it")
    @State
    public static class DirtyPage extends Rendezvous {
        private static final UnkeptFiles FILES = new UnkeptFiles();
        private final UnkeptFiles.State file = FILES.take();
        private final Progress begun = new Progress();
        private final Progress other = new Progress();
        private boolean closed;

        /** Opens, reads twice, and closes. */
        @Actor
        public void first(III_Result seen) {
            meet(file.slot());
            boolean isBegun = begun.isComplete();
            seen.r1 = file.readBesideClose(other);
            seen.r2 = isBegun && file.isOpenedInTime() ? 1 : 0;
        }

        /** Closes. */
        @Actor
        public void second() {
            meet();
            begun.complete();
            closed = file.close();
            other.complete();
        }

        /** Looks. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = closed ? file.look() : OnePageFile.WRONG;
        }
    }
}
