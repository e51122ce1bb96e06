/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import org.openjdk.jcstress.annotations.Outcome;

/**
 * How reads beside a cut are graded. First number: what the reader saw (0 zero, 1 the old bytes, 9 something else);
 * 10 more if the page was cut while it read. Second: what is read afterwards, once the file has its old size again. A
 * variant that cuts the end off adds that the reader may find it (3).
 */
@Outcome(id = "[01], 0", expect = ACCEPTABLE, desc = "one came after the other")
@Outcome(id = "1[01], 0", expect = ACCEPTABLE, desc = "window: the page was cut while the reader brought it in")
@Outcome(
        id = {"7, .*", ".*, 7"},
        expect = FORBIDDEN,
        desc = GuardedState.ENGINE_BROKEN)
@Outcome(id = ".*, [129]", expect = FORBIDDEN, desc = "the reader has brought the old bytes back")
@Outcome(expect = FORBIDDEN, desc = "no such history")
public final class CutGrading {
    private CutGrading() {}
}
