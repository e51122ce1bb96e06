/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Geometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** An arena far larger than memory costs what is used of it. */
class ZoneHugeArenaTest {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long GIBIBYTE = Geometry.pagesIn(Geometry.PUD_ORDER);
    private static final int NR_GIBIBYTES = 1024;
    private static final long LARGEST_GROWTH_KIB = 16 << 10;

    @Test
    @EnabledOnOs(OS.LINUX)
    void oneTebibyte() throws IOException {
        // Once for the classes, so that the growth below is the arena's.
        residentGrowthKib(2, 2);

        long ofOneBlock = residentGrowthKib(NR_GIBIBYTES, 1);
        long ofAllBlocks = residentGrowthKib(NR_GIBIBYTES, NR_GIBIBYTES);

        System.out.println("resident growth: " + ofOneBlock + " KiB for one block of a 1 TiB arena, " + ofAllBlocks
                + " KiB for all");
        assertTrue(ofOneBlock < LARGEST_GROWTH_KIB, "one block: " + ofOneBlock + " KiB");
        assertTrue(ofAllBlocks < LARGEST_GROWTH_KIB, "all blocks: " + ofAllBlocks + " KiB");
    }

    /** Growth of resident memory by opening an arena, and taking and freeing some blocks of 1 GiB. */
    private static long residentGrowthKib(int nrGibibytes, int nrBlocks) throws IOException {
        long before = residentKib();
        ZoneFixture fixture = ZoneFixture.withHeadBits(nrGibibytes * GIBIBYTE + 3);
        try (fixture.arena) {
            for (int block = 0; block < nrBlocks; block++) {
                assertEquals(block * GIBIBYTE, fixture.allocate(Geometry.PUD_ORDER));
            }
            for (int block = 0; block < nrBlocks; block++) {
                fixture.free(block * GIBIBYTE, Geometry.PUD_ORDER);
            }
            assertEquals(nrGibibytes, fixture.zone.nrFree(Geometry.PUD_ORDER));
            assertEquals(nrBlocks * GIBIBYTE, fixture.zone.untouchedPfn());
            return residentKib() - before;
        } finally {
            fixture.lifetime.close();
        }
    }

    private static long residentKib() throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
