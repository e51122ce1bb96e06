/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * One step of a guest scenario.
 *
 * @param kind what is done
 * @param offsetBytes start of the range, a multiple of 4096
 * @param lengthBytes its length, a multiple of 4096
 */
record GuestOperation(Kind kind, long offsetBytes, long lengthBytes) {
    /** What is done with a range. */
    enum Kind {
        /** Populated, as far as it consists of whole huge pages. */
        ALLOCATE,
        /** Converted to shared. */
        SHARED,
        /** Converted to private. */
        PRIVATE,
        /** A hole is punched. */
        HOLE;

        boolean isConversion() {
            return this == SHARED || this == PRIVATE;
        }
    }
}
