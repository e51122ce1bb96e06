/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.TestSeed;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.PageArena;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must not be done is refused at once, says why, and changes nothing. */
class XArrayMisuseTest extends XArrayCatalogue {
    private static final long SIBLING = XaEntry.sibling(3, 1);

    private static final long[] SAME = {1, 2};

    record Misuse(String message, Consumer<XArrayMisuseTest> call) {
        @Override
        public String toString() {
            return message;
        }
    }

    /** Every internal word, to every method that takes an entry. */
    static Stream<Misuse> internalWords() {
        long node = XaEntry.node(0x7f00_0000_1000L, 12);
        long[] words = {SIBLING, XaEntry.ZERO, XaEntry.RETRY, XaEntry.error(Errno.ENOMEM), node, 2, -2};
        return LongStream.of(words).boxed().flatMap(word -> {
            String named = " is internal: %s=0x" + Long.toHexString(word);
            String entry = "entry" + named.formatted("entry");
            Stream<Misuse> always = Stream.of(
                    new Misuse(entry, test -> test.array.store(1, word)),
                    new Misuse(entry, test -> test.array.storeOrder(0, 3, word)),
                    new Misuse(entry, test -> test.array.insert(1, word)),
                    new Misuse(entry, test -> test.array.storeRange(1, 2, word)),
                    new Misuse(entry, test -> test.array.alloc(0, 1, word)),
                    new Misuse(entry, test -> test.array.allocCyclic(new XaIdCycle(0, 1, 0), word)),
                    new Misuse(entry, test -> test.array.compareExchange(1, 0, word)),
                    new Misuse(noPiece(word), test -> test.cursor(0).trySplit(0, word, 0)),
                    new Misuse(
                            noPiece(word), test -> test.cursor(0).split(SplitPlan.uniform(6, 0), value(0), word, 0)));
            Stream<Misuse> butReservations = word == XaEntry.ZERO
                    ? Stream.of()
                    : Stream.of(
                            new Misuse(
                                    "expected" + named.formatted("expected"),
                                    test -> test.array.compareExchange(1, word, 0)),
                            new Misuse(entry, test -> test.cursor(1).store(word)));
            return Stream.of(always, butReservations).flatMap(misuses -> misuses);
        });
    }

    private static String noPiece(long word) {
        return "firstEntry is no value or pointer: firstEntry=0x" + Long.toHexString(word);
    }

    /** Words that would pass 0 or 2^64 before the last of 64 pieces. */
    static Stream<Misuse> strides() {
        return Stream.of(
                stride(-4L, 4),
                stride(-252L, 4),
                stride(XaEntry.value(XaEntry.MAX_VALUE), 2),
                stride(XaEntry.value(XaEntry.MAX_VALUE - 62), 2),
                stride(XaEntry.value(0), -2),
                stride(XaEntry.value(62), -2),
                stride(252, -4),
                stride(64, Long.MIN_VALUE),
                stride(64, 1L << 62),
                stride(value(5), Long.MAX_VALUE - 1));
    }

    private static Misuse stride(long firstEntry, long entryStride) {
        String message = "entryStride out of range: entryStride=" + entryStride + ", firstEntry=0x"
                + Long.toHexString(firstEntry) + ", offset of last piece=63";
        return new Misuse(
                message, test -> test.cursor(0).split(SplitPlan.uniform(6, 0), value(0), firstEntry, entryStride));
    }

    static Stream<Misuse> badArguments() {
        return Stream.of(
                new Misuse("integer out of range: integer=-1, min=0", test -> test.array.store(1, XaEntry.value(-1))),
                new Misuse("order out of range: order=64, max=63", test -> test.array.storeOrder(0, 64, 0)),
                new Misuse("order out of range: order=-1, max=63", test -> test.array.storeOrder(0, -1, 0)),
                new Misuse("index not aligned: index=0x5, order=2", test -> test.array.storeOrder(5, 2, 0)),
                new Misuse(
                        "index not aligned: index=0x100000000, order=40",
                        test -> test.array.storeOrder(1L << 32, 40, 0)),
                new Misuse("mark out of range: mark=3, max=2", test -> test.array.setMark(1, 3)),
                new Misuse(
                        "mark is the one of free indices, which the array keeps: mark=0",
                        test -> test.engine.newArray(XArray.TRACK_FREE).setMark(1, XArray.FREE_MARK)),
                new Misuse("mark out of range: mark=-1, max=2", test -> test.array.clearMark(1, -1)),
                new Misuse("mark out of range: mark=3, max=2", test -> test.array.getMark(test.engine.reader, 1, 3)),
                new Misuse("mark out of range: mark=7, max=2", test -> test.array.find(test.cursor(0), 1, 7)),
                new Misuse("min out of range: min=-1, max=4294967295", test -> test.array.alloc(-1, 1, 0)),
                new Misuse(
                        "max out of range: max=4294967296, max=4294967295", test -> test.array.alloc(0, 1L << 32, 0)),
                new Misuse(
                        "entries are the indices: nrIndices=1",
                        test -> XaBatch.load(test.array, test.engine.reader, SAME, SAME, 1)),
                new Misuse("next out of range: next=-1, max=4294967295", test -> new XaIdCycle(0, 1, -1)),
                new Misuse("order out of range: order=64, max=63", test -> test.cursor(0, 64)),
                new Misuse("order out of range: order=64, max=63", test -> XaCursor.trySplitMinimumOrder(64)),
                new Misuse(
                        "errno out of range: errno=0, min=-4095, max=-1",
                        test -> test.cursor(0).setError(0)),
                new Misuse(
                        "firstEntry is no value or pointer: firstEntry=0x0",
                        test -> test.cursor(0).split(SplitPlan.uniform(6, 0), value(0), 0, 0)),
                new Misuse(
                        "entryStride changes the kind of the words: entryStride=3, firstEntry=0x1",
                        test -> test.cursor(0).split(SplitPlan.uniform(6, 0), value(0), value(0), 3)),
                new Misuse(
                        "entryStride changes the kind of the words: entryStride=2, firstEntry=0x100000",
                        test -> test.cursor(0).trySplit(0, pointer(0), 2)),
                new Misuse(
                        "plan not complete: covered=0, want=64, plan=",
                        test -> test.cursor(0).split(new SplitPlan(6), value(0), value(0), 2)),
                new Misuse(
                        "plan not complete: covered=0, want=64, plan=",
                        test -> test.cursor(0).reserve(new SplitPlan(6))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"badArguments", "internalWords", "strides"})
    void badArgumentsAreNamed(Misuse misuse) {
        storeOrder(0, 6, value(0));
        String before = text();
        engine.reader.enter();
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> misuse.call().accept(this));
        engine.reader.exit();
        assertEquals(misuse.message(), refusal.getMessage());
        assertEquals(before, text());
        assertEquals(0, store(500, value(1)), "the lock is free");
    }

    @Test
    void aStepOfASplitKnowsTheStrideOnlyUnderTheLock() {
        storeOrder(64, 6, pointer(1));
        String before = text();
        array.lock();
        XaCursor cursor = cursor(64);
        cursor.setError(Errno.ENOMEM);
        assertTrue(cursor.nomem());
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> cursor.trySplit(5, -64, 4));
        assertEquals(
                "entryStride out of range: entryStride=4, firstEntry=0xffffffffffffffc0, offset of last piece=32",
                refusal.getMessage());
        assertEquals(before, text());
        assertEquals(Errno.OK, cursor.trySplit(5, -132, 4), "the last word there is");
        array.unlock();
        cursor.destroy();
        assertEquals(-4, load(127));
    }

    @Test
    void theLastWordsThereAreFit() {
        storeOrder(64, 6, pointer(1));
        SplitPlan plan = SplitPlan.uniform(6, 0);
        assertEquals(Errno.OK, split(64, plan, pointer(1), XaEntry.value(XaEntry.MAX_VALUE - 63), 2));
        assertEquals(XaEntry.value(XaEntry.MAX_VALUE), load(127));
        storeOrder(64, 6, pointer(1));
        assertEquals(Errno.OK, split(64, plan, pointer(1), XaEntry.value(63), -2));
        assertEquals(XaEntry.value(0), load(127));
        storeOrder(64, 6, pointer(1));
        assertEquals(Errno.OK, split(64, plan, pointer(1), 256, -4));
        assertEquals(4, load(127));
    }

    /** Against arithmetic without limits. */
    @Test
    void aStrideFitsIfEveryWordDoes() {
        SplittableRandom random = TestSeed.random("aStrideFitsIfEveryWordDoes");
        BigInteger end = BigInteger.ONE.shiftLeft(Long.SIZE);
        for (int round = 0; round < 200_000; round++) {
            long offset = random.nextLong() >>> 1 >>> random.nextInt(Long.SIZE - 1);
            long stride = (random.nextLong() >> random.nextInt(Long.SIZE)) & -2;
            long word = random.nextLong() >>> random.nextInt(Long.SIZE) | 1;
            BigInteger last = new BigInteger(Long.toUnsignedString(word))
                    .add(BigInteger.valueOf(offset).multiply(BigInteger.valueOf(stride)));
            if (last.signum() > 0 && last.compareTo(end) < 0) {
                XaArguments.requireLastPiece(offset, word, stride);
            } else {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> XaArguments.requireLastPiece(offset, word, stride),
                        TestSeed.asOption());
            }
        }
    }

    @Test
    void anchorsAndFlagsAreChecked() {
        long first = engine.arena.objectsBase();
        long end = first + engine.arena.nrObjects() * PageArena.OBJECT_BYTES;
        for (long anchor : new long[] {0, -8, 8, Long.MIN_VALUE, Long.MAX_VALUE, first - 8, first + 4, end - 8, end}) {
            assertThrows(IllegalArgumentException.class, () -> new XArray(anchor, engine.nodes, engine.lockOrder, 0));
        }
        for (int flags : new int[] {1, XArray.ZERO_BUSY, 16, -1}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new XArray(array.anchor(), engine.nodes, engine.lockOrder, flags));
        }
    }

    @Test
    void readingNeedsASectionAndWritingTheLock() {
        storeIndex(5);
        XaCursor cursor = new XaCursor(array, engine.reader);
        XaCursor locked = new XaCursor(array);
        assertThrows(IllegalStateException.class, () -> array.load(engine.reader, 5));
        assertThrows(IllegalStateException.class, () -> array.getOrder(engine.reader, 5));
        assertThrows(IllegalStateException.class, () -> array.find(cursor, 9, XArray.PRESENT));
        for (XaCursor either : List.of(cursor, locked)) {
            assertThrows(IllegalStateException.class, either::load);
            assertThrows(IllegalStateException.class, () -> either.find(9));
            assertThrows(IllegalStateException.class, either::next);
            assertThrows(IllegalStateException.class, () -> either.store(0));
            assertThrows(IllegalStateException.class, either::createRange);
        }
        engine.reader.enter();
        assertEquals(0, cursor.load());
        assertThrows(IllegalStateException.class, () -> cursor.store(0));
        assertThrows(IllegalStateException.class, locked::load);
        engine.reader.exit();
        array.lock();
        assertEquals(0, locked.load());
        array.unlock();
        assertThrows(IllegalStateException.class, array::unlock);
    }

    @Test
    void anotherThreadsLockIsNoLicence() throws InterruptedException {
        array.lock();
        Thread other = new Thread(() -> {
            assertThrows(IllegalStateException.class, () -> new XaCursor(array).store(value(1)));
            assertThrows(IllegalStateException.class, array::unlock);
        });
        Throwable[] failure = new Throwable[1];
        other.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
        other.start();
        other.join();
        array.unlock();
        assertEquals(null, failure[0]);
    }

    /** Without a checker of the order of locks, which would notice it first. */
    @Test
    void whoHasTheLockIsToldWhenItAsksForItAgain() {
        long anchor = engine.arena.objectsBase() + (engine.arena.nrObjects() - 1) * PageArena.OBJECT_BYTES;
        XArray unordered = new XArray(anchor, engine.nodes, new LockOrder(false), 0);
        List<Executable> calls = List.of(
                unordered::lock, () -> unordered.store(5, value(5)), () -> unordered.erase(5), unordered::destroy);
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            unordered.lock();
            for (Executable call : calls) {
                IllegalStateException refusal = assertThrows(IllegalStateException.class, call);
                assertEquals(
                        "the array is locked by this thread already, and the lock is not reentrant",
                        refusal.getMessage());
            }
            unordered.unlock();
        });
        assertEquals(0, unordered.store(5, value(5)), "the lock is free");
        unordered.destroy();
    }

    @Test
    void aCursorOfAnotherArrayIsRefused() {
        XArray other = engine.newArray(0);
        engine.reader.enter();
        assertThrows(IllegalArgumentException.class, () -> other.find(cursor(0), 1, XArray.PRESENT));
        engine.reader.exit();
    }

    @Test
    void aClosedEngineRefusesEveryCall() {
        EngineFixture closed = new EngineFixture();
        XArray lost = closed.newArray(0);
        lost.store(9, value(9));
        XaCursor cursor = new XaCursor(lost, closed.reader);
        closed.close();
        assertThrows(IllegalStateException.class, () -> lost.store(9, value(1)));
        assertThrows(IllegalStateException.class, lost::lock);
        assertThrows(IllegalStateException.class, lost::destroy);
        assertThrows(IllegalStateException.class, () -> lost.load(closed.reader, 9));
        assertThrows(IllegalStateException.class, () -> cursor.reserve(SplitPlan.uniform(9, 0)));
        assertThrows(IllegalStateException.class, () -> XaText.tree(lost));
        assertThrows(IllegalStateException.class, () -> XaChecker.check(lost));
        assertThrows(IllegalStateException.class, () -> new XArray(lost.anchor(), closed.nodes, closed.lockOrder, 0));
    }

    /** The array's own lock is not part of the engine's memory: a thread that is refused must give it back. */
    @Test
    void threadsThatComeAfterCloseAreRefusedOneAfterTheOther() {
        EngineFixture closed = new EngineFixture();
        XArray lost = closed.newArray(0);
        closed.close();
        for (int thread = 0; thread < 2; thread++) {
            assertTimeoutPreemptively(
                    Duration.ofSeconds(10),
                    () -> assertThrows(IllegalStateException.class, () -> lost.store(9, value(1))));
        }
    }

    @Test
    void errorsStickUntilTheyAreCleared() {
        storeIndex(5);
        array.lock();
        XaCursor cursor = cursor(5);
        cursor.setError(Errno.EBUSY);
        assertEquals(0, cursor.load());
        assertEquals(0, cursor.store(value(6)));
        assertEquals(0, cursor.find(MAX));
        assertEquals(0, cursor.findMarked(MAX, 0));
        assertEquals(0, cursor.findConflict());
        assertEquals(0, cursor.next());
        assertEquals(5, cursor.index());
        assertEquals(Errno.EBUSY, cursor.split(SplitPlan.uniform(0, 0), value(5), value(5), 0));
        assertEquals(Errno.EBUSY, cursor.trySplit(0, value(5), 0));
        cursor.createRange();
        cursor.pause();
        assertEquals(Errno.EBUSY, cursor.error());
        cursor.reset();
        assertEquals(value(5), cursor.load());
        array.unlock();
    }

    @Test
    void onlyAPositionAtAnEntryCanBeReadAgain() {
        storeIndex(5);
        engine.reader.enter();
        XaCursor cursor = cursor(5);
        assertThrows(IllegalStateException.class, cursor::reload);
        assertThrows(IllegalStateException.class, cursor::getOrder);
        assertEquals(value(5), cursor.load());
        assertEquals(value(5), cursor.reload());
        cursor.set(MAX);
        assertEquals(0, cursor.load());
        IllegalStateException refusal = assertThrows(IllegalStateException.class, cursor::reload);
        assertEquals("the cursor is at no entry: position=bounds", refusal.getMessage());
        engine.reader.exit();
    }

    @Test
    void nothingIsMarkedWhereNothingIs() {
        storeIndex(5);
        String before = text();
        array.setMark(6, 1);
        array.setMark(MAX, 1);
        array.lock();
        XaCursor cursor = cursor(6);
        assertEquals(0, cursor.load());
        cursor.setMark(1);
        cursor.set(MAX);
        cursor.load();
        cursor.setMark(1);
        array.unlock();
        assertEquals(before, text());
    }
}
