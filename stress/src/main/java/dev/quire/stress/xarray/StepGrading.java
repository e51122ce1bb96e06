/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Outcome;

/** How steps beside a change are graded: what {@link StepWatch} found, and 1 if the writer got through meanwhile. */
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "each index showed what was stored for it")
@Outcome(
        id = "1, 1",
        expect = ACCEPTABLE,
        desc = "window: the change came under the reader's eyes; each index showed what was stored for it")
@Outcome(id = "7, .", expect = FORBIDDEN, desc = "an index showed nothing, although it held something all the time")
@Outcome(id = "8, .", expect = FORBIDDEN, desc = "behind a piece came the whole")
@Outcome(id = "9, .", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
@Outcome(expect = FORBIDDEN, desc = "no such history")
public final class StepGrading {
    private StepGrading() {}
}
