/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IndexedEntriesTest {
    @Test
    void everyEntryComesOnceInEitherOrder() {
        IndexedEntries indexed = new IndexedEntries("1000x9");
        int[] all = IntStream.range(0, 1000).toArray();
        assertArrayEquals(all, indexed.everyEntry(false));
        int[] chained = indexed.everyEntry(true);
        assertEquals(0, chained[0]);
        assertArrayEquals(all, IntStream.of(chained).sorted().toArray());
    }

    @Test
    void theChainLeadsThroughAllEntriesAndBack() {
        IndexedEntries indexed = new IndexedEntries("1000x9");
        int[] chained = indexed.everyEntry(true);
        for (int i = 0; i < chained.length; i++) {
            int successor = indexed.successorAt(indexed.indexOf(chained[i]));
            assertEquals(chained[(i + 1) % chained.length], successor >> 9);
        }
    }

    @Test
    void positionsCoverWhatIsThere() {
        IndexedEntries indexed = new IndexedEntries("5000x0");
        assertEquals(8192, indexed.sequential().length);
        assertEquals(4999, indexed.sequential()[4999]);
        assertEquals(0, indexed.sequential()[5000]);
        assertEquals(8192, indexed.random().length);
        assertEquals(
                0,
                IntStream.of(indexed.random()).filter(i -> i < 0 || i >= 5000).count());
    }

    @Test
    void checkFindsAWrongEntry() {
        IndexedEntries indexed = new IndexedEntries("1000x2");
        indexed.check(index -> indexed.successorAt((int) index));
        assertThrows(
                IllegalStateException.class,
                () -> indexed.check(index -> indexed.successorAt((int) index) + (index == 3996 ? 1 : 0)));
    }
}
