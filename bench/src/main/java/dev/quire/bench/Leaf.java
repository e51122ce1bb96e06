/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

/** With what kind of page-table entry folios are mapped. */
public enum Leaf {
    /** One for each 2 MiB, which a split breaks up before. */
    PMD,
    /** One for each page. */
    PTE
}
