/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.struct.XArrayStruct;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a cursor changes is what covers its index or range, wherever a search or an erase has left it. */
class XaCursorPositionTest extends XArrayCatalogue {
    private static final String STALE = "another cursor has changed the array since this one was positioned: index=0x";

    @Test
    void whatIsStoredAfterAnEraseInsideAnEntryIsAtTheCursorsIndex() {
        storeIndex(0);
        storeIndex(4000);
        for (int order : new int[] {3, 9}) {
            long first = 1L << order;
            long index = first + (first >> 2) + (first >> 3);
            storeOrder(first, order, value(1));
            array.lock();
            XaCursor cursor = cursor(index);
            assertEquals(value(1), cursor.load());
            assertEquals(value(1), cursor.store(0));
            assertEquals(0, cursor.store(value(2)));
            array.unlock();
            assertEquals(List.of(new Found(index, value(2)), new Found(4000, value(4000))), walk(1));
            assertEquals(value(2), erase(index));
        }
    }

    @Test
    void aRangeIsStoredOverThoughAConflictInItWasFound() {
        for (long index : new long[] {0, 5, 9, 40, 63}) {
            storeIndex(index);
        }
        array.lock();
        XaCursor cursor = cursor(0, 3);
        assertEquals(value(0), cursor.findConflict());
        assertEquals(value(5), cursor.findConflict());
        cursor.store(value(2));
        cursor.setOrder(32, 5);
        assertEquals(value(40), cursor.findConflict());
        cursor.store(value(3));
        array.unlock();
        assertEquals(List.of(new Found(0, value(2)), new Found(9, value(9)), new Found(32, value(3))), walk(0));
        assertEquals(3, getOrder(0));
        assertEquals(5, getOrder(63));
        XaChecker.check(array);
    }

    @Test
    void aRangeIsErasedThoughAConflictInItWasFound() {
        for (long index : new long[] {2, 5, 9, 63}) {
            storeIndex(index);
        }
        array.lock();
        XaCursor cursor = cursor(0, 3);
        assertEquals(value(2), cursor.findConflict());
        assertEquals(value(5), cursor.findConflict());
        cursor.store(0);
        array.unlock();
        assertEquals(List.of(new Found(9, value(9)), new Found(63, value(63))), walk(0));
    }

    /** Of a range over several nodes; the original looks for the range's index in the conflict's node. */
    @Test
    void whatMovesOnFromAConflictGoesOnFromItsIndex() {
        for (long index : new long[] {130, 200, 201, 300, 4000}) {
            storeIndex(index);
        }
        setMark(201, 1);
        array.lock();
        assertEquals(value(200), atSecondConflict().load());
        assertEquals(value(200), atSecondConflict().reload());
        XaCursor cursor = atSecondConflict();
        assertEquals(value(201), cursor.find(MAX));
        assertEquals(201, cursor.index());
        cursor = atSecondConflict();
        assertEquals(0, cursor.find(190));
        assertEquals(200, cursor.index());
        cursor = atSecondConflict();
        assertEquals(value(201), cursor.findMarked(MAX, 1));
        assertEquals(201, cursor.index());
        cursor = atSecondConflict();
        assertEquals(value(201), cursor.next());
        assertEquals(201, cursor.index());
        cursor = atSecondConflict();
        assertEquals(0, cursor.prev());
        assertEquals(199, cursor.index());
        cursor = atSecondConflict();
        cursor.pause();
        assertEquals(201, cursor.index());
        assertTrue(cursor.isRestart());
        cursor = atSecondConflict();
        cursor.advance(130);
        assertEquals(value(200), cursor.find(MAX));
        assertEquals(200, cursor.index());
        array.unlock();
    }

    /** At the entry at 200, in another node than the first of its range, which it stays at. */
    private XaCursor atSecondConflict() {
        XaCursor cursor = cursor(128, 7);
        assertEquals(value(130), cursor.findConflict());
        assertEquals(value(200), cursor.findConflict());
        assertEquals(128, cursor.index());
        return cursor;
    }

    @Test
    void aConflictThatWasFoundIsMarked() {
        storeIndex(32);
        storeIndex(40);
        storeIndex(63);
        XaCursor other = cursor(63);
        array.lock();
        other.store(value(7));
        XaCursor cursor = cursor(32, 5);
        assertEquals(value(32), cursor.findConflict());
        assertEquals(value(40), cursor.findConflict());
        cursor.setMark(1);
        assertTrue(cursor.getMark(1));
        other.store(value(8));
        String text = text();
        for (Executable use :
                List.<Executable>of(() -> cursor.setMark(2), () -> cursor.clearMark(1), cursor::initMarks)) {
            IllegalStateException refusal = assertThrows(IllegalStateException.class, use);
            assertEquals(
                    "the conflict found may be gone, as another cursor has changed the array since: range's index=0x20",
                    refusal.getMessage());
            cursor.reset();
            assertEquals(value(32), cursor.findConflict());
            assertEquals(value(40), cursor.findConflict());
            other.store(value(8));
        }
        array.unlock();
        assertEquals(text, text());
        assertEquals(List.of(new Found(40, value(40))), walkMarked(0, 1));
    }

    /** It came back there by itself, and so is at what covers its index. */
    @Test
    void aCursorThatWasResetAtAConflictIsAtNone() {
        storeIndex(32);
        storeIndex(63);
        XaCursor other = cursor(63);
        array.lock();
        XaCursor cursor = cursor(32);
        assertEquals(value(32), cursor.findConflict());
        cursor.reset();
        assertEquals(value(32), cursor.load());
        other.store(value(7));
        cursor.setMark(1);
        assertEquals(0, cursor.findConflict());
        assertEquals(value(32), cursor.findConflict());
        cursor.set(32);
        assertEquals(value(32), cursor.load());
        other.store(value(8));
        cursor.setMark(2);
        array.unlock();
        assertEquals(List.of(new Found(32, value(32))), walkMarked(0, 1));
        assertEquals(List.of(new Found(32, value(32))), walkMarked(0, 2));
    }

    /** The section's position is walked to anew, as far down as it was. */
    @Test
    void whatAWideCursorFoundInASectionIsMarkedUnderTheLock() {
        storeIndex(70);
        storeIndex(500);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.setOrder(64, 6);
        engine.reader.enter();
        assertEquals(value(70), cursor.find(MAX));
        array.lock();
        cursor.setMark(1);
        array.unlock();
        engine.reader.exit();
        assertEquals(List.of(new Found(70, value(70))), walkMarked(0, 1));
    }

    @Test
    void aConflictSearchUnderTheLockDoesNotGoOnFromASection() {
        storeIndex(33);
        storeIndex(40);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.setOrder(32, 5);
        engine.reader.enter();
        assertEquals(value(33), cursor.find(MAX));
        array.lock();
        assertEquals(value(33), cursor.findConflict());
        assertEquals(value(40), cursor.findConflict());
        cursor.setMark(2);
        array.unlock();
        engine.reader.exit();
        assertEquals(List.of(new Found(40, value(40))), walkMarked(0, 2));
    }

    /** Its node is given back while the lock is held, and another array takes it. */
    @Test
    void readingFromAPositionOfBeforeAnotherCursorsChangeIsRefused() throws InterruptedException {
        XArray otherArray = engine.newArray(0);
        for (long index : new long[] {5, 500, 501, 2000}) {
            storeIndex(index);
        }
        XaCursor cursor = new XaCursor(array);
        XaCursor other = new XaCursor(array);
        array.lock();
        cursor.set(500);
        assertEquals(value(500), cursor.load());
        long node = cursor.nodeAddress();
        other.setOrder(500, 6);
        other.store(0);
        engine.rcu.barrier();
        Thread storing = Thread.ofPlatform().start(() -> {
            otherArray.store(0, value(900));
            otherArray.store(57, value(901));
        });
        storing.join();
        assertEquals(node, XaEntry.nodeAddress(XArrayStruct.head(otherArray.anchor())));
        for (Executable use : List.<Executable>of(
                () -> cursor.find(MAX),
                () -> cursor.findMarked(MAX, 1),
                cursor::findConflict,
                cursor::load,
                cursor::reload,
                cursor::next,
                cursor::prev,
                cursor::pause,
                () -> cursor.advance(501),
                cursor::getOrder,
                () -> cursor.getMark(0))) {
            IllegalStateException refusal = assertThrows(IllegalStateException.class, use);
            assertEquals(STALE + "1f4", refusal.getMessage());
        }
        cursor.reset();
        assertEquals(value(2000), cursor.find(MAX));
        other.store(0);
        assertThrows(IllegalStateException.class, () -> cursor.find(MAX));
        cursor.reset();
        assertEquals(value(2000), cursor.find(MAX));
        assertEquals(0, cursor.find(MAX));
        array.unlock();
        otherArray.destroy();
    }

    @Test
    void aPositionGainedAfterAnotherCursorsChangeIsKept() {
        storeIndex(5);
        storeIndex(63);
        XaCursor first = new XaCursor(array);
        XaCursor second = new XaCursor(array);
        array.lock();
        second.set(63);
        second.store(value(1));
        first.set(5);
        assertEquals(value(5), first.load());
        long node = first.nodeAddress();
        first.setMark(1);
        assertEquals(node, first.nodeAddress());
        assertEquals(value(5), first.store(value(6)));
        assertThrows(IllegalStateException.class, second::reload);
        array.unlock();
        assertFalse(getMark(63, 1));
        assertTrue(getMark(5, 1));
    }

    @Test
    void aStoreOverALargerEntryLeavesTheCursorsRangeAsItIs() {
        storeOrder(512, 9, value(1));
        storeIndex(0);
        array.lock();
        XaCursor cursor = cursor(512, 3);
        assertEquals(value(1), cursor.store(value(2)));
        array.unlock();
        assertEquals(value(2), erase(512));
        array.lock();
        cursor.reset();
        assertEquals(0, cursor.store(value(3)));
        array.unlock();
        assertEquals(3, getOrder(519));
        assertEquals(value(3), load(519));
    }
}
