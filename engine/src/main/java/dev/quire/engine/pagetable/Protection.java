/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** What a process may do with addresses of its memory map (PROT_NONE and its kin). Running code is not modelled. */
public enum Protection {
    /** Nothing: addresses are set aside. */
    NONE,
    /** Reading. */
    READ,
    /** Reading and writing. */
    READ_WRITE
}
