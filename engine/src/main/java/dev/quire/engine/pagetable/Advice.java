/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** What a process may say about addresses of its memory map (madvise). */
public enum Advice {
    /** The contents are not needed any more: pages leave memory, and are zero when they come back. */
    DONT_NEED,
    /**
     * The contents may be dropped. The kernel does so when memory is short; here they are dropped at once, which is
     * among what a program must expect.
     */
    FREE,
    /** Large folios are wanted, and worth waiting for. */
    HUGE_PAGE,
    /** Large folios are not wanted. */
    NO_HUGE_PAGE,
    /** The pages will be written to: bring them in now. */
    POPULATE_WRITE
}
