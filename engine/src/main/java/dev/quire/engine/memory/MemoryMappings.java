/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The process's memory mappings as Linux lists them (/proc/self/smaps). */
final class MemoryMappings {
    private static final Path LIST = Path.of("/proc/self/smaps");
    private static final long UNKNOWN = -1;

    private MemoryMappings() {}

    /**
     * Bytes in huge pages of the mappings that begin in a range of addresses. Advice about a range makes it a mapping
     * of its own.
     *
     * @return bytes, or -1 if there is no list
     */
    static long hugePageBytes(long firstAddress, long endAddress) {
        if (!Files.isReadable(LIST)) {
            return UNKNOWN;
        }
        try {
            return hugePageBytes(Files.readAllLines(LIST), firstAddress, endAddress);
        } catch (IOException failure) {
            return UNKNOWN;
        }
    }

    static long hugePageBytes(List<String> lines, long firstAddress, long endAddress) {
        long nrBytes = 0;
        boolean isInside = false;
        for (String line : lines) {
            if (isHeader(line)) {
                long address = Long.parseUnsignedLong(line, 0, line.indexOf('-'), 16);
                isInside = Long.compareUnsigned(address, firstAddress) >= 0
                        && Long.compareUnsigned(address, endAddress) < 0;
            } else if (isInside && line.startsWith("AnonHugePages:")) {
                nrBytes += kibibytesIn(line) << 10;
            }
        }
        return nrBytes;
    }

    /** Headers begin with a range of addresses in hexadecimal, all other lines with a name and a colon. */
    private static boolean isHeader(String line) {
        int dash = line.indexOf('-');
        return dash > 0 && line.chars().limit(dash).allMatch(character -> Character.digit(character, 16) >= 0);
    }

    private static long kibibytesIn(String line) {
        return Long.parseLong(
                line.substring(line.indexOf(':') + 1, line.lastIndexOf(' ')).strip());
    }
}
