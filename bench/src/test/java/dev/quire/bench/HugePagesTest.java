/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class HugePagesTest {
    private static final List<String> SMAPS = List.of(
            "7f0000000000-7f0000200000 rw-p 00000000 00:00 0 ",
            "Size:               2048 kB",
            "Rss:                1024 kB",
            "AnonHugePages:         0 kB",
            "VmFlags: rd wr mr",
            "7f0000200000-7f0000600000 rw-p 00000000 00:00 0                  [anon]",
            "Rss:                4096 kB",
            "AnonHugePages:      2048 kB",
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]",
            "Rss:                   4 kB",
            "AnonHugePages:         4 kB");

    @Test
    void readsTheMappingThatHoldsTheAddress() {
        assertEquals(new HugePages.Use(0, 1024), HugePages.use(SMAPS, 0x7f00_0000_0000L));
        assertEquals(new HugePages.Use(0, 1024), HugePages.use(SMAPS, 0x7f00_001f_ffffL));
        assertEquals(new HugePages.Use(2048, 4096), HugePages.use(SMAPS, 0x7f00_0020_0000L));
        assertEquals(new HugePages.Use(4, 4), HugePages.use(SMAPS, 0xffff_ffff_ff60_0010L));
    }

    @Test
    void noMappingUsesNothing() {
        assertEquals(new HugePages.Use(0, 0), HugePages.use(SMAPS, 0x7f00_0060_0000L));
        assertEquals(new HugePages.Use(0, 0), HugePages.use(List.of(), 0));
    }
}
