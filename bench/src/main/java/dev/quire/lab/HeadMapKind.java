/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** How a page finds the head of its folio. */
public enum HeadMapKind {
    /** One bit for each page that starts a folio. */
    HEAD_BITS,
    /** A word in each tail page. */
    TAIL_WORDS
}
