/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** How a large folio is split. */
public enum ReplayPolicy {
    /** Into folios of one order. */
    UNIFORM,
    /** In halves, only the half that holds the page in question again. */
    NON_UNIFORM,
    /** Into the fewest folios that leave a whole range of pages to themselves. */
    RANGE
}
