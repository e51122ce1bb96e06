/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

/** Where an arena's memory comes from. Either way it is backed lazily and reads as zero at first. */
public enum Backing {
    /** {@link #ANONYMOUS} where it is supported, else {@link #SPARSE_FILE}. */
    AUTOMATIC,

    /** Private anonymous memory mapped without reserve; Linux on x86-64 and AArch64. */
    ANONYMOUS,

    /** A mapped sparse temporary file that disappears with the arena; everywhere, without huge pages. */
    SPARSE_FILE
}
