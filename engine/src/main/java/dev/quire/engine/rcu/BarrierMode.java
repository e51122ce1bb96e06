/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

/** Who pays for ordering a reader's entry before its loads. */
public enum BarrierMode {
    /** {@link #MEMBARRIER} where the system grants it, else {@link #FENCE}. */
    AUTOMATIC,

    /** The writer, with one membarrier(2) per grace period; a reader's entry costs a plain store. */
    MEMBARRIER,

    /** The reader, with a full fence on every entry. */
    FENCE
}
