/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.guest.ConversionResult;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;

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
        /** Its huge pages are populated, both ends rounded down to them. */
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

    long startIndex() {
        return offsetBytes >>> Geometry.PAGE_SHIFT;
    }

    long endIndex() {
        return (offsetBytes + lengthBytes) >>> Geometry.PAGE_SHIFT;
    }

    /**
     * Performs it; what a reader holds just then is tried again.
     *
     * @throws LabException if memory is out
     */
    void perform(GuestMemory memory) {
        int error;
        do {
            error = tryPerform(memory);
        } while (error == Errno.EAGAIN);
        if (error != Errno.OK) {
            throw new LabException(this + " failed: " + Errno.name(error));
        }
    }

    private int tryPerform(GuestMemory memory) {
        return switch (kind) {
            case ALLOCATE -> memory.allocate(offsetBytes, lengthBytes);
            case SHARED -> errorOf(memory.convertToShared(offsetBytes, lengthBytes));
            case PRIVATE -> errorOf(memory.convertToPrivate(offsetBytes, lengthBytes));
            case HOLE -> errorOf(memory.punchHole(offsetBytes, lengthBytes));
        };
    }

    private static int errorOf(ConversionResult result) {
        return result.error();
    }
}
