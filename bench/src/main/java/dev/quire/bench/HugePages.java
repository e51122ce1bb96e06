/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Asks the system for huge pages behind an engine's metadata, and tells whether it followed. */
final class HugePages {
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");

    private HugePages() {}

    /**
     * Gives the advice, if it is wanted. To be called before the metadata is touched.
     *
     * @param engine the engine
     * @param wanted whether it is wanted
     */
    static void advise(Quire engine, boolean wanted) {
        if (wanted && !engine.arena().adviseHugeMetadata(true)) {
            System.out.println("# Huge pages: the system refused the advice");
        }
    }

    /**
     * Prints how much of the mapping that holds an address lies in huge pages, if that is wanted.
     *
     * @param address any address
     * @param wanted whether it is wanted
     */
    static void report(long address, boolean wanted) {
        if (wanted) {
            System.out.println("# Huge pages: " + use(address));
        }
    }

    private static String use(long address) {
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
        return "use unknown, no mapping at 0x" + Long.toHexString(address);
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
