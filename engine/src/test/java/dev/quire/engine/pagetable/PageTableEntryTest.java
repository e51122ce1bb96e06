/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.PageArena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every combination of bits of an entry, at the smallest and the largest page number. */
class PageTableEntryTest {
    private static final long[] FLAGS = {
        PageTableEntry.WRITABLE, PageTableEntry.ACCESSED, PageTableEntry.DIRTY, PageTableEntry.EXCLUSIVE
    };

    private static long flags(int combination) {
        long flags = 0;
        for (int bit = 0; bit < FLAGS.length; bit++) {
            flags |= (combination >> bit & 1) == 0 ? 0 : FLAGS[bit];
        }
        return flags;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 511, PageArena.MAX_PAGES - 1})
    void aLeafComesBackFromMigrationAsItWas(long pfn) {
        for (int combination = 0; combination < 1 << FLAGS.length; combination++) {
            long leaf = PageTableEntry.leaf(pfn, flags(combination));
            assertTrue(PageTableEntry.isPresent(leaf));
            assertFalse(PageTableEntry.isMigration(leaf));
            assertEquals(pfn, PageTableEntry.pfn(leaf));
            long migration = PageTableEntry.migration(leaf);
            assertFalse(PageTableEntry.isPresent(migration));
            assertTrue(PageTableEntry.isMigration(migration));
            assertEquals(pfn, PageTableEntry.pfn(migration));
            assertEquals(PageTableEntry.isDirty(leaf), PageTableEntry.isDirty(migration));
            assertEquals(PageTableEntry.isAccessed(leaf), PageTableEntry.isAccessed(migration));
            // Writable memory that migrates is exclusive memory.
            long expected = PageTableEntry.isWritable(leaf) ? leaf | PageTableEntry.EXCLUSIVE : leaf;
            assertEquals(expected, PageTableEntry.restored(migration));
            long readOnly = PageTableEntry.restored(PageTableEntry.withoutWriting(migration));
            assertEquals(expected & ~PageTableEntry.WRITABLE, readOnly);
        }
    }

    @Test
    void kindsOfMigrationEntries() {
        long writable = PageTableEntry.leaf(7, PageTableEntry.WRITABLE | PageTableEntry.EXCLUSIVE);
        long exclusive = PageTableEntry.leaf(7, PageTableEntry.EXCLUSIVE);
        long shared = PageTableEntry.leaf(7, 0);
        assertEquals(
                PageTableEntry.WRITABLE_EXCLUSIVE, PageTableEntry.migrationKind(PageTableEntry.migration(writable)));
        assertEquals(
                PageTableEntry.READABLE_EXCLUSIVE, PageTableEntry.migrationKind(PageTableEntry.migration(exclusive)));
        assertEquals(PageTableEntry.READABLE, PageTableEntry.migrationKind(PageTableEntry.migration(shared)));
    }

    /** Of all pairs, those continue each other that are of the same kind and of consecutive pages, used or not. */
    @Test
    void migrationEntriesContinueEachOther() {
        for (int one = 0; one < 1 << FLAGS.length; one++) {
            long first = PageTableEntry.migration(PageTableEntry.leaf(512, flags(one)));
            for (int other = 0; other < 1 << FLAGS.length; other++) {
                long entry = PageTableEntry.migration(PageTableEntry.leaf(515, flags(other)));
                boolean sameKind = PageTableEntry.migrationKind(first) == PageTableEntry.migrationKind(entry);
                assertEquals(sameKind, PageTableEntry.continues(first, 3, entry));
                assertFalse(PageTableEntry.continues(first, 2, entry));
                assertFalse(PageTableEntry.continues(first, 3, PageTableEntry.restored(entry)));
                assertEquals(
                        flags(other) & (PageTableEntry.ACCESSED | PageTableEntry.DIRTY), PageTableEntry.use(entry));
            }
            assertFalse(PageTableEntry.continues(first, 3, PageTableEntry.NONE));
        }
    }

    @Test
    void noneTablesAndInvalidLeavesAreToldApart() {
        assertFalse(PageTableEntry.isPresent(PageTableEntry.NONE));
        assertFalse(PageTableEntry.isMigration(PageTableEntry.NONE));
        assertTrue(PageTableEntry.isTable(PageTableEntry.table(5)));
        long large = PageTableEntry.leaf(512, PageTableEntry.HUGE | PageTableEntry.WRITABLE);
        assertFalse(PageTableEntry.isTable(large));
        long invalid = large & ~PageTableEntry.PRESENT;
        assertFalse(PageTableEntry.isTable(invalid) || PageTableEntry.isMigration(invalid));
        assertFalse(PageTableEntry.isPresent(invalid));
    }

    @Test
    void piecesInheritAllButTheSize() {
        long use = PageTableEntry.WRITABLE | PageTableEntry.DIRTY | PageTableEntry.ACCESSED | PageTableEntry.EXCLUSIVE;
        long large = PageTableEntry.leaf(1 << 18, PageTableEntry.HUGE | use);
        assertEquals(
                PageTableEntry.leaf((1 << 18) + 512, PageTableEntry.HUGE | use),
                PageTableEntry.piece(large, 512, true));
        assertEquals(PageTableEntry.leaf((1 << 18) + 1, use), PageTableEntry.piece(large, 1, false));
    }
}
