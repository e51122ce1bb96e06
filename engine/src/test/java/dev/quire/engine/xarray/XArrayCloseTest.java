/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioOwner;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.rcu.RcuReader;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Arrays that an engine gives memory to, and what becomes of them when they give it back. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class XArrayCloseTest {
    private static final int NR_ARRAYS = 2;

    private final Quire engine = Quire.builder()
            .capacityBytes(1 << 22)
            .addressSpaces(NR_ARRAYS)
            .lockOrderChecked(true)
            .open();

    private final RcuReader reader = engine.newReader();

    @AfterEach
    void closeEngine() {
        assertEquals(new Leaks(0, 0, 0), engine.leaks());
        reader.close();
        engine.close();
    }

    @Test
    void anArrayCountsUntilItIsClosed() {
        XArray array = engine.newArray(XArray.TRACK_FREE);
        assertEquals(0, array.alloc(0, 9, XaEntry.value(7)));
        assertEquals(1, array.alloc(0, 9, XaEntry.value(8)));
        assertEquals(new Leaks(0, 1, 1), engine.leaks());
        reader.enter();
        assertEquals(XaEntry.value(8), array.load(reader, 1));
        reader.exit();
        array.close();
        assertEquals(new Leaks(0, 0, 0), engine.leaks());
        array.close();
        assertEquals(new Leaks(0, 0, 0), engine.leaks());
    }

    @Test
    void thereAreAsManyAsAddressSpaces() {
        XArray first = engine.newArray(0);
        AddressSpace space = engine.newAddressSpace();
        assertThrows(IllegalStateException.class, () -> engine.newArray(0));
        assertThrows(IllegalArgumentException.class, () -> engine.newArray(1));
        first.close();
        engine.newArray(0).close();
        space.close();
    }

    @Test
    void anArrayThatIsPartOfAnAddressSpaceIsNotClosedByItself() {
        try (AddressSpace space = engine.newAddressSpace()) {
            assertThrows(IllegalStateException.class, () -> space.index().close());
            space.populate(0, 1, 0);
            reader.enter();
            assertNotEquals(0, space.index().load(reader, 0));
            reader.exit();
        }
    }

    @Test
    void onlyWhatAnArrayIsPartOfCanEndIt() {
        try (AddressSpace space = engine.newAddressSpace();
                XArray array = engine.newArray(0)) {
            assertThrows(IllegalStateException.class, () -> space.index().handOver());
            assertThrows(IllegalStateException.class, array::handOver);
            assertThrows(IllegalStateException.class, array::requireLockHeld);
            array.lock();
            array.requireLockHeld();
            array.unlock();
        }
    }

    @Test
    void theIndexOfAClosedAddressSpaceIsClosed() {
        AddressSpace space = engine.newAddressSpace();
        assertClosedWith(space, space);
    }

    @Test
    void theIndexOfClosedGuestMemoryIsClosed() {
        GuestMemory guest = engine.newGuestMemory(1 << 21, 9, GuestSplitPolicy.UNIFORM);
        assertClosedWith(guest, guest);
    }

    /** What has the same memory next is neither seen nor changed. */
    private void assertClosedWith(FolioOwner owner, AutoCloseable closing) {
        XArray index = owner.index();
        XaCursor locked = owner.lockedCursor();
        XaCursor own = new XaCursor(index);
        XaCursor cursor = new XaCursor(index, reader);
        reader.enter();
        cursor.set(0);
        assertEquals(0, cursor.load());
        reader.exit();
        assertDoesNotThrow(closing::close);
        try (AddressSpace next = engine.newAddressSpace()) {
            assertEquals(owner.address(), next.address(), "the struct is used again");
            next.populate(0, 1, 0);
            reader.enter();
            long folio = next.index().load(reader, 0);
            reader.exit();
            for (Executable call : List.<Executable>of(
                    index::lock,
                    () -> index.store(0, XaEntry.value(1)),
                    () -> index.setMark(0, 1),
                    () -> index.load(reader, 0),
                    () -> index.getOrder(reader, 0),
                    () -> new XaCursor(index),
                    () -> XaChecker.check(index))) {
                reader.enter();
                assertEquals(
                        "the array is closed",
                        assertThrows(IllegalStateException.class, call).getMessage());
                reader.exit();
            }
            for (XaCursor old : List.of(locked, own, cursor)) {
                assertThrows(IllegalStateException.class, old::load);
                assertThrows(IllegalStateException.class, () -> old.store(XaEntry.value(1)));
            }
            reader.enter();
            assertThrows(IllegalStateException.class, cursor::reload, "a position from before");
            cursor.set(0);
            assertThrows(IllegalStateException.class, cursor::load);
            assertEquals(folio, next.index().load(reader, 0));
            reader.exit();
            assertEquals(1, next.nrPages());
        }
    }

    /** Its memory is another's by then, which nobody gets to see. */
    @Test
    void aClosedArrayRefusesEveryCall() {
        XArray closed = engine.newArray(0);
        XaCursor locked = new XaCursor(closed);
        XaCursor cursor = new XaCursor(closed, reader);
        closed.store(0, XaEntry.value(1));
        reader.enter();
        cursor.set(0);
        assertEquals(XaEntry.value(1), cursor.load());
        reader.exit();
        long anchor = closed.anchor();
        closed.close();
        XArray next = engine.newArray(0);
        assertEquals(anchor, next.anchor());
        next.store(0, XaEntry.value(2));
        next.store(9, XaEntry.value(3));
        long[] indices = {0};
        long[] entries = {0};
        List<Executable> calls = List.of(
                closed::lock,
                closed::destroy,
                () -> closed.store(0, XaEntry.value(4)),
                () -> closed.erase(0),
                () -> closed.load(reader, 0),
                () -> closed.getOrder(reader, 0),
                () -> closed.getMark(reader, 0, 1),
                () -> closed.isMarked(reader, 1),
                () -> closed.isEmpty(reader),
                () -> closed.find(cursor, 9, XArray.PRESENT),
                () -> closed.findAfter(cursor, 9, 1),
                () -> closed.extract(cursor, 9, XArray.PRESENT, entries, 1),
                () -> XaBatch.load(closed, reader, indices, entries, 1),
                () -> new XaCursor(closed, reader),
                () -> new XaCursor(closed),
                () -> new XaValueNodes(closed),
                () -> XaText.tree(closed),
                () -> XaChecker.check(closed));
        reader.enter();
        assertThrows(IllegalStateException.class, cursor::reload, "a position from before");
        for (Executable call : calls) {
            assertEquals(
                    "the array is closed",
                    assertThrows(IllegalStateException.class, call).getMessage());
        }
        assertThrows(IllegalStateException.class, locked::load);
        assertEquals(XaEntry.value(2), next.load(reader, 0));
        reader.exit();
        next.close();
    }

    @Test
    void closingWaitsForReaders() throws InterruptedException {
        XArray array = engine.newArray(0);
        array.store(5, XaEntry.value(1));
        long anchor = array.anchor();
        reader.enter();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread closer = Thread.ofPlatform().start(() -> {
            try {
                array.close();
            } catch (RuntimeException | Error thrown) {
                failure.set(thrown);
            }
        });
        closer.join(200);
        assertTrue(closer.isAlive());
        XArray other = engine.newArray(0);
        assertNotEquals(anchor, other.anchor());
        reader.exit();
        closer.join();
        assertEquals(null, failure.get());
        other.close();
    }
}
