/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

/** Flag bits of a page; the position in the flags word is the ordinal. */
public enum PageFlag {
    /** The folio lock. */
    LOCKED,
    /** Being written to its file. */
    WRITEBACK,
    /** Used since the last look. */
    REFERENCED,
    /** Contents are valid. */
    UPTODATE,
    /** Contents are newer than the file's. */
    DIRTY,
    /** On an LRU list. */
    LRU,
    /** Head of a folio of order 1 or more. */
    HEAD,
    /** Somebody waits for the lock; in the byte of the lock. */
    WAITERS,
    /** On the active LRU list; in page 1: some page of the folio has a hardware error. */
    ACTIVE,
    /** Used more than once since the last look; in page 1: the folio can be mapped. */
    WORKINGSET,
    /** In the swap cache (swap-backed folios), or checked (file systems). */
    OWNER_PRIV_1,
    /** Exclusive to one owner (anonymous pages), or mapped to disk (file systems). */
    OWNER_2,
    /** Architecture's own. */
    ARCH_1,
    /** Not for use. */
    RESERVED,
    /** The private word holds file system data. */
    PRIVATE,
    /** File system's second own. */
    PRIVATE_2,
    /** To be reclaimed soon; in page 1: only part of the folio is mapped. */
    RECLAIM,
    /** Backed by swap; in page 1: the folio is on the deferred-split queue. */
    SWAPBACKED,
    /** Cannot be evicted. */
    UNEVICTABLE,
    /** Drop after write. */
    DROPBEHIND,
    /** Locked into memory by a user. */
    MLOCKED,
    /** The frame has a hardware error. */
    HWPOISON,
    /** Young bit of idle tracking. */
    YOUNG,
    /** Idle bit of idle tracking. */
    IDLE,
    /** Architecture's second. */
    ARCH_2,
    /** Architecture's third. */
    ARCH_3;

    /** The swap cache reading of {@link #OWNER_PRIV_1}. */
    public static final PageFlag SWAPCACHE = OWNER_PRIV_1;

    /** The anonymous reading of {@link #OWNER_2}. */
    public static final PageFlag ANON_EXCLUSIVE = OWNER_2;

    /** Of page 1: some page of the folio has a hardware error. */
    public static final PageFlag HAS_HWPOISONED = ACTIVE;

    /** Of page 1: the folio can be mapped. */
    public static final PageFlag LARGE_RMAPPABLE = WORKINGSET;

    /** Of page 1: only part of the folio is mapped. */
    public static final PageFlag PARTIALLY_MAPPED = RECLAIM;

    /** Of page 1: the folio is on the deferred-split queue, so its link there means something. */
    public static final PageFlag DEFERRED_SPLIT = SWAPBACKED;

    /** What belongs to the frame itself and stays with it through every allocation. */
    public static final long FRAME_FLAGS = HWPOISON.mask();

    private final long mask = 1L << ordinal();

    /**
     * The bit.
     *
     * @return a word with this flag's bit alone
     */
    public long mask() {
        return mask;
    }

    /**
     * Whether a folio with these flags is in the swap cache; for other folios than swap-backed ones the bit means
     * something else (folio_test_swapcache).
     *
     * @param flags flags word of a head
     * @return true if it is
     */
    public static boolean isSwapCached(long flags) {
        long bits = SWAPBACKED.mask | SWAPCACHE.mask;
        return (flags & bits) == bits;
    }

    /**
     * Whether a flags word has this flag.
     *
     * @param flags a flags word
     * @return true if the bit is set
     */
    public boolean isSet(long flags) {
        return (flags & mask) != 0;
    }
}
