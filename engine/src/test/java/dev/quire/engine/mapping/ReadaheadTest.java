/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadaheadTest extends WholeEngineTest {
    private static List<Integer> orders(AddressSpace space) {
        List<Integer> orders = new ArrayList<>();
        space.forEachFolio((index, order, folio) -> orders.add(order));
        return orders;
    }

    @Test
    void sequentialReadsGetFoliosThatGrow() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64L << 20);
            Readahead readahead = new Readahead(space, 9);
            for (long page = 0; page < 16_384; page++) {
                assertEquals(0, readahead.read(page, 1));
                assertTrue(space.nrPages() > page);
                assertTrue(space.nrPages() <= page + 1 + 2 * (1024 + 512), "no more than two windows ahead");
            }
            assertEquals(16_384, space.nrPages());
            List<Integer> orders = orders(space);
            assertEquals(0, orders.getFirst());
            assertEquals(9, orders.getLast());
            long nrLargest = orders.stream().filter(order -> order == 9).count();
            assertTrue(nrLargest >= 28, "folios of 2 MiB: " + nrLargest);
        }
    }

    @Test
    void theFirstWindowIsFourTimesTheReadAndTheNextIsStartedWhenItIsEntered() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 20);
            Readahead readahead = new Readahead(space, 4);
            readahead.read(0, 1);
            assertEquals(List.of(0, 0, 0, 0), orders(space));
            readahead.read(1, 1);
            assertEquals(List.of(0, 0, 0, 0, 2, 2), orders(space));
            readahead.read(2, 2);
            assertEquals(12, space.nrPages());
            readahead.read(4, 1);
            assertEquals(List.of(0, 0, 0, 0, 2, 2, 2, 4), orders(space).subList(0, 8));
            assertEquals(32, space.nrPages());
        }
    }

    /** Nobody who reads 2 MiB at once wants them in single pages. */
    @Test
    void theFirstWindowHasFoliosAsLargeAsTheReadAllows() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64L << 20);
            new Readahead(space, 9).read(0, 512);
            assertEquals(List.of(9, 9), orders(space));
        }
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(64L << 20);
            new Readahead(space, 9).read(0, 5);
            assertEquals(List.of(2, 2, 2, 2, 2, 2, 2, 2), orders(space), "32 pages");
        }
    }

    @Test
    void randomReadsGetWhatTheyAskFor() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 30);
            Readahead readahead = new Readahead(space, 9);
            readahead.read(1000, 1);
            readahead.read(64, 16);
            readahead.read(5000, 3);
            assertEquals(List.of(4, 0, 1, 0), orders(space));
        }
    }

    @Test
    void neverReadsBeyondTheEndOfTheFile() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(10 * 4096 + 1);
            Readahead readahead = new Readahead(space, 9);
            for (int page = 0; page < 11; page++) {
                readahead.read(page, 1);
            }
            assertEquals(11, space.nrPages());
        }
    }

    @Test
    void aHoleIsFilledAgainWhenItIsRead() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 20);
            Readahead readahead = new Readahead(space, 4);
            readahead.read(0, 1);
            readahead.read(1, 1);
            space.punchHole(2 * 4096, 4096, SplitPolicies.RANGE);
            assertEquals(11, space.nrPages());
            readahead.read(2, 1);
            assertEquals(12, space.nrPages());
        }
    }

    @Test
    void aRangeThatIsNoneIsRefused() {
        try (AddressSpace space = open(HeadMapKind.HEAD_BITS).newAddressSpace()) {
            Readahead readahead = new Readahead(space, 4);
            for (long nrPages : new long[] {0, -1, Long.MAX_VALUE}) {
                assertEquals(
                        "range out of bounds: startIndex=0, nrPages=" + nrPages + ", end max=" + FileRange.MAX_PAGES,
                        assertThrows(IllegalArgumentException.class, () -> readahead.read(0, nrPages))
                                .getMessage());
            }
            assertThrows(IllegalArgumentException.class, () -> readahead.read(-1, 1));
            assertEquals(0, space.nrPages());
        }
    }
}
