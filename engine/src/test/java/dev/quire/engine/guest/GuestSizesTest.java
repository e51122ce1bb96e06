/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What 1 GiB of guest memory costs in folios and index nodes; one node more is the top that all of them share. */
class GuestSizesTest extends GuestTest {
    private static final long TOP = 1;

    @ParameterizedTest
    @CsvSource({
        "NON_UNIFORM, 175053, 1, 19, 3",
        "NON_UNIFORM, 0, 1, 19, 3",
        "NON_UNIFORM, 262143, 1, 19, 3",
        "STAGED, 175053, 1, 1023, 73",
        "UNIFORM, 175053, 1, 262144, 4161",
        "STAGED, 512, 512, 1023, 73",
        "NON_UNIFORM, 512, 512, 521, 10",
        "NON_UNIFORM, 0, 262144, 262144, 4161",
    })
    void oneSharedRange(GuestSplitPolicy policy, long index, long nrPages, long nrFolios, long nrNodes) {
        open(policy, 1, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        assertEquals(1, nrFolios());
        assertEquals(TOP, nrNodes());

        assertEquals(ConversionResult.OK, toShared(index, nrPages));
        assertEquals(nrFolios, nrFolios());
        assertEquals(TOP + nrNodes, nrNodes());
        check();

        assertEquals(ConversionResult.OK, toPrivate(index, nrPages));
        assertEquals("18", layout());
        assertEquals(TOP, nrNodes());
        check();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void aHugePageThatIsPopulatedLaterHasTheSameFolios(GuestSplitPolicy policy) {
        open(policy, 1, Geometry.PUD_ORDER);
        assertEquals(ConversionResult.OK, toShared(175_053, 1));
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        check();
        long nrFolios = nrFolios();
        assertEquals(
                switch (policy) {
                    case UNIFORM -> 262_144;
                    case STAGED -> 1023;
                    case NON_UNIFORM -> 19;
                },
                nrFolios);
    }
}
