/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** How an arena finds the head of a page. */
public enum HeadMapKind {
    /**
     * One bit per page that starts a block, with two summary levels: the head is found by a search for the nearest bit
     * at or below the page, in at most three words. Splitting writes a bit per new head.
     */
    HEAD_BITS,

    /**
     * Every tail's page struct names its head, as in the kernel: splitting rewrites every tail that changes its head.
     */
    TAIL_WORDS
}
