/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.RangeModel.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Readers of every kind beside a writer that changes a small range of indices with every method, around entries that it
 * never touches: these are seen at all times, and exactly once by what goes over the array, and nothing is ever seen
 * that was not stored there.
 */
class XArrayRandomRaceTest extends XArrayRace {
    private static final int FIXED_MARK = 1;
    private static final int NR_STEPS = 30;

    /**
     * An entry that stays.
     *
     * @param first first index
     * @param order log2 of the indices
     */
    record Place(long first, int order) {}

    private final List<Range> fixed = new ArrayList<>();
    private int indexBits;

    static Stream<Arguments> places() {
        return Stream.of(
                Arguments.of(7, List.of(new Place(0, 0))),
                Arguments.of(8, List.of(new Place(70, 0))),
                Arguments.of(9, List.of(new Place(0, 0), new Place(100, 2), new Place(320, 6))),
                Arguments.of(13, List.of(new Place(3, 0), new Place(4096, 7), new Place(8191, 0))));
    }

    @ParameterizedTest(name = "{0} bits, {1}")
    @MethodSource("places")
    void whatIsNeverTouchedIsSeenExactlyOnce(int indexBits, List<Place> places) {
        this.indexBits = indexBits;
        SplittableRandom random = TestSeed.random("XArrayRandomRaceTest, " + places);
        RandomWriter writer = new RandomWriter(engine, array, random, indexBits);
        places.forEach(place -> fixed.add(writer.fix(place.first(), place.order())));
        try {
            race(writer::changeOnce, this::look);
        } catch (AssertionError e) {
            throw new AssertionError(TestSeed.asOption(), e);
        }
        writer.assertSame();
    }

    private void look(RcuReader reader, XaCursor cursor, long round) {
        SplittableRandom random = new SplittableRandom(TestSeed.VALUE + round);
        switch ((int) (round % 9)) {
            case 0 -> loadAny(reader, random);
            case 1 -> loadFixed(reader, random);
            case 2 -> loadBatch(reader, random);
            case 3 -> iterate(cursor, random);
            case 4 -> iterateMarked(cursor, random);
            case 5 -> findOneByOne(cursor, random);
            case 6 -> extract(cursor, random);
            case 7 -> step(cursor, random);
            default -> reload(cursor, random);
        }
    }

    private long anyIndex(SplittableRandom random) {
        return random.nextLong() >>> (Long.SIZE - indexBits);
    }

    private static void assertNothingOrFor(long index, long word) {
        assertTrue(
                word == XaEntry.EMPTY || RandomWriter.isFor(word, index),
                () -> "index=0x" + Long.toHexString(index) + " " + XaEntry.toText(word));
    }

    // ---- lookups

    private void loadAny(RcuReader reader, SplittableRandom random) {
        for (int i = 0; i < NR_STEPS; i++) {
            long index = anyIndex(random);
            assertNothingOrFor(index, array.load(reader, index));
        }
    }

    private void loadFixed(RcuReader reader, SplittableRandom random) {
        for (Range range : fixed) {
            long index = indexIn(range, random);
            assertEquals(range.word(), array.load(reader, index));
            assertEquals(range.order(), array.getOrder(reader, index));
            assertTrue(array.getMark(reader, index, FIXED_MARK));
            // At index 0 a mark that came and went elsewhere may be seen, see getMark.
            assertFalse(index > 0 && array.getMark(reader, index, 0));
            assertFalse(index > 0 && array.getMark(reader, index, 2));
        }
    }

    private static long indexIn(Range range, SplittableRandom random) {
        return range.first() + (random.nextLong() & (range.last() - range.first()));
    }

    private void loadBatch(RcuReader reader, SplittableRandom random) {
        long[] indices = new long[NR_STEPS];
        Arrays.setAll(indices, i -> i < fixed.size() ? indexIn(fixed.get(i), random) : anyIndex(random));
        long[] words = new long[NR_STEPS];
        XaBatch.load(array, reader, indices, words, NR_STEPS);
        for (int i = 0; i < NR_STEPS; i++) {
            assertNothingOrFor(indices[i], words[i]);
            assertTrue(i >= fixed.size() || words[i] == fixed.get(i).word());
        }
    }

    private void reload(XaCursor cursor, SplittableRandom random) {
        Range range = fixed.get(random.nextInt(fixed.size()));
        cursor.set(indexIn(range, random));
        for (int i = 0; i < NR_STEPS; i++) {
            // Also from a position of a moment ago: read again, unless what it was in is gone.
            long word = cursor.load();
            if (!cursor.retry(word)) {
                assertEquals(range.word(), word);
                assertEquals(range.order(), cursor.getOrder());
                assertEquals(range.word(), array.find(cursor, cursor.index(), XArray.PRESENT));
            }
        }
    }

    // ---- searches

    private void assertAllOnce(List<Long> words) {
        List<Long> found = words.stream().filter(RandomWriter::isFixed).toList();
        assertEquals(fixed.stream().map(Range::word).toList(), found);
    }

    private void iterate(XaCursor cursor, SplittableRandom random) {
        List<Long> words = new ArrayList<>();
        boolean pauses = random.nextBoolean();
        long previous = -1;
        cursor.set(0);
        for (long word = cursor.find(MAX); word != 0; word = cursor.find(MAX)) {
            if (cursor.retry(word)) {
                continue;
            }
            assertNothingOrFor(cursor.index(), word);
            assertTrue(cursor.index() > previous, "goes upwards");
            previous = cursor.index();
            words.add(word);
            if (pauses && random.nextInt(4) == 0) {
                cursor.pause();
            }
        }
        assertAllOnce(words);
    }

    private void iterateMarked(XaCursor cursor, SplittableRandom random) {
        List<Long> words = new ArrayList<>();
        boolean pauses = random.nextBoolean();
        cursor.set(0);
        for (long word = cursor.findMarked(MAX, FIXED_MARK); word != 0; word = cursor.findMarked(MAX, FIXED_MARK)) {
            if (cursor.retry(word)) {
                continue;
            }
            assertNothingOrFor(cursor.index(), word);
            words.add(word);
            if (pauses && random.nextInt(4) == 0) {
                cursor.pause();
            }
        }
        assertAllOnce(words);
    }

    private void findOneByOne(XaCursor cursor, SplittableRandom random) {
        List<Long> words = new ArrayList<>();
        int filter = random.nextBoolean() ? XArray.PRESENT : FIXED_MARK;
        cursor.set(0);
        for (long word = array.find(cursor, MAX, filter); word != 0; word = array.findAfter(cursor, MAX, filter)) {
            assertNothingOrFor(cursor.index(), word);
            words.add(word);
        }
        assertAllOnce(words);
    }

    private void extract(XaCursor cursor, SplittableRandom random) {
        long[] words = new long[1 << indexBits];
        cursor.set(0);
        int filter = random.nextBoolean() ? XArray.PRESENT : FIXED_MARK;
        int nrWords = array.extract(cursor, MAX, filter, words, words.length);
        assertAllOnce(Arrays.stream(words).limit(nrWords).boxed().toList());
    }

    /** A sibling stands for its entry; from a node that was cut off the way leads back to the top. */
    private void step(XaCursor cursor, SplittableRandom random) {
        cursor.set(anyIndex(random));
        for (int i = 0; i < NR_STEPS; i++) {
            long word = random.nextBoolean() ? cursor.next() : cursor.prev();
            if (!cursor.retry(word) && !XaEntry.isSibling(word)) {
                assertNothingOrFor(cursor.index(), word);
            }
        }
    }
}
