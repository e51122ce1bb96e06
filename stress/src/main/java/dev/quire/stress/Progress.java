/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

/** Lets one actor wait, without a limit, until the other has done its part. */
public final class Progress {
    private static final int PATIENCE = 10_000;

    private volatile boolean done;

    /** Says that this actor has done its part. */
    public void complete() {
        done = true;
    }

    /** {@return whether the other actor has said so} */
    public boolean isComplete() {
        return done;
    }

    /** Waits until the other actor says so. */
    public void await() {
        for (int spin = 0; !done; spin++) {
            if (spin < PATIENCE) {
                Thread.onSpinWait();
            } else {
                // On a busy machine the other actor may need this processor.
                Thread.yield();
            }
        }
    }
}
