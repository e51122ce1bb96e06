/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;

/** Checks virtual addresses, and ranges of whole pages of them. */
final class AddressRange {
    private AddressRange() {}

    static void requireAddress(long address) {
        if (address < 0 || address >= PageTables.ADDRESS_END) {
            throw new IllegalArgumentException("address out of range: address=0x" + Long.toHexString(address)
                    + ", end=0x" + Long.toHexString(PageTables.ADDRESS_END));
        }
    }

    /** Checks a range, of at least one page; returns the address after its last. */
    static long requirePages(long address, long nrPages) {
        requireAddress(address);
        if (address % Geometry.PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "address not a multiple of 4096: address=0x" + Long.toHexString(address));
        }
        if (nrPages < 1 || nrPages > (PageTables.ADDRESS_END - address) >>> Geometry.PAGE_SHIFT) {
            throw new IllegalArgumentException("nrPages out of range: nrPages=" + nrPages + ", address=0x"
                    + Long.toHexString(address) + ", end=0x" + Long.toHexString(PageTables.ADDRESS_END));
        }
        return address + (nrPages << Geometry.PAGE_SHIFT);
    }
}
