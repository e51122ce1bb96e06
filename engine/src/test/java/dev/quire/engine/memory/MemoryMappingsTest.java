/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryMappingsTest {
    private static final List<String> LINES = List.of(
            "555500000000-555500001000 r-xp 00000000 fe:00 42    /usr/bin/java",
            "Rss:                   4 kB",
            "AnonHugePages:      2048 kB",
            "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 ",
            "Rss:                4096 kB",
            "AnonHugePages:      4096 kB",
            "7f0000400000-7f0000800000 rw-p 00000000 00:00 0 ",
            "Rss:                4096 kB",
            "AnonHugePages:      2048 kB",
            "VmFlags: rd wr mr mw me ac sd hg ");

    @Test
    void countsTheMappingsThatBeginInTheRange() {
        assertEquals(6 << 20, MemoryMappings.hugePageBytes(LINES, 0x7f0000000000L, 0x7f0000800000L));
        assertEquals(4 << 20, MemoryMappings.hugePageBytes(LINES, 0x7f0000000000L, 0x7f0000400000L));
        assertEquals(2 << 20, MemoryMappings.hugePageBytes(LINES, 0x7f0000000001L, 0x7f0000400001L));
        assertEquals(0, MemoryMappings.hugePageBytes(LINES, 0x7f0000800000L, 0x7f0000900000L));
    }
}
