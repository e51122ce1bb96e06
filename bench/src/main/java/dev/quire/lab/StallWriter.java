/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** What the writer does beside the reader whose stalls are measured. The first three are controls. */
enum StallWriter {
    /** Sleeps, a millisecond in place of each split. */
    IDLE("no writer"),
    /** Computes, a millisecond in place of each split: what the machine does to a reader beside any busy thread. */
    COMPUTING("computes"),
    /** Splits a folio of another file to order 0 in one go: the same load, without a folio that the reader wants. */
    ELSEWHERE("1 GiB -> 4 KiB, elsewhere"),
    /** Splits the folio that is read to order 0 in one go. */
    ONE_SHOT("1 GiB -> 4 KiB"),
    /** Splits it in stages. */
    STAGED("1 GiB -> 2 MiB -> 4 KiB");

    private final String description;

    StallWriter(String description) {
        this.description = description;
    }

    /** {@return what it does, in a few words} */
    String description() {
        return description;
    }
}
