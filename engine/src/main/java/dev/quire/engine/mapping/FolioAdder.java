/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

/** Makes a new folio part of an address space. */
@FunctionalInterface
interface FolioAdder {
    /** Adds a folio to which the caller holds a reference; 0, EEXIST or ENOMEM. */
    int add(long folio, long startIndex);
}
