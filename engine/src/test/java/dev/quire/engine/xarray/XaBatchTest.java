/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class XaBatchTest extends XArrayCatalogue {
    @Test
    void everyIndexGetsWhatASingleLookupGets() {
        SplittableRandom random = TestSeed.random("everyIndexGetsWhatASingleLookupGets");
        assertSameAsSingle(random);
        store(0, value(9));
        assertSameAsSingle(random);
        array.reserve(77);
        for (int i = 0; i < 300; i++) {
            int order = random.nextInt(20);
            long index = (random.nextLong() >>> random.nextInt(Long.SIZE)) & -1L << order;
            array.storeOrder(index, order, random.nextBoolean() ? value(i) : pointer(i));
            assertSameAsSingle(random);
        }
    }

    private void assertSameAsSingle(SplittableRandom random) {
        int nrIndices = random.nextInt(100);
        long[] indices = new long[nrIndices];
        long[] expected = new long[nrIndices];
        for (int i = 0; i < nrIndices; i++) {
            Found found = find(random.nextLong() >>> random.nextInt(Long.SIZE), MAX, XArray.PRESENT);
            indices[i] = found != null && random.nextInt(4) > 0
                    ? found.index() + random.nextInt(200)
                    : random.nextLong() >>> random.nextInt(Long.SIZE);
            expected[i] = load(indices[i]);
        }
        long[] entries = new long[nrIndices];
        engine.reader.enter();
        XaBatch.load(array, engine.reader, indices, entries, nrIndices);
        engine.reader.exit();
        assertArrayEquals(expected, entries, TestSeed.asOption());
    }

    @Test
    void lookupsThatMeetADetachedNodeStartOver() throws InterruptedException {
        store(0, value(1));
        store(5, value(2));
        array.lock();
        XaCursor cursor = cursor(5);
        XaStore.store(cursor, XaEntry.RETRY);
        cursor.set(5);
        long[] entries = new long[2];
        CountDownLatch entered = new CountDownLatch(1);
        Thread reader = new Thread(() -> {
            var own = engine.rcu.register();
            own.enter();
            entered.countDown();
            XaBatch.load(array, own, new long[] {0, 5}, entries, 2);
            own.exit();
            own.close();
        });
        reader.start();
        entered.await();
        // Long enough for the reader to meet the retry word, most of the time; it then asks again until the word goes.
        Thread.sleep(50);
        cursor.store(value(3));
        array.unlock();
        assertEquals(true, joined(reader));
        assertArrayEquals(new long[] {value(1), value(3)}, entries);
    }

    private static boolean joined(Thread thread) {
        try {
            thread.join();
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    @Test
    void aReservationReadsAsNothing() {
        storeIndex(76);
        assertEquals(Errno.OK, array.reserve(77));
        long[] entries = {1, 1};
        engine.reader.enter();
        XaBatch.load(array, engine.reader, new long[] {76, 77}, entries, 2);
        engine.reader.exit();
        assertArrayEquals(new long[] {value(76), 0}, entries);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        engine.reader.enter();
        assertThrows(
                IndexOutOfBoundsException.class, () -> XaBatch.load(array, engine.reader, new long[3], new long[2], 3));
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> XaBatch.load(array, engine.reader, new long[3], new long[3], -1));
        engine.reader.exit();
        assertThrows(
                IllegalStateException.class, () -> XaBatch.load(array, engine.reader, new long[3], new long[3], 1));
    }

    @Test
    void aReaderOutOfASectionOrOfAnotherEngineIsRefused() {
        long[] entries = {7};
        assertThrows(IllegalStateException.class, () -> XaBatch.load(array, engine.reader, new long[] {0}, entries, 1));
        try (EngineFixture other = new EngineFixture()) {
            other.reader.enter();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> XaBatch.load(array, other.reader, new long[] {0}, entries, 1));
            other.reader.exit();
        }
        assertEquals(7, entries[0]);
    }
}
