/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the kernel's user-space harness for radix trees checks in one thread, beyond the suite in the kernel. */
class RadixTreeHarnessTest extends XArrayCatalogue {
    private record Block(long index, int order) {
        long last() {
            return index + (1L << order) - 1;
        }
    }

    private static final List<Block> BLOCKS = List.of(
            new Block(0, 1),
            new Block(2, 1),
            new Block(4, 2),
            new Block(8, 3),
            new Block(16, 4),
            new Block(32, 1),
            new Block(34, 0),
            new Block(36, 1),
            new Block(64, 3),
            new Block(72, 0),
            new Block(128, 7));

    /** multiorder_iteration. */
    @Test
    void anIterationFromEveryStartReturnsTheBlocksThatRemain() {
        storeBlocks();
        for (long start = 0; start < 256; start++) {
            List<Block> expected = from(BLOCKS, start);
            engine.reader.enter();
            XaCursor cursor = cursor(start);
            for (Block block : expected) {
                assertEquals(value(block.index()), cursor.find(MAX));
                assertEquals(block.order() / 6 * 6, XaNodeStruct.shift(cursor.nodeAddress()));
                assertEquals(block.order(), cursor.getOrder());
            }
            assertEquals(0, cursor.find(MAX));
            engine.reader.exit();
        }
        array.destroy();
    }

    /** multiorder_tagged_iteration. */
    @Test
    void aMarkedIterationFromEveryStartReturnsTheMarkedBlocksThatRemain() {
        storeBlocks();
        List<Block> marked =
                BLOCKS.stream().filter(block -> block.order() % 2 == 1).toList();
        marked.forEach(block -> setMark(block.last(), 1));
        for (long from = 0; from < 256; from++) {
            long start = from;
            List<Found> expected = from(marked, start).stream()
                    .map(block -> new Found(foundFrom(start, block.index(), block.order()), value(block.index())))
                    .toList();
            assertEquals(expected, walkMarked(start, 1), "start=" + start);
        }

        copyMark(0, MAX, 1, 2);
        assertEquals(marked.size(), walkMarked(0, 2).size());
        copyMark(0, MAX, 1, 0);
        assertEquals(marked.size(), walkMarked(0, 0).size());
        array.destroy();
    }

    private void storeBlocks() {
        BLOCKS.forEach(block -> storeOrder(block.index(), block.order(), value(block.index())));
    }

    private static List<Block> from(List<Block> blocks, long start) {
        return blocks.stream().filter(block -> block.last() >= start).toList();
    }

    /** Gives every entry in [first, last] that has a mark another one too; returns how many. */
    private int copyMark(long first, long last, int from, int to) {
        int copied = 0;
        array.lock();
        XaCursor cursor = cursor(first);
        for (long entry = cursor.findMarked(last, from); entry != 0; entry = cursor.findMarked(last, from)) {
            cursor.setMark(to);
            copied++;
        }
        array.unlock();
        return copied;
    }

    /** copy_tag_check. */
    @Test
    void marksAreCopiedWithinARangeOnly() {
        SplittableRandom random = TestSeed.random("marksAreCopiedWithinARangeOnly");
        int nrEntries = 50_000;
        long first = 1000L + random.nextInt(1 << 20);
        long last = first + 1L + random.nextInt(1 << 24);
        int expected = 0;
        TreeMap<Long, Boolean> marks = new TreeMap<>();
        while (marks.size() < nrEntries) {
            long index = random.nextInt(1 << 26);
            if (marks.containsKey(index)) {
                continue;
            }
            boolean marked = random.nextBoolean();
            marks.put(index, marked);
            storeIndex(index);
            if (marked) {
                setMark(index, 0);
                expected += index >= first && index <= last ? 1 : 0;
            }
        }
        assertEquals(expected, copyMark(first, last, 0, 1), TestSeed.asOption());
        marks.forEach((index, marked) -> {
            boolean copied = marked && index >= first && index <= last;
            assertEquals(marked, getMark(index, 0), TestSeed.asOption());
            assertEquals(copied, getMark(index, 1), TestSeed.asOption());
        });
        array.destroy();
    }

    /** tag_check. */
    @Test
    void aMarkStaysWithItsEntryWhileTheTreeGrowsAndShrinks() {
        for (long index : new long[] {0, 63, 64, 4097, 1L << 30}) {
            storeIndex(index);
            setMark(index, 0);
            for (int bit = 0; bit < Long.SIZE; bit++) {
                long other = 1L << bit;
                if (other != index) {
                    storeIndex(other);
                    assertEquals(List.of(new Found(index, value(index))), walkMarked(0, 0));
                    assertFalse(getMark(other, 0));
                }
            }
            for (int bit = Long.SIZE - 1; bit >= 0; bit--) {
                long other = 1L << bit;
                if (other != index) {
                    eraseIndex(other);
                    assertEquals(List.of(new Found(index, value(index))), walkMarked(0, 0));
                }
            }
            assertTrue(getMark(index, 0));
            eraseIndex(index);
            assertFalse(isMarked(0), "a mark goes with its entry");
        }
    }

    /** regression2. */
    @Test
    void aMarkedSearchEndsAtItsLimitWhateverIsMarkedBehindIt() {
        long[] marked = {1, 63, 64, 4095, 4096, 1 << 18, 1 << 24};
        for (long index : marked) {
            storeIndex(index);
            setMark(index, 0);
        }
        for (long first : new long[] {0, 2, 63, 65, 4095, 4097, (1 << 18) + 1}) {
            for (long last : marked) {
                for (long limit : new long[] {last - 1, last, last + 1}) {
                    long expected = Arrays.stream(marked)
                            .filter(index -> index >= first && index <= limit)
                            .count();
                    assertEquals(expected, copyMark(first, limit, 0, 1));
                    assertEquals(expected, walkMarked(0, 1).size());
                    walkMarked(0, 1).forEach(found -> array.clearMark(found.index(), 1));
                }
            }
        }
    }

    /** regression3. */
    @Test
    void anIterationGoesOnAcrossChangesOfTheTree() {
        storeIndex(0);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(0), cursor.find(MAX));
        storeIndex(1);
        cursor.pause();
        assertEquals(value(1), cursor.find(MAX), "the entry that stood in the head now stands in a node");
        eraseIndex(1);
        cursor.pause();
        assertEquals(0, cursor.find(MAX));

        for (long index = 512; index < 1024; index++) {
            storeIndex(index);
        }
        cursor.set(600);
        assertEquals(value(600), cursor.find(MAX));
        storeOrder(512, 9, value(7));
        assertTrue(cursor.retry(cursor.find(MAX)), "the leaf was cut off");
        assertEquals(value(7), cursor.find(MAX));
        assertEquals(601, cursor.index());
        assertEquals(0, cursor.find(MAX));
        engine.reader.exit();
    }

    /** gang_check. */
    @Test
    void denseRunsAtFarPlaces() {
        for (long middle : new long[] {1L << 30, 1L << 31, (1L << 32) - 1000, 1L << 62}) {
            for (int[] chunkAndHop : new int[][] {{1, 1}, {3, 5}, {16, 64}, {100, 4096}}) {
                denseRun(middle - 1500, middle + 1500, chunkAndHop[0], chunkAndHop[1]);
            }
        }
    }

    private void denseRun(long start, long end, int chunk, int hop) {
        NavigableSet<Long> stored = new TreeSet<>();
        for (long index = start; index < end; index += hop) {
            for (long i = index; i < index + chunk; i++) {
                if (stored.add(i)) {
                    assertEquals(Errno.OK, array.insert(i, value(i)));
                }
            }
        }
        assertEquals(stored.stream().map(i -> new Found(i, value(i))).toList(), walk(start));
        assertEquals(stored.stream().map(i -> new Found(i, value(i))).toList(), findAll(0, XArray.PRESENT));
        stored.forEach(this::eraseIndex);
        assertTrue(isEmpty());
    }

    /** dynamic_height_check. */
    @Test
    void theTreeIsAsLowAsItsLargestIndexAllows() {
        SplittableRandom random = TestSeed.random("theTreeIsAsLowAsItsLargestIndexAllows");
        NavigableSet<Long> stored = new TreeSet<>(Long::compareUnsigned);
        for (int step = 0; step < 20_000; step++) {
            long index = random.nextLong() >>> random.nextInt(Long.SIZE);
            if (random.nextInt(3) > 0 && stored.size() < 40) {
                assertEquals(stored.add(index) ? 0 : value(index), store(index, value(index)));
            } else if (!stored.isEmpty()) {
                long victim = random.nextBoolean() ? stored.last() : stored.first();
                stored.remove(victim);
                eraseIndex(victim);
            }
            assertMinimalHeight(stored);
        }
        array.destroy();
    }

    private void assertMinimalHeight(NavigableSet<Long> stored) {
        if (stored.isEmpty()) {
            assertTrue(isEmpty());
            return;
        }
        long largest = stored.last();
        if (largest == 0) {
            assertEquals(value(0), head());
            return;
        }
        int bits = Long.SIZE - Long.numberOfLeadingZeros(largest);
        assertEquals((bits - 1) / 6 * 6, XaEntry.nodeShift(head()), TestSeed.asOption());
    }

    /** add_and_check. */
    @Test
    void whatWasAddedIsThereAndNothingElse() {
        for (long index : new long[] {44, 1L << 40}) {
            storeIndex(index);
            assertEquals(value(index), load(index));
            assertFalse(getMark(index, 0));
            for (long other = 0; other < 1000; other++) {
                assertEquals(other == index ? value(index) : 0, load(other));
            }
            eraseIndex(index);
        }
        assertTrue(isEmpty());
    }
}
