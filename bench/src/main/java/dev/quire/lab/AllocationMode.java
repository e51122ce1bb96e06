/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * The mode of {@code fallocate}.
 *
 * @param kind what is done to the range
 * @param keepSize whether the file keeps its size if the range ends past it
 */
record AllocationMode(Kind kind, boolean keepSize) {
    enum Kind {
        ALLOCATE,
        PUNCH_HOLE,
        ZERO_RANGE,
        /** Modes that move contents or know nothing of page caches. */
        OTHER
    }

    private static final String PREFIX = "FALLOC_FL_";

    static AllocationMode parse(String text) {
        Set<String> flags = new HashSet<>(Arrays.asList(text.split("\\|", -1)));
        boolean keepSize = flags.remove(PREFIX + "KEEP_SIZE");
        flags.remove("0");
        if (flags.isEmpty()) {
            return new AllocationMode(Kind.ALLOCATE, keepSize);
        }
        if (flags.equals(Set.of(PREFIX + "PUNCH_HOLE"))) {
            return new AllocationMode(Kind.PUNCH_HOLE, true);
        }
        if (flags.equals(Set.of(PREFIX + "ZERO_RANGE"))) {
            return new AllocationMode(Kind.ZERO_RANGE, keepSize);
        }
        return new AllocationMode(Kind.OTHER, keepSize);
    }

    TraceOperation operation(TraceFile file, long offsetBytes, long lengthBytes) {
        return switch (kind) {
            case ALLOCATE -> new TraceOperation.Allocate(file, offsetBytes, lengthBytes, keepSize);
            case PUNCH_HOLE -> new TraceOperation.PunchHole(file, offsetBytes, lengthBytes);
            case ZERO_RANGE -> new TraceOperation.ZeroRange(file, offsetBytes, lengthBytes, keepSize);
            case OTHER -> throw new IllegalStateException("no operation for this mode: kind=" + kind);
        };
    }
}
