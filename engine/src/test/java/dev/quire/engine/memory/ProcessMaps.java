/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system says about a range of this process's addresses (/proc/self/smaps); tests are skipped without it. */
record ProcessMaps(long mappedBytes, long residentBytes) {
    private static final Path SMAPS = Path.of("/proc/self/smaps");

    private static final Path STATUS = Path.of("/proc/self/status");

    /**
     * Bytes of the range that are mapped, and bytes in memory of all mappings that overlap it: with them those of a
     * neighbour that the system has joined to it, so only growth tells something.
     */
    static ProcessMaps of(long from, long to) throws IOException {
        assumeTrue(Files.exists(SMAPS), "mappings are read from " + SMAPS);
        long mappedBytes = 0;
        long residentBytes = 0;
        boolean overlaps = false;
        for (String line : Files.readAllLines(SMAPS)) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                int dash = line.indexOf('-');
                long start = Long.parseUnsignedLong(line, 0, dash, 16);
                long end = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
                // Addresses of the upper half are negative and none of a user's.
                overlaps = start >= 0 && start < to && end > from;
                mappedBytes += overlaps ? Math.min(end, to) - Math.max(start, from) : 0;
            } else if (overlaps && line.startsWith("Rss:")) {
                residentBytes += bytesOf(line);
            }
        }
        return new ProcessMaps(mappedBytes, residentBytes);
    }

    /** All regions of an arena. */
    static ProcessMaps of(PageArena arena) throws IOException {
        return of(arena.framesBase(), arena.countersBase() + Geometry.PAGE_BYTES);
    }

    /** Bytes of the whole process in memory. */
    static long residentBytesOfProcess() throws IOException {
        assumeTrue(Files.exists(STATUS), "resident memory is read from " + STATUS);
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(ProcessMaps::bytesOf)
                .sum();
    }

    private static long bytesOf(String lineInKibibytes) {
        return Long.parseLong(lineInKibibytes.replaceAll("[^0-9]", "")) << 10;
    }
}
