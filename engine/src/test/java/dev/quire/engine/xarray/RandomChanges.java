/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;

/**
 * Makes up changes of every kind, by the array's methods and by cursors. All arguments are drawn beforehand, so that
 * one change can be made again, and on another array of the same contents.
 */
final class RandomChanges {
    /**
     * One change.
     *
     * @param name the method and its arguments
     * @param isSplit whether the node that is cut is told of even if its counts stay
     * @param on makes the change; returns what the method returned, an errno for an error word
     */
    record Change(String name, boolean isSplit, ToLongFunction<XArray> on) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** What is done with a cursor under the lock. */
    private interface Use {
        long of(XaCursor cursor);
    }

    private static final int MAX_CREATED_ORDER = 8;
    private static final int MAX_ORDER = 14;

    private final SplittableRandom random;
    private final int indexBits;
    private final boolean tracksFree;
    private final AllocationFailures failures;

    RandomChanges(SplittableRandom random, int indexBits, int flags, AllocationFailures failures) {
        this.random = random;
        this.indexBits = indexBits;
        tracksFree = (flags & XArray.TRACK_FREE) != 0;
        this.failures = failures;
    }

    Change next() {
        return switch (random.nextInt(24)) {
            case 0, 1 -> store();
            case 2, 3, 4 -> storeOrder();
            case 5 -> erase();
            case 6 -> compareExchange();
            case 7 -> insert();
            case 8 -> reserveOrRelease();
            case 9, 10, 11 -> storeRange();
            case 12 -> mark();
            case 13 -> alloc();
            case 14 -> allocCyclic();
            case 15, 16 -> storeByCursor();
            case 17 -> storeByCursorFromElsewhere();
            case 18 -> markByCursor();
            case 19 -> createRange();
            case 20 -> deleteNode();
            case 21 -> trySplit();
            default -> split();
        };
    }

    static Change destroy() {
        return new Change("destroy", false, array -> {
            array.destroy();
            return Errno.OK;
        });
    }

    private static Change change(String name, ToLongFunction<XArray> on) {
        return new Change(name, false, on);
    }

    // ---- the array's methods

    private Change store() {
        long index = anyIndex();
        long word = anyWordOrNone();
        return change("store " + at(index, 0, word), array -> outcome(array.store(index, word)));
    }

    private Change storeOrder() {
        int order = anyOrder();
        long index = anyIndex() & -1L << order;
        long word = anyWordOrNone();
        return change("storeOrder " + at(index, order, word), array -> outcome(array.storeOrder(index, order, word)));
    }

    private Change erase() {
        long index = anyIndex();
        return change("erase " + at(index, 0, 0), array -> array.erase(index));
    }

    /** What stands there, or nothing, is expected. */
    private Change compareExchange() {
        long index = anyIndex();
        long word = anyWordOrNone();
        boolean expectsNothing = random.nextInt(4) == 0;
        return change("compareExchange " + at(index, 0, word), array -> {
            long expected = expectsNothing ? XaEntry.EMPTY : using(array, index, 0, XaCursor::load);
            return outcome(array.compareExchange(index, expected, word));
        });
    }

    private Change insert() {
        long index = anyIndex();
        long word = anyWordOrNone();
        return change("insert " + at(index, 0, word), array -> array.insert(index, word));
    }

    private Change reserveOrRelease() {
        long index = anyIndex();
        boolean reserves = random.nextInt(3) > 0;
        return change((reserves ? "reserve " : "release ") + at(index, 0, XaEntry.ZERO), array -> {
            if (reserves) {
                return array.reserve(index);
            }
            array.release(index);
            return Errno.OK;
        });
    }

    private Change storeRange() {
        long first = anyIndex();
        long length = random.nextLong() >>> (Long.SIZE - 1 - random.nextInt(indexBits));
        long word = anyWordOrNone();
        return change(
                "storeRange " + at(first, 0, word) + " length 0x" + Long.toHexString(length),
                array -> array.storeRange(first, first + length, word));
    }

    private Change mark() {
        long index = anyIndex();
        int mark = anyMark();
        boolean set = random.nextInt(3) > 0;
        return change((set ? "setMark " : "clearMark ") + mark + " at 0x" + Long.toHexString(index), array -> {
            if (set) {
                array.setMark(index, mark);
            } else {
                array.clearMark(index, mark);
            }
            return Errno.OK;
        });
    }

    private Change alloc() {
        long min = anyId();
        long word = anyWordOrNone();
        return change("alloc from " + min, array -> array.alloc(min, XaIdCycle.MAX_ID, word));
    }

    private Change allocCyclic() {
        long next = anyId();
        long max = Math.max(next, anyId());
        long word = anyWordOrNone();
        return change("allocCyclic from " + next + " to " + max, array -> {
            XaIdCycle cycle = new XaIdCycle(0, max, next);
            long id = array.allocCyclic(cycle, word);
            if (id == Errno.ENOMEM) {
                assertEquals(next, cycle.next());
                assertFalse(cycle.hasWrapped());
            }
            return id;
        });
    }

    // ---- a cursor's

    private Change storeByCursor() {
        int order = anyOrder();
        long index = anyIndex();
        long word = random.nextInt(6) == 0 ? XaEntry.ZERO : anyWordOrNone();
        boolean searches = random.nextBoolean();
        return change(
                "store by a cursor " + at(index, order, word),
                array -> using(array, index, order, cursor -> {
                    while (searches && cursor.findConflict() != XaEntry.EMPTY) {
                        assertEquals(Errno.OK, cursor.error());
                    }
                    return storeBy(cursor, word);
                }));
    }

    private Change storeByCursorFromElsewhere() {
        long from = anyIndex();
        long to = anyIndex();
        long word = anyWordOrNone();
        return change("store " + at(to, 0, word) + " from 0x" + Long.toHexString(from), array -> {
            return using(array, from, 0, cursor -> {
                cursor.load();
                cursor.advance(to);
                return storeBy(cursor, word);
            });
        });
    }

    private static long storeBy(XaCursor cursor, long word) {
        cursor.store(word);
        return cursor.error();
    }

    private Change markByCursor() {
        long index = anyIndex();
        int mark = anyMark();
        int kind = random.nextInt(tracksFree ? 2 : 3);
        return change(
                "mark " + mark + " by a cursor, kind " + kind,
                array -> using(array, index, 0, cursor -> {
                    cursor.load();
                    switch (kind) {
                        case 0 -> cursor.setMark(mark);
                        case 1 -> cursor.clearMark(mark);
                        default -> cursor.initMarks();
                    }
                    return cursor.error();
                }));
    }

    /** Of which every empty slot is then filled without memory: made leaves must not stay empty. */
    private Change createRange() {
        int order = random.nextInt(MAX_CREATED_ORDER + 1);
        long first = anyIndex() & -1L << order;
        long word = anyWord();
        return change("createRange " + at(first, order, word), array -> {
            long result = using(array, first, order, cursor -> {
                cursor.createRange();
                return cursor.error();
            });
            if (result == Errno.OK) {
                fill(array, first, order, word);
            }
            return result;
        });
    }

    private void fill(XArray array, long first, int order, long word) {
        failures.failAfter(0);
        for (long index = first; index < first + (1L << order); index++) {
            assertEquals(0, Math.min(0, outcome(array.compareExchange(index, XaEntry.EMPTY, word))));
        }
        failures.stop();
    }

    private Change deleteNode() {
        long index = anyIndex();
        return change(
                "deleteNode at 0x" + Long.toHexString(index),
                array -> using(array, index, 0, cursor -> {
                    cursor.load();
                    if (cursor.nodeAddress() != 0) {
                        cursor.deleteNode(cursor.nodeAddress());
                    }
                    return cursor.error();
                }));
    }

    private Change trySplit() {
        long index = anyIndex();
        long word = anyWord();
        int nrOrders = 1 + random.nextInt(7);
        return new Change(
                "trySplit at 0x" + Long.toHexString(index),
                true,
                array -> using(array, index, 0, cursor -> {
                    boolean isEmpty = cursor.load() == XaEntry.EMPTY;
                    int order = isEmpty ? 0 : cursor.getOrder();
                    return cursor.trySplit(Math.max(0, order - nrOrders), word, 0);
                }));
    }

    /** With nodes of the cursor's own, got before or not, or with handed over ones. */
    private Change split() {
        long index = anyIndex();
        long word = anyWord();
        long seed = random.nextLong();
        int source = random.nextInt(4);
        return new Change("split at 0x" + Long.toHexString(index) + ", nodes from " + source, true, array -> {
            return using(array, index, 0, cursor -> {
                long old = cursor.load();
                int order = old == XaEntry.EMPTY ? 0 : Math.min(XArray.MAX_ORDER, cursor.getOrder());
                SplitPlan plan = RandomPlan.any(new SplittableRandom(seed), order);
                return hasNodes(cursor, plan, source) ? cursor.split(plan, old, word, 0) : Errno.ENOMEM;
            });
        });
    }

    private static boolean hasNodes(XaCursor cursor, SplitPlan plan, int source) {
        return switch (source) {
            case 0 -> true;
            case 1 -> cursor.reserve(plan) == Errno.OK;
            case 2 -> cursor.tryReserve(plan.nrNodesNeeded());
            default -> {
                XaNodeReserve reserve = new XaNodeReserve(cursor.pool);
                boolean isEnough = reserve.await(plan.nrNodesNeeded());
                reserve.giveTo(cursor);
                yield isEnough;
            }
        };
    }

    private static long using(XArray array, long index, int order, Use use) {
        array.lock();
        XaCursor cursor = new XaCursor(array);
        try {
            cursor.setOrder(index, order);
            return use.of(cursor);
        } finally {
            array.unlock();
            cursor.destroy();
        }
    }

    // ---- arguments

    private long anyIndex() {
        return random.nextLong() >>> (Long.SIZE - 1 - random.nextInt(indexBits));
    }

    private long anyId() {
        return anyIndex() & XaIdCycle.MAX_ID;
    }

    private int anyOrder() {
        return random.nextInt(3) == 0 ? 0 : random.nextInt(Math.min(MAX_ORDER, indexBits) + 1);
    }

    /** In an array that tracks free indices, mark 0 is its own. */
    private int anyMark() {
        return tracksFree ? 1 + random.nextInt(2) : random.nextInt(XArray.NR_MARKS);
    }

    private long anyWordOrNone() {
        return random.nextInt(4) == 0 ? XaEntry.EMPTY : anyWord();
    }

    private long anyWord() {
        return random.nextInt(3) > 0
                ? XaEntry.value(random.nextInt(1000))
                : XArrayCatalogue.pointer(random.nextInt(1000));
    }

    private static long outcome(long word) {
        return XaEntry.isError(word) ? XaEntry.errnoOf(word) : word;
    }

    private static String at(long index, int order, long word) {
        return "0x" + Long.toHexString(index) + "/" + order + " " + XaEntry.toText(word);
    }
}
