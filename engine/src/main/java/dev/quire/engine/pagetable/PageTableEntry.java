/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/**
 * The words of page tables. Pure functions; the encoding is the engine's own, close to that of x86-64.
 *
 * <pre>
 *  63                      12 11 10  9   8   7    6     5    4   3  2    1    0
 *  | pfn                     | -   | X | - | H | D   | A   | - | kind | W  | P |
 * </pre>
 *
 * <ul>
 *   <li><b>none</b>: 0.
 *   <li><b>table</b>, in upper levels: P alone; pfn is that of the next table.
 *   <li><b>leaf</b>: P; maps memory from page pfn on. H in upper levels. W writable, A accessed, D dirty, X exclusive:
 *       anonymous memory that no other process maps.
 *   <li><b>migration entry</b>, in the lowest level: not P, kind not 0. Stands for a page whose folio is being split or
 *       merged. Kind is 1 readable, 2 readable and exclusive, 3 writable; A and D are kept.
 *   <li><b>invalid leaf</b>: not P, kind 0, H: a large leaf while it is being split, a moment in which nobody can set A
 *       or D.
 * </ul>
 */
public final class PageTableEntry {
    /** Maps nothing. */
    public static final long NONE = 0;

    /** Bit P: leads to a table or maps memory. */
    public static final long PRESENT = 1;

    /** Bit W of a leaf: may be written to. */
    public static final long WRITABLE = 1 << 1;

    /** Bit A of a leaf or migration entry: was used. */
    public static final long ACCESSED = 1 << 5;

    /** Bit D of a leaf or migration entry: was written to. */
    public static final long DIRTY = 1 << 6;

    /** Bit H: a leaf of an upper level. */
    public static final long HUGE = 1 << 7;

    /** Bit X of a leaf: anonymous memory that no other process maps. */
    public static final long EXCLUSIVE = 1 << 9;

    /** Kind of a migration entry: the page was readable and perhaps shared. */
    public static final int READABLE = 1;

    /** Kind of a migration entry: the page was readable and exclusive. */
    public static final int READABLE_EXCLUSIVE = 2;

    /** Kind of a migration entry: the page was writable. */
    public static final int WRITABLE_EXCLUSIVE = 3;

    private static final int KIND_SHIFT = 2;
    private static final long KIND_MASK = 3L << KIND_SHIFT;
    private static final int PFN_SHIFT = 12;
    private static final long KEPT = ACCESSED | DIRTY;

    private PageTableEntry() {}

    static long table(long pfn) {
        return pfn << PFN_SHIFT | PRESENT;
    }

    /** A leaf with flags {@link #WRITABLE} to {@link #EXCLUSIVE}; {@link #HUGE} for an upper level. */
    static long leaf(long pfn, long flags) {
        return pfn << PFN_SHIFT | flags | PRESENT;
    }

    /** The migration entry that stands for a leaf of the lowest level. */
    static long migration(long leaf) {
        int kind = isWritable(leaf) ? WRITABLE_EXCLUSIVE : isExclusive(leaf) ? READABLE_EXCLUSIVE : READABLE;
        return pfn(leaf) << PFN_SHIFT | (leaf & KEPT) | (long) kind << KIND_SHIFT;
    }

    /** The leaf that a migration entry stands for. */
    static long restored(long migration) {
        int kind = migrationKind(migration);
        long flags = (kind == WRITABLE_EXCLUSIVE ? WRITABLE : 0) | (kind == READABLE ? 0 : EXCLUSIVE);
        return leaf(pfn(migration), flags | (migration & KEPT));
    }

    /**
     * Whether an entry stands for the page that lies so many pages behind a migration entry's, and is as that but for
     * its use.
     */
    static boolean continues(long migration, long nrPages, long entry) {
        return (entry & ~KEPT) == (migration & ~KEPT) + (nrPages << PFN_SHIFT);
    }

    /** The accessed and dirty bits of a leaf or migration entry. */
    static long use(long entry) {
        return entry & KEPT;
    }

    /** A migration entry whose page will not be writable when it is back. */
    static long withoutWriting(long migration) {
        boolean writable = migrationKind(migration) == WRITABLE_EXCLUSIVE;
        return writable ? (migration & ~KIND_MASK) | ((long) READABLE_EXCLUSIVE << KIND_SHIFT) : migration;
    }

    /** A leaf of one level below: one of the 512 that a large leaf is split into. */
    static long piece(long largeLeaf, long pfnOffset, boolean large) {
        long flags = largeLeaf & (WRITABLE | ACCESSED | DIRTY | EXCLUSIVE);
        return leaf(pfn(largeLeaf) + pfnOffset, large ? flags | HUGE : flags);
    }

    /**
     * Whether an entry leads to a table or maps memory.
     *
     * @param entry an entry
     * @return false for none, migration entries and invalid leaves
     */
    public static boolean isPresent(long entry) {
        return (entry & PRESENT) != 0;
    }

    /** Whether an entry of an upper level leads to a table. */
    static boolean isTable(long upperEntry) {
        return (upperEntry & (PRESENT | HUGE)) == PRESENT;
    }

    /**
     * Whether an entry stands for a page whose folio is being split or merged.
     *
     * @param entry an entry
     * @return true for migration entries
     */
    public static boolean isMigration(long entry) {
        return !isPresent(entry) && (entry & KIND_MASK) != 0;
    }

    /** Whether an entry is a large leaf in the middle of its split. */
    static boolean isInvalidLeaf(long entry) {
        return !isPresent(entry) && (entry & HUGE) != 0;
    }

    /**
     * Kind of a migration entry.
     *
     * @param migration a migration entry
     * @return {@link #READABLE}, {@link #READABLE_EXCLUSIVE} or {@link #WRITABLE_EXCLUSIVE}
     */
    public static int migrationKind(long migration) {
        return (int) ((migration & KIND_MASK) >>> KIND_SHIFT);
    }

    /**
     * Page number in an entry.
     *
     * @param entry an entry that is not none
     * @return pfn of the first page mapped, or of the table
     */
    public static long pfn(long entry) {
        return entry >>> PFN_SHIFT;
    }

    /**
     * Whether a leaf may be written to.
     *
     * @param leaf a leaf
     * @return true if bit W is set
     */
    public static boolean isWritable(long leaf) {
        return (leaf & WRITABLE) != 0;
    }

    /**
     * Whether the memory was written to.
     *
     * @param entry a leaf or migration entry
     * @return true if bit D is set
     */
    public static boolean isDirty(long entry) {
        return (entry & DIRTY) != 0;
    }

    /**
     * Whether the memory was used.
     *
     * @param entry a leaf or migration entry
     * @return true if bit A is set
     */
    public static boolean isAccessed(long entry) {
        return (entry & ACCESSED) != 0;
    }

    /**
     * Whether a leaf maps anonymous memory that no other process maps.
     *
     * @param leaf a leaf
     * @return true if bit X is set
     */
    public static boolean isExclusive(long leaf) {
        return (leaf & EXCLUSIVE) != 0;
    }
}
