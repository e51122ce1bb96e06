/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;

/**
 * One bit per page that starts a block, allocated or free, with two summary levels: finds the first page of the block
 * that holds a page in at most three loads, and cuts a block of any size by touching only what starts a piece.
 *
 * <pre>
 *  level   one bit covers             one word covers          words per GiB
 *  0       1 page: starts a block     64 pages,  order 6       4096
 *  1       a level 0 word: not 0      4096 pages, order 12     64
 *  2       a level 1 word: not 0      1 GiB,     order 18      1
 * </pre>
 *
 * Each level is one array over the arena, level 0 first; for 1 TiB the summaries take 520 KiB together and stay cached.
 *
 * <p><b>Why three words suffice.</b> Blocks partition the arena, are naturally aligned and at most 1 GiB large. If no
 * bit at or below a page is set in the page's own word, its block started before that word; so it covers whole words,
 * starts at bit 0 of one, and that is the nearest lower word that is not empty. The same holds one level up.
 *
 * <p><b>Who writes.</b> Only the owner of a block changes the bits inside it, and each bit goes from 0 to 1 and back
 * only while one thread owns everything that bit covers: a word becomes empty only when it gets inside a larger block,
 * and is filled again only when that block is cut. So a summary bit never changes twice at a time, and follows its word
 * without a lock. A word that the owned block covers wholly is nobody else's: it is loaded and stored without an atomic
 * operation. A word shared with neighbours is changed by an atomic or/and, and never becomes empty meanwhile, because
 * the first bit of the caller's own block stays in it. Blocks enter the map one at a time, the larger first where they
 * share a word.
 *
 * <p><b>Readers</b> are wait-free, and are never named anything outside the block that is cut or made whole. A search
 * is exact while the block that holds the page stays what it is. While its owner makes it whole, a search names the old
 * piece that held the page or the whole: {@link #clearInside} empties the levels from the top down, and searches go up
 * (release and acquire). While its owner cuts it, a search may name the start of another piece, because the levels are
 * filled one after the other, so who needs the truth pins the block it was named (the pin acquires what unfreezing the
 * block released) and asks again. What it was named starts a piece in any case, and is initialised: levels are filled
 * from the bottom up, and new heads are set with release, after their page structs were written.
 *
 * <p>Arguments are trusted: a wrong one ends the JVM. Writing methods return the number of 8-byte words they wrote.
 */
public final class HeadBits {
    /** Result of a search that found nothing. */
    public static final long NONE = -1;

    static final int NR_LEVELS = 3;

    private static final int WORD_SHIFT = 6;
    private static final int LEVEL_0_WORDS = 1 << (Geometry.PUD_ORDER - WORD_SHIFT);
    private static final int LEVEL_1_WORDS = 1 << (Geometry.PUD_ORDER - 2 * WORD_SHIFT);
    private static final long FIRST_BIT = 1;

    private final long level0;
    private final long level1;
    private final long level2;

    /**
     * Makes the view of an arena's head bits; there is one map per arena, all views of it are equal.
     *
     * @param arena the arena
     */
    public HeadBits(PageArena arena) {
        long nrGibibytes = (arena.nrPages() + Geometry.pagesIn(Geometry.PUD_ORDER) - 1) >>> Geometry.PUD_ORDER;
        level0 = arena.headBitsBase();
        level1 = level0 + nrGibibytes * LEVEL_0_WORDS * Long.BYTES;
        level2 = level1 + nrGibibytes * LEVEL_1_WORDS * Long.BYTES;
    }

    /**
     * Finds the block that holds a page: the nearest head at or below it within its GiB. At most three loads.
     *
     * @param pfn page number
     * @return page number of the block's first page, or {@link #NONE} if the page is in no block
     */
    public long headOf(long pfn) {
        // Acquire: what is seen of a word bounds what is seen of the level above when a block is made whole (partner:
        // clearBelow), and who is named a head sees its page struct and its bit (partner: setHead, setUniform).
        long word = NativeMemory.getLongAcquire(wordAddress(level0, pfn >>> WORD_SHIFT)) & bitsUpTo(pfn);
        if (word != 0) {
            return (pfn & -64) + highestBit(word);
        }
        long inLevel1 = pfn >>> WORD_SHIFT;
        word = NativeMemory.getLongAcquire(wordAddress(level1, inLevel1 >>> WORD_SHIFT)) & bitsBelow(inLevel1);
        if (word != 0) {
            return ((inLevel1 & -64) + highestBit(word)) << WORD_SHIFT;
        }
        long inLevel2 = inLevel1 >>> WORD_SHIFT;
        word = NativeMemory.getLongAcquire(wordAddress(level2, inLevel2 >>> WORD_SHIFT)) & bitsBelow(inLevel2);
        return word != 0 ? ((inLevel2 & -64) + highestBit(word)) << (2 * WORD_SHIFT) : NONE;
    }

    /**
     * Whether a page starts a block: opaque load of one word.
     *
     * @param pfn page number
     * @return true if its bit is set
     */
    public boolean isHead(long pfn) {
        return (NativeMemory.getLongOpaque(wordAddress(level0, pfn >>> WORD_SHIFT)) & bit(pfn)) != 0;
    }

    /**
     * Whether pages are one block from its first page on: the first is a head and none of the others. Exact if the
     * caller owns the block; at most four loads.
     *
     * @param pfn first page number, a multiple of {@code 2^order}
     * @param order log2 pages, 0 to 18
     * @return false also if the block that starts there is smaller; if it is larger, the page after it is no head
     */
    public boolean isWhole(long pfn, int order) {
        boolean whole = isHead(pfn);
        for (int level = 0; whole && order > shiftOf(level); level++) {
            int shift = shiftOf(level);
            whole = (wordAt(level, pfn) & mask(pfn >>> shift, order - shift)) == bit(pfn >>> shift);
        }
        return whole;
    }

    /**
     * Makes a page the start of a block; idempotent. Its page struct is ready: whoever finds it sees it initialised.
     *
     * @param pfn page number
     * @param ownedOrder log2 pages of the block that holds the page and that the caller owns while it cuts it
     * @return words written, 1 to 3
     */
    public int setHead(long pfn, int ownedOrder) {
        int nrWords = 0;
        for (int level = 0; level < NR_LEVELS; level++) {
            long before = setBits(level, pfn, bit(pfn >>> shiftOf(level)), ownedOrder);
            nrWords++;
            if (before != 0) {
                break;
            }
        }
        return nrWords;
    }

    /**
     * Makes a page the inside of the block that starts below it; idempotent.
     *
     * @param pfn page number, not the first of the owned block
     * @param ownedOrder log2 pages of the block that holds the page and that the caller owns while it makes it whole
     * @return words written, 1 to 3
     */
    public int clearHead(long pfn, int ownedOrder) {
        int nrWords = 0;
        for (int level = 0; level < NR_LEVELS; level++) {
            long after = clearBits(level, pfn, bit(pfn >>> shiftOf(level)), ownedOrder);
            nrWords++;
            if (after != 0) {
                break;
            }
        }
        return nrWords;
    }

    /**
     * Cuts a whole block into blocks of one size. The page structs of their first pages are ready: whoever finds one
     * sees it initialised.
     *
     * @param pfn first page number of the block, which the caller owns
     * @param order log2 pages of the block
     * @param newOrder log2 pages of the pieces, 0 to {@code order}
     * @return words written
     */
    public int setUniform(long pfn, int order, int newOrder) {
        int nrWords = 0;
        for (int level = 0; level < NR_LEVELS; level++) {
            int shift = shiftOf(level);
            int span = order - shift;
            int newSpan = Math.max(newOrder - shift, 0);
            if (span <= newSpan) {
                break;
            }
            if (span < WORD_SHIFT) {
                setBits(level, pfn, everyNth(newSpan) & mask(pfn >>> shift, span), order);
                nrWords++;
            } else {
                nrWords += storeEveryNth(level, pfn, span, newSpan);
            }
        }
        return nrWords;
    }

    /**
     * Makes pages one block again: clears every head inside but the first. Visits only words that are not empty.
     *
     * @param pfn first page number of the block, which the caller owns with all its pieces
     * @param order log2 pages of the block
     * @return words written
     */
    public int clearInside(long pfn, int order) {
        return clearInside(NR_LEVELS - 1, pfn, order);
    }

    private int clearInside(int level, long pfn, int order) {
        int shift = shiftOf(level);
        long inside = wordAt(level, pfn) & mask(pfn >>> shift, Math.max(order - shift, 0)) & ~bit(pfn >>> shift);
        int nrWords = 0;
        if (inside != 0) {
            clearBits(level, pfn, inside, order);
            nrWords++;
        }
        if (level > 0) {
            nrWords += clearBelow(level, pfn, inside);
            nrWords += clearInside(level - 1, pfn, Math.min(order, shift));
        }
        return nrWords;
    }

    /** Empties the words of the level below that these bits of a page's word lead to, and all below them. */
    private int clearBelow(int level, long pfn, long bits) {
        int nrWords = 0;
        for (long rest = bits; rest != 0; rest &= rest - 1) {
            long covered = firstCovered(level, pfn, Long.numberOfTrailingZeros(rest));
            long below = wordAt(level - 1, covered);
            // Release: the level above, which led here, is cleared already. Partner: headOf.
            NativeMemory.setLongRelease(wordAddressAt(level - 1, covered), 0);
            nrWords++;
            if (level > 1) {
                nrWords += clearBelow(level - 1, covered, below);
            }
        }
        return nrWords;
    }

    /** First page number that a bit of a page's word covers. */
    private static long firstCovered(int level, long pfn, int bit) {
        return Geometry.alignDown(pfn, shiftOf(level + 1)) + ((long) bit << shiftOf(level));
    }

    /** Stores whole words of one level, of a block that covers at least one. */
    private int storeEveryNth(int level, long pfn, int span, int newSpan) {
        long value = newSpan < WORD_SHIFT ? everyNth(newSpan) : FIRST_BIT;
        int step = 1 << Math.max(newSpan - WORD_SHIFT, 0);
        int nrWords = 1 << (span - WORD_SHIFT);
        long first = wordAddressAt(level, pfn);
        for (int word = 0; word < nrWords; word += step) {
            // Release: publishes the page structs of the new heads to headOf.
            NativeMemory.setLongRelease(wordAddress(first, word), value);
        }
        return nrWords / step;
    }

    private long setBits(int level, long pfn, long bits, int ownedOrder) {
        long address = wordAddressAt(level, pfn);
        if (!coversWord(ownedOrder, level)) {
            // Full RMW: owners of neighbouring blocks change other bits of this word; it also releases, as below.
            return NativeMemory.getAndBitwiseOrLong(address, bits);
        }
        long before = NativeMemory.getLongOpaque(address);
        // Release: publishes the page structs of the new heads to headOf.
        NativeMemory.setLongRelease(address, before | bits);
        return before;
    }

    private long clearBits(int level, long pfn, long bits, int ownedOrder) {
        long address = wordAddressAt(level, pfn);
        if (!coversWord(ownedOrder, level)) {
            // Full RMW: owners of neighbouring blocks change other bits of this word; it also releases, as below.
            return NativeMemory.getAndBitwiseAndLong(address, ~bits) & ~bits;
        }
        long after = NativeMemory.getLongOpaque(address) & ~bits;
        // Release: as in clearBelow.
        NativeMemory.setLongRelease(address, after);
        return after;
    }

    private static boolean coversWord(int order, int level) {
        return order >= shiftOf(level + 1);
    }

    /** Opaque load of the word of a level that covers a page, for the checker. */
    long wordAt(int level, long pfn) {
        return NativeMemory.getLongOpaque(wordAddressAt(level, pfn));
    }

    private long wordAddressAt(int level, long pfn) {
        long base = switch (level) {
            case 0 -> level0;
            case 1 -> level1;
            default -> level2;
        };
        return wordAddress(base, pfn >>> shiftOf(level + 1));
    }

    /** Order of what one bit of a level covers. */
    static int shiftOf(int level) {
        return level * WORD_SHIFT;
    }

    private static long wordAddress(long base, long word) {
        return base + (word << 3);
    }

    private static long bit(long position) {
        return FIRST_BIT << position;
    }

    private static long bitsBelow(long position) {
        return bit(position) - 1;
    }

    private static long bitsUpTo(long position) {
        return -1L >>> ~position;
    }

    private static int highestBit(long word) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(word);
    }

    /** The bits of a word that {@code 2^span} neighbours from a position on take; all of them from span 6 on. */
    private static long mask(long position, int span) {
        return span >= WORD_SHIFT ? -1L : ((FIRST_BIT << (1 << span)) - 1) << position;
    }

    /** Every {@code 2^span}-th bit of a word, span 0 to 5. */
    private static long everyNth(int span) {
        // The word of all ones is 2^64 - 1; dividing it by 2^w - 1 leaves one bit in every w.
        return Long.divideUnsigned(-1L, (FIRST_BIT << (1 << span)) - 1);
    }
}
