/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

/**
 * What an engine still holds.
 *
 * @param nrPages pages that are neither free nor waiting for a grace period
 * @param nrNodes index nodes in use
 * @param nrAddressSpaces address spaces and arrays not closed, and memory groups not closed or with folios charged to
 *     them
 */
public record Leaks(long nrPages, long nrNodes, long nrAddressSpaces) {
    /**
     * Whether nothing is left.
     *
     * @return true if all numbers are 0
     */
    public boolean isEmpty() {
        return nrPages == 0 && nrNodes == 0 && nrAddressSpaces == 0;
    }
}
