/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Outcome;

/**
 * How looks at a mark beside a change are graded: what {@link IndexWatch} saw, and 1 if the writer got through
 * meanwhile.
 */
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader saw the mark each time")
@Outcome(
        id = "1, 1",
        expect = ACCEPTABLE,
        desc = "window: the entry changed under the reader's eyes; it saw the mark each time")
@Outcome(id = "7, .", expect = FORBIDDEN, desc = "the mark was not there for a moment")
@Outcome(id = "9, .", expect = FORBIDDEN, desc = "an entry had a mark that it never got")
@Outcome(expect = FORBIDDEN, desc = "no such history")
public final class MarkGrading {
    private MarkGrading() {}
}
