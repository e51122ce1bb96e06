/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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
            Use use = use(address);
            System.out.println("# Huge pages: " + use.hugeKib + " KiB of " + use.residentKib + " KiB resident");
        }
    }

    /**
     * How much of the memory of the mapping that holds an address the system has put into huge pages, whatever advice it
     * got. After {@link #advise} the metadata is a mapping of its own.
     *
     * @param address any address
     * @return 0 to 100; 0 also where the system does not tell
     */
    static double percentGranted(long address) {
        Use use = use(address);
        return use.residentKib == 0 ? 0 : 100.0 * use.hugeKib / use.residentKib;
    }

    private static Use use(long address) {
        try {
            return Files.isReadable(MAPPINGS) ? use(Files.readAllLines(MAPPINGS), address) : Use.NONE;
        } catch (IOException failure) {
            throw new UncheckedIOException("cannot read the list of mappings: " + MAPPINGS, failure);
        }
    }

    /**
     * Finds the mapping that holds an address in the text of smaps.
     *
     * @param lines the text
     * @param address any address
     * @return its use; none if there is no such mapping
     */
    static Use use(List<String> lines, long address) {
        boolean inside = false;
        long residentKib = 0;
        for (String line : lines) {
            if (isHeader(line)) {
                inside = contains(line, address);
            } else if (inside && line.startsWith("Rss:")) {
                residentKib = kibibytesOf(line);
            } else if (inside && line.startsWith("AnonHugePages:")) {
                return new Use(kibibytesOf(line), residentKib);
            }
        }
        return Use.NONE;
    }

    /** Memory behind a mapping: in huge pages, and at all. */
    record Use(long hugeKib, long residentKib) {
        static final Use NONE = new Use(0, 0);
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

    /** Lines are a name, a colon, a number and {@code kB}, which stands for 1024 bytes. */
    private static long kibibytesOf(String line) {
        String value = line.substring(line.indexOf(':') + 1).strip();
        return Long.parseLong(value.substring(0, value.indexOf(' ')));
    }
}
