/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Outcome;

/** How the histories of {@link IndexWatch} are graded. */
public final class LoadGrading {
    private LoadGrading() {}

    /** A change from one word in a slot to another. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the change")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(id = "1[123]", expect = ACCEPTABLE, desc = "the reader met RETRY and looked again")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the entry changed under the reader's eyes")
    @Outcome(id = "1?4", expect = FORBIDDEN, desc = "the old entry came back")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Plain {}

    /** A change that cuts off a node, or puts one in place of an entry. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the change")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the entry changed under the reader's eyes")
    @Outcome(
            id = "1[123]",
            expect = ACCEPTABLE,
            desc = "window: the reader met RETRY where the change was under way, and looked again")
    @Outcome(id = "1?4", expect = FORBIDDEN, desc = "the old entry came back")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class WithRetry {}

    /** Changes from one word to another and back, several times. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader saw the old entry only")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader saw the new entry, or that there was none, only")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the entry changed under the reader's eyes")
    @Outcome(id = "4", expect = ACCEPTABLE, desc = "window: the entry came back under the reader's eyes")
    @Outcome(id = "1[1234]", expect = ACCEPTABLE, desc = "the reader met RETRY and looked again")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class BackAndForth {}

    /** A change of the order of what stands at an index. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the change")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the order changed under the reader's eyes")
    @Outcome(id = "4", expect = FORBIDDEN, desc = "the old order came back")
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the reader got an order that no entry at its index ever had")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Order {}
}
