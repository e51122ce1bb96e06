/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Outcome;

/**
 * How iterations beside a change are graded: what {@link IterationWatch} found, and 1 if the writer got through
 * meanwhile.
 */
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader found once what stays")
@Outcome(
        id = "1, 1",
        expect = ACCEPTABLE,
        desc = "window: the change came under the reader's eyes; it found once what stays")
@Outcome(id = "7, .", expect = FORBIDDEN, desc = "the reader missed an entry that was there all the time")
@Outcome(id = "8, .", expect = FORBIDDEN, desc = "an index came twice, or after a larger one")
@Outcome(
        id = "9, .",
        expect = FORBIDDEN,
        desc = "the reader got a word that was never stored for its index, or never had the mark looked for")
@Outcome(expect = FORBIDDEN, desc = "no such history")
public final class FindGrading {
    private FindGrading() {}
}
