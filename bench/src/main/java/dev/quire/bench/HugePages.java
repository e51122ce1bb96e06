/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells whether the system followed the advice to use huge pages. */
final class HugePages {
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");

    private HugePages() {}

    /**
     * Describes the mapping that holds an address.
     *
     * @param address any address
     * @return how much of what is resident lies in huge pages, for people
     */
    static String describe(long address) {
        if (!Files.isReadable(MAPPINGS)) {
            return "use unknown on this system";
        }
        boolean inside = false;
        String resident = "0 kB";
        try {
            for (String line : Files.readAllLines(MAPPINGS)) {
                if (isHeader(line)) {
                    inside = contains(line, address);
                } else if (inside && line.startsWith("Rss:")) {
                    resident = valueOf(line);
                } else if (inside && line.startsWith("AnonHugePages:")) {
                    return valueOf(line) + " of " + resident + " resident";
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("cannot read the list of mappings: " + MAPPINGS, failure);
        }
        return "no mapping found";
    }

    /** Headers begin with a range of addresses in hexadecimal, all other lines with a name and a colon. */
    private static boolean isHeader(String line) {
        return line.matches("[0-9a-f]+-[0-9a-f]+ .*");
    }

    private static boolean contains(String header, long address) {
        String[] range = header.substring(0, header.indexOf(' ')).split("-", 2);
        return Long.compareUnsigned(address, Long.parseUnsignedLong(range[0], 16)) >= 0
                && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
    }

    private static String valueOf(String line) {
        return line.substring(line.indexOf(':') + 1).strip();
    }
}
