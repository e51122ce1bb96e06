/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A position is good for the lock or the section it was found in; a change never trusts what others have changed. */
class XaBracketTest extends XArrayCatalogue {
    private static final String KEPT = "the cursor kept its position beyond the lock or read section: index=0x1f4";

    @Test
    void aPositionInAFreedNodeIsNoticed() {
        storeIndex(500);
        array.lock();
        XaCursor cursor = cursor(500);
        assertEquals(value(500), cursor.load());
        array.unlock();
        eraseIndex(500);
        array.lock();
        IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> cursor.store(value(1)));
        array.unlock();
        assertEquals(KEPT, refusal.getMessage());
        cursor.reset();
    }

    /** Its node holds another part of the array by then. */
    @Test
    void aPositionInANodeThatIsUsedAgainIsNoticed() {
        storeIndex(5);
        storeIndex(500);
        // Keeps the node above.
        storeIndex(2000);
        XaCursor cursor = new XaCursor(array);
        cursor.set(500);
        array.lock();
        assertEquals(value(500), cursor.load());
        long node = cursor.nodeAddress();
        array.unlock();
        eraseIndex(500);
        engine.rcu.barrier();
        storeIndex(1000);
        assertEquals(node, nodeAt(1000));
        String before = text();
        array.lock();
        for (Executable use : List.<Executable>of(
                cursor::load, cursor::reload, () -> cursor.store(value(1)), () -> cursor.find(MAX), cursor::pause)) {
            IllegalStateException refusal = assertThrows(IllegalStateException.class, use);
            assertEquals(KEPT, refusal.getMessage());
        }
        cursor.reset();
        assertEquals(0, cursor.load());
        array.unlock();
        assertEquals(before, text());
    }

    @Test
    void aPositionFromUnderAnEarlierLockIsNoticedInASection() {
        storeIndex(5);
        storeIndex(500);
        storeIndex(2000);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(500);
        array.lock();
        assertEquals(value(500), cursor.load());
        array.unlock();
        eraseIndex(500);
        engine.rcu.barrier();
        storeIndex(1000);
        String before = text();
        engine.reader.enter();
        assertRefused(cursor::load, cursor::reload, () -> cursor.find(MAX), cursor::next, cursor::pause);
        array.lock();
        assertRefused(cursor::load, () -> cursor.store(value(1)), () -> cursor.setMark(1));
        array.unlock();
        engine.reader.exit();
        assertEquals(before, text());
    }

    @Test
    void aPositionFromAnEarlierSectionIsNoticed() {
        storeIndex(5);
        storeIndex(500);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(500);
        engine.reader.enter();
        assertEquals(value(500), cursor.load());
        engine.reader.exit();
        engine.reader.enter();
        assertRefused(cursor::load, cursor::reload, () -> cursor.find(MAX), cursor::next, cursor::pause);
        engine.reader.exit();
        array.lock();
        assertRefused(cursor::load, () -> cursor.store(value(1)), () -> cursor.clearMark(1), cursor::findConflict);
        cursor.reset();
        assertEquals(value(500), cursor.load());
        array.unlock();
    }

    private static void assertRefused(Executable... uses) {
        for (Executable use : uses) {
            assertEquals(KEPT, assertThrows(IllegalStateException.class, use).getMessage());
        }
    }

    @Test
    void aPositionIsGoodForItsWholeBracket() {
        storeIndex(5);
        storeIndex(500);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(500);
        engine.reader.enter();
        assertEquals(value(500), cursor.load());
        array.lock();
        assertEquals(value(500), cursor.reload());
        assertEquals(value(500), cursor.store(value(1)));
        assertEquals(value(1), cursor.reload());
        engine.reader.exit();
        assertEquals(value(1), cursor.reload());
        engine.reader.enter();
        assertEquals(value(1), cursor.reload());
        assertEquals(value(1), cursor.store(value(500)));
        array.unlock();
        engine.reader.exit();
        cursor.set(0);
        for (int index : new int[] {5, 500}) {
            array.lock();
            array.findAfter(cursor, MAX, XArray.PRESENT);
            assertEquals(index, cursor.index());
            assertEquals(cursor.reload(), cursor.load());
            array.unlock();
        }
    }

    /** The section keeps the node, but the slot has become another entry's. */
    @Test
    void aChangeDoesNotTrustAPositionFromASection() {
        storeIndex(5);
        storeIndex(63);
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(5);
        engine.reader.enter();
        assertEquals(value(5), cursor.load());
        array.storeOrder(0, 3, value(9));
        array.lock();
        assertEquals(value(9), cursor.store(value(7)));
        array.unlock();
        engine.reader.exit();
        assertEquals(1, XaChecker.check(array));
        for (int index = 0; index < 8; index++) {
            assertEquals(value(7), load(index));
        }
        engine.reader.enter();
        assertEquals(3, array.getOrder(engine.reader, 5));
        engine.reader.exit();
    }

    @Test
    void aMarkIsSetWhereTheEntryIsNow() {
        storeOrder(0, 3, value(9));
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(5);
        engine.reader.enter();
        cursor.load();
        assertEquals(0, array.storeRange(0, 7, 0));
        for (int index = 0; index < 8; index++) {
            storeIndex(index);
        }
        array.lock();
        cursor.setMark(1);
        array.unlock();
        assertFalse(array.getMark(engine.reader, 0, 1));
        assertTrue(array.getMark(engine.reader, 5, 1));
        engine.reader.exit();
    }

    @Test
    void aChangeDoesNotTrustAPositionFromBeforeAnotherCursorsChange() {
        storeIndex(5);
        storeIndex(63);
        XaCursor first = new XaCursor(array);
        XaCursor second = new XaCursor(array);
        array.lock();
        first.set(5);
        assertEquals(value(5), first.load());
        second.setOrder(0, 3);
        second.store(value(9));
        assertEquals(value(9), first.store(value(7)));
        assertEquals(value(7), second.store(value(8)));
        first.setMark(2);
        array.unlock();
        XaChecker.check(array);
        engine.reader.enter();
        for (int index = 0; index < 8; index++) {
            assertEquals(value(8), array.load(engine.reader, index));
            assertTrue(array.getMark(engine.reader, index, 2));
        }
        engine.reader.exit();
    }
}
