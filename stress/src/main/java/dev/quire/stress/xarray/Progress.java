/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

/** Lets one actor wait, without a limit, until the other has done its part. */
final class Progress {
    private volatile boolean done;

    void complete() {
        done = true;
    }

    void await() {
        while (!done) {
            Thread.onSpinWait();
        }
    }
}
