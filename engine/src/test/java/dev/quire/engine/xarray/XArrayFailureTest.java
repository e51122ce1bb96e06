/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import java.lang.reflect.Modifier;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every change runs out of memory at its first node, at its second, and so on: it must say so, leave the tree as it
 * was, node by node, and succeed when it is tried again with memory.
 */
class XArrayFailureTest extends XArrayCatalogue {
    private static final long FAR = 1L << 30;
    private static final long WORD = value(77);

    interface Change {
        /** 0 or a negative errno. */
        int on(XArrayFailureTest test);
    }

    /**
     * One change.
     *
     * @param nrNodes nodes that the change needs
     * @param name the method that changes, and what is special
     * @param flags of the array
     * @param before makes the array that is changed
     * @param change is made to fail
     */
    record Failing(int nrNodes, String name, int flags, Change before, Change change) {
        String method() {
            return name.split("[ ,]", 2)[0];
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Failing> changes() {
        return Stream.of(stores(), cursorStores(), ranges(), splits(), idAllocations())
                .flatMap(cases -> cases);
    }

    private static Stream<Failing> stores() {
        return Stream.of(
                of(1, "store into nothing", test -> 0, test -> test.errnoOfStore(5)),
                of(11, "store at the last index", test -> 0, test -> test.errnoOfStore(MAX)),
                of(1, "store beside a head entry", test -> test.errnoOfStore(0), test -> test.errnoOfStore(1)),
                of(11, "store far above a head entry", test -> test.errnoOfStore(0), test -> test.errnoOfStore(FAR)),
                of(
                        11,
                        "store far above a marked head entry",
                        XArrayFailureTest::markedHead,
                        test -> test.errnoOfStore(FAR)),
                of(9, "store far above a tree", XArrayFailureTest::smallTree, test -> test.errnoOfStore(FAR)),
                of(4, "store into a hole", XArrayFailureTest::tallTree, test -> test.errnoOfStore(FAR / 2)),
                of(4, "insert", XArrayFailureTest::tallTree, test -> test.array.insert(FAR / 2, WORD)),
                of(4, "reserve", XArrayFailureTest::tallTree, test -> test.array.reserve(FAR / 2)),
                of(4, "compareExchange", XArrayFailureTest::tallTree, XArrayFailureTest::exchangeInHole),
                of(1, "storeOrder into nothing", test -> 0, test -> test.errnoOfStoreOrder(512, 9)),
                of(2, "storeOrder over head", XArrayFailureTest::markedHead, test -> test.errnoOfStoreOrder(0, 9)),
                of(7, "storeOrder far away", XArrayFailureTest::smallTree, test -> test.errnoOfStoreOrder(FAR, 13)),
                of(1, "storeOrder of the largest order", test -> 0, test -> test.errnoOfStoreOrder(0, 63)));
    }

    private static Stream<Failing> cursorStores() {
        int fromZero = XArray.TRACK_FREE;
        int fromOne = XArray.TRACK_FREE | XArray.ZERO_BUSY;
        return Stream.of(
                of(1, "store by a cursor, reservation at 0", test -> 0, test -> test.cursorStore(0, 0, XaEntry.ZERO)),
                of(6, "store by a cursor, far away", test -> 0, test -> test.cursorStore(FAR, 2, WORD)),
                of(1, "nomem, then a store", test -> test.errnoOfStore(0), XArrayFailureTest::nomemAndStore),
                of(
                        4,
                        "store by a cursor, from a leaf to one beside it",
                        XArrayFailureTest::tallTree,
                        test -> test.cursorStoreAfterLoad(FAR, FAR / 2)),
                new Failing(11, "storeOrder beside id 0", fromZero, test -> test.alloc(0), XArrayFailureTest::storeFar),
                new Failing(10, "storeOrder beside id 1", fromOne, test -> test.alloc(0), XArrayFailureTest::storeFar),
                new Failing(11, "insert beside id 0", fromZero, test -> test.alloc(0), XArrayFailureTest::insertFar),
                new Failing(11, "insert before any id", fromOne, test -> 0, XArrayFailureTest::insertFar),
                new Failing(
                        5, "storeRange beside id 0", fromZero, test -> test.alloc(0), XArrayFailureTest::storeRange),
                new Failing(5, "storeRange before any id", fromOne, test -> 0, XArrayFailureTest::storeRange),
                new Failing(8, "createRange before any id", fromOne, test -> 0, test -> test.createRange(4096, 8)));
    }

    private static Stream<Failing> ranges() {
        return Stream.of(
                of(5, "storeRange into nothing", test -> 0, test -> test.array.storeRange(1, 5000, WORD)),
                of(
                        3,
                        "storeRange over a tree",
                        XArrayFailureTest::smallTree,
                        test -> test.array.storeRange(3, 9000, WORD)),
                of(
                        13,
                        "storeRange far away",
                        XArrayFailureTest::smallTree,
                        test -> test.array.storeRange(FAR - 5, FAR + 5, WORD)),
                of(
                        4,
                        "storeRange above a tree that is taller than it must be",
                        XArrayFailureTest::splitAtZero,
                        test -> test.array.storeRange(100, 5000, WORD)),
                of(21, "storeRange of nearly all", test -> 0, test -> test.array.storeRange(1, MAX - 1, WORD)),
                of(
                        1,
                        "storeRange to the last index",
                        test -> 0,
                        test -> test.array.storeRange(Long.MIN_VALUE, MAX, WORD)),
                of(5, "createRange in nothing", test -> 0, test -> test.createRange(256, 8)),
                of(11, "createRange in a tree", XArrayFailureTest::tallTree, test -> test.createRange(FAR / 2, 9)),
                of(8, "createRange before a made one", test -> test.makeRange(512, 9), test -> test.createRange(0, 10)),
                of(
                        18,
                        "createRange above a made one",
                        test -> test.makeRange(0, 9),
                        XArrayFailureTest::createAboveMade),
                of(
                        65,
                        "createRange around a head entry",
                        test -> test.errnoOfStore(0),
                        test -> test.createRange(0, 12)),
                of(
                        13,
                        "createRange around other ones",
                        XArrayFailureTest::madeAndStored,
                        test -> test.createRange(4096, 10)),
                of(2, "storeRange to a made one", test -> test.makeRange(4096, 6), XArrayFailureTest::storeRangeTo4101),
                of(4, "storeRange from a made one", test -> test.makeRange(0, 6), XArrayFailureTest::storeRangeTo4101),
                of(
                        4,
                        "storeRange around a made one",
                        test -> test.makeRange(128, 6),
                        XArrayFailureTest::storeRangeTo4101));
    }

    private static Stream<Failing> splits() {
        return Stream.of(
                of(8, "split 9 -> 0", test -> test.large(9), test -> test.splitLarge(SplitPlan.uniform(9, 0))),
                of(65, "split 12 -> 0", test -> test.large(12), test -> test.splitLarge(SplitPlan.uniform(12, 0))),
                of(130, "split 13 -> 5", test -> test.large(13), test -> test.splitLarge(SplitPlan.uniform(13, 5))),
                of(
                        3,
                        "split 18 -> one page",
                        test -> test.large(18),
                        test -> test.splitLarge(SplitNodeCountTest.shrinkingTowards(4711, 18, 0))),
                of(
                        8,
                        "split 9 -> 0 without reserving",
                        test -> test.large(9),
                        test -> test.splitUnreserved(SplitPlan.uniform(9, 0))),
                of(
                        2,
                        "split 13 -> one page without reserving",
                        test -> test.large(13),
                        test -> test.splitUnreserved(SplitNodeCountTest.shrinkingTowards(8191, 13, 0))),
                of(
                        5,
                        "split 18 -> a range, with two paths",
                        test -> test.large(18),
                        test -> test.splitLarge(range(18, 4711, 150_000))),
                of(
                        6,
                        "split 20 -> a range, without reserving",
                        test -> test.large(20),
                        test -> test.splitUnreserved(range(20, 4711, 550_000))),
                of(
                        8,
                        "tryReserve and split 9 -> 0",
                        test -> test.large(9),
                        test -> test.splitReservedWithoutWaiting(SplitPlan.uniform(9, 0))),
                of(1, "trySplit 6 -> 5", test -> test.large(6), test -> test.trySplitOnce(5)),
                of(1, "trySplit 12 -> 11", test -> test.large(12), test -> test.trySplitOnce(11)));
    }

    private static Stream<Failing> idAllocations() {
        int fromZero = XArray.TRACK_FREE;
        int fromOne = XArray.TRACK_FREE | XArray.ZERO_BUSY;
        return Stream.of(
                new Failing(1, "alloc 1 beside 0", fromZero, test -> test.alloc(0), test -> test.alloc(0)),
                new Failing(1, "alloc 1", fromOne, test -> 0, test -> test.alloc(0)),
                new Failing(11, "alloc far beside 0", fromZero, test -> test.alloc(0), test -> test.alloc(FAR)),
                new Failing(10, "alloc far beside 1", fromOne, test -> test.alloc(0), test -> test.alloc(FAR)),
                new Failing(3, "alloc of nothing", fromZero, test -> test.alloc(0), test -> test.allocNothing(70)),
                new Failing(3, "allocCyclic beside 0", fromZero, test -> test.alloc(0), test -> test.cyclic(4095)),
                new Failing(2, "allocCyclic beside 1", fromOne, test -> test.alloc(0), test -> test.cyclic(4095)),
                new Failing(11, "store beside id 0", fromZero, test -> test.alloc(0), test -> test.errnoOfStore(FAR)),
                new Failing(10, "store beside id 1", fromOne, test -> test.alloc(0), test -> test.errnoOfStore(FAR)),
                new Failing(6, "store of nothing", fromZero, test -> 0, XArrayFailureTest::storeNothing),
                new Failing(11, "store of nothing from 1", fromOne, test -> 0, XArrayFailureTest::storeNothing),
                new Failing(
                        11, "insert of nothing", fromZero, test -> test.alloc(0), test -> test.array.insert(FAR, 0)),
                new Failing(
                        11,
                        "compareExchange beside id 0",
                        fromZero,
                        test -> test.alloc(0),
                        test -> XaEntry.errnoOf(test.array.compareExchange(FAR, 0, WORD))),
                new Failing(
                        1,
                        "allocCyclic that wraps",
                        fromZero,
                        test -> test.alloc(4095),
                        XArrayFailureTest::cyclicThatWraps),
                new Failing(6, "reserve an id", fromZero, test -> 0, test -> test.array.reserve(FAR)),
                new Failing(11, "reserve an id from 1", fromOne, test -> 0, test -> test.array.reserve(FAR)));
    }

    /** {@return the plan that isolates a range} */
    private static SplitPlan range(int order, long start, long end) {
        SplitPlan plan = new SplitPlan();
        SplitPolicies.RANGE.plan(plan, order, start, end, 0, SplitPolicies.ALL_ORDERS);
        return plan;
    }

    private static Failing of(int nrNodes, String name, Change before, Change change) {
        return new Failing(nrNodes, name, 0, before, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void atEveryNode(Failing failing) {
        array = engine.newArray(failing.flags());
        assertEquals(Errno.OK, failing.before().on(this));
        String before = text();
        byte[] imageBefore = image();
        long nodesBefore = engine.nodes.nrInUse();
        int nrFailures = 0;
        while (true) {
            engine.failures.failAfter(nrFailures);
            int result = failing.change().on(this);
            engine.failures.stop();
            if (result == Errno.OK) {
                break;
            }
            assertEquals(Errno.ENOMEM, result);
            assertEquals(before, text(), "after failing at node " + nrFailures);
            assertArrayEquals(imageBefore, image(), "after failing at node " + nrFailures);
            assertEquals(nodesBefore, engine.nodes.nrInUse(), "after failing at node " + nrFailures);
            nrFailures++;
        }
        assertEquals(failing.nrNodes(), nrFailures, "it fails once for each node it needs");
        assertNotEquals(before, text());
        XaChecker.check(array);
        assertSameAsWithoutFailures(failing);
    }

    private void assertSameAsWithoutFailures(Failing failing) {
        String afterFailures = text();
        array = engine.newArray(failing.flags());
        failing.before().on(this);
        assertEquals(Errno.OK, failing.change().on(this));
        assertEquals(text(), afterFailures);
    }

    @ParameterizedTest(name = "one order at a time: {0}")
    @ValueSource(booleans = {false, true})
    void stepByStepSplitsStopWithALegalTree(boolean byOneOrder) {
        for (int nrNodes = 0; nrNodes <= 3; nrNodes++) {
            array = engine.newArray(0);
            assertEquals(Errno.OK, large(18));
            engine.failures.failAfter(nrNodes);
            int order = 18;
            int result = Errno.OK;
            while (order > 0 && result == Errno.OK) {
                int newOrder = byOneOrder ? order - 1 : XaCursor.trySplitMinimumOrder(order);
                result = trySplitOnce(newOrder);
                order = result == Errno.OK ? newOrder : order;
            }
            engine.failures.stop();
            assertEquals(nrNodes == 3 ? Errno.OK : Errno.ENOMEM, result);
            assertEquals(18 - 6 * nrNodes, order, "each node takes it a level down");
            XaChecker.check(array);
            for (long index = 1 << 18; index < 1 << 19; index += 511) {
                assertEquals(WORD, load(index));
            }
            assertEquals(order, getOrder(1 << 18));
            assertMarkedAsWhole();
        }
    }

    private void assertMarkedAsWhole() {
        for (Found piece : walk(0)) {
            boolean isAsWhole = getMark(piece.index(), 0) && !getMark(piece.index(), 1) && getMark(piece.index(), 2);
            assertTrue(isAsWhole, piece::toString);
        }
    }

    /** Whoever adds a method that changes arrays must test it above, or say here that it cannot run out of memory. */
    @Test
    void everyMethodThatChangesAnArrayIsTested() {
        Set<String> withoutMemory =
                Set.of("erase", "release", "setMark", "clearMark", "initMarks", "destroy", "close", "deleteNode");
        Set<String> others = Set.of("""
            lock unlock update load getOrder find findAfter extract getMark isMarked isEmpty anchor
            pool pause advance reload retry findMarked findConflict next prev nodesNeeded
            trySplitMinimumOrder set setOrder reset index error setError isValid isRestart isBounds
            nodeAddress slot open handOver requireLockHeld\
            """.strip().split("\\s", -1));
        Set<String> known = new TreeSet<>(withoutMemory);
        changes().forEach(failing -> known.add(failing.method()));
        known.addAll(others);
        Set<String> methods = new TreeSet<>();
        Stream.of(XArray.class, XaAnchor.class, XaCursor.class, XaCursorNodes.class, XaBracket.class, XaPosition.class)
                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .forEach(method -> methods.add(method.getName()));
        assertEquals(methods, known);
    }

    // ---- arrays to begin with

    private int markedHead() {
        int result = errnoOfStore(0);
        setMark(0, 1);
        return result;
    }

    private int smallTree() {
        for (long index = 0; index < 256; index += 5) {
            array.store(index, WORD);
            setMark(index, 0);
        }
        return Errno.OK;
    }

    private int splitAtZero() {
        array.storeOrder(0, 6, WORD);
        return split(0, SplitPlan.uniform(6, 0), WORD, WORD, 0);
    }

    private int tallTree() {
        smallTree();
        return errnoOfStore(FAR);
    }

    private int makeRange(long index, int order) {
        array.lock();
        XaCursor cursor = cursor(index, order);
        cursor.createRange();
        array.unlock();
        return cursor.error();
    }

    /** Between 4096 and 5120 an empty leaf, a large entry and a small one. */
    private int madeAndStored() {
        storeOrder(4096 + 512, 6, WORD);
        storeIndex(5119);
        return makeRange(4096 + 192, 6);
    }

    private int large(int order) {
        int result = errnoOfStoreOrder(1L << order, order);
        setMark(1L << order, 0);
        setMark(1L << order, 2);
        return result;
    }

    // ---- changes

    private int errnoOfStore(long index) {
        return XaEntry.errnoOf(array.store(index, WORD));
    }

    private int errnoOfStoreOrder(long index, int order) {
        return XaEntry.errnoOf(array.storeOrder(index, order, WORD));
    }

    private int cursorStore(long index, int order, long word) {
        array.lock();
        XaCursor cursor = cursor(index, order);
        cursor.store(word);
        array.unlock();
        cursor.destroy();
        return cursor.error();
    }

    /** From a position at one index, so that the walk begins in a leaf that does not cover the other. */
    private int cursorStoreAfterLoad(long loaded, long index) {
        array.lock();
        XaCursor cursor = cursor(loaded);
        cursor.load();
        cursor.advance(index);
        cursor.store(WORD);
        array.unlock();
        cursor.destroy();
        return cursor.error();
    }

    private int storeFar() {
        return errnoOfStoreOrder(FAR, 2);
    }

    private int insertFar() {
        return array.insert(FAR, WORD);
    }

    private int storeRange() {
        return array.storeRange(1, 5000, WORD);
    }

    private int storeNothing() {
        return XaEntry.errnoOf(array.store(FAR, 0));
    }

    private int storeRangeTo4101() {
        return array.storeRange(5, 4101, WORD);
    }

    private int nomemAndStore() {
        XaCursor cursor = cursor(1);
        cursor.setError(Errno.ENOMEM);
        if (!cursor.nomem()) {
            return cursor.error();
        }
        array.lock();
        cursor.store(WORD);
        array.unlock();
        return cursor.error();
    }

    private int allocNothing(long min) {
        long id = array.alloc(min, XaIdCycle.MAX_ID, 0);
        return id < 0 ? (int) id : Errno.OK;
    }

    private int exchangeInHole() {
        return XaEntry.errnoOf(array.compareExchange(FAR / 2, 0, WORD));
    }

    private int createRange(long index, int order) {
        array.lock();
        XaCursor cursor = cursor(index, order);
        cursor.createRange();
        array.unlock();
        if (cursor.error() != Errno.OK) {
            assertEquals(index, cursor.index());
            assertEquals(1L << order, (cursor.sibs + 1L) << cursor.shift, "the range can be tried again");
            return cursor.error();
        }
        for (long i = index; i < index + (1L << order); i++) {
            assertEquals(0, errnoOfStore(i), "a made range takes entries without memory");
        }
        return Errno.OK;
    }

    private int createAboveMade() {
        int result = createRange(1 << 12, 10);
        // Made leaves do not stay empty; these must still be there.
        return result == Errno.OK ? createRange(0, 9) : result;
    }

    private int splitLarge(SplitPlan plan) {
        return split((1L << plan.order()) + 3, plan, WORD, WORD, 0);
    }

    private int splitUnreserved(SplitPlan plan) {
        array.lock();
        XaCursor cursor = cursor(1L << plan.order());
        int result = cursor.split(plan, WORD, WORD, 0);
        array.unlock();
        cursor.destroy();
        return result;
    }

    private int splitReservedWithoutWaiting(SplitPlan plan) {
        array.lock();
        XaCursor cursor = cursor(1L << plan.order());
        int result = cursor.tryReserve(plan.nrNodesNeeded()) ? cursor.split(plan, WORD, WORD, 0) : Errno.ENOMEM;
        array.unlock();
        cursor.destroy();
        return result;
    }

    /** At the only entry, or what remains of it at its first index. */
    private int trySplitOnce(int newOrder) {
        Found first = find(0, MAX, XArray.PRESENT);
        array.lock();
        XaCursor cursor = cursor(first == null ? 0 : first.index());
        int result = cursor.trySplit(newOrder, WORD, 0);
        array.unlock();
        cursor.destroy();
        return result;
    }

    private int alloc(long min) {
        long id = array.alloc(min, XaIdCycle.MAX_ID, WORD);
        return id < 0 ? (int) id : Errno.OK;
    }

    private int cyclicThatWraps() {
        XaIdCycle cycle = new XaIdCycle(100, 4095, 4095);
        long id = array.allocCyclic(cycle, WORD);
        assertEquals(id >= 0, cycle.hasWrapped());
        assertEquals(id >= 0 ? 101 : 4095, cycle.next());
        return id < 0 ? (int) id : Errno.OK;
    }

    private int cyclic(long min) {
        long id = array.allocCyclic(new XaIdCycle(0, XaIdCycle.MAX_ID, min), WORD);
        return id < 0 ? (int) id : Errno.OK;
    }
}
