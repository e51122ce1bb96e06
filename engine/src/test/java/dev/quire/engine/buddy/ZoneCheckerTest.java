/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.ZoneStruct;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The checker finds every kind of damage. Pages 0 to 7 are allocated; 8 to 15 and 16 to 31 are free. */
class ZoneCheckerTest {
    private ZoneFixture fixture;
    private long state;

    @BeforeEach
    void open() {
        fixture = ZoneFixture.withHeadBits(100);
        state = fixture.arena.zoneBase();
        assertEquals(0, fixture.allocate(3));
        ZoneChecker.check(fixture.zone);
    }

    @AfterEach
    void close() {
        fixture.lifetime.close();
        fixture.arena.close();
    }

    private long page(long pfn) {
        return fixture.arena.pageAt(pfn);
    }

    private void assertFinds(String message) {
        AssertionError found = assertThrows(AssertionError.class, () -> ZoneChecker.check(fixture.zone));
        assertEquals(message, found.getMessage());
    }

    @Test
    void heldLock() {
        SpinLock.lock(ZoneStruct.lock(state));
        assertFinds("zone lock is held");
    }

    @Test
    void counters() {
        ZoneStruct.nrFreePagesOpaque(state, 93);
        assertFinds("nr_free_pages: counted=93, sum=92");
        ZoneStruct.nrFreeOpaque(state, 4, 2);
        assertFinds("nr_free: order=4, nrFree=2");
    }

    @Test
    void untouchedPagesInsideABlock() {
        ZoneStruct.untouchedPfnOpaque(state, 80);
        assertFinds("untouched pages start inside a maximal block: pfn=80");
        ZoneStruct.untouchedPfnOpaque(state, 101);
        assertFinds("untouched pfn beyond the arena: pfn=101");
    }

    @Test
    void firstPageOfAFreeBlock() {
        PageStruct.refcount(page(8), 1);
        assertFinds("refcount of a listed block: pfn=8, order=3, type=0xf0000000, refcount=1");
        PageStruct.mapcount(page(8), PageStruct.MAPCOUNT_NONE);
        assertFinds("type of a listed block: pfn=8, order=3, type=0xffffffff, refcount=1");
        PageStruct.mapcount(page(8), PageStruct.TYPE_BUDDY);
        PageStruct.privateWord(page(8), 2);
        assertFinds("order of a listed block: pfn=8, order=2, type=0xf0000000, refcount=1");
    }

    @Test
    void brokenLinks() {
        long link = PageStruct.list(page(16));
        NativeMemory.setLong(link + 8, link);
        assertFinds("prev is not the block before: pfn=16, order=4, type=0xf0000000, refcount=0");
        ListHead.initialise(ZoneStruct.freeList(state, 4));
        assertFinds("nr_free: order=4, nrFree=1");
    }

    @Test
    void typeBuddyInsideABlock() {
        PageStruct.mapcount(page(20), PageStruct.TYPE_BUDDY);
        assertFinds("pages of type buddy: count=4, listed=3");
    }

    @Test
    void unmergedBuddies() {
        // Two listed halves of what should be one block.
        assertEquals(8, fixture.allocate(3));
        fixture.headBits.setHead(12, 3);
        for (long pfn = 8; pfn < 16; pfn += 4) {
            PageStruct.mapcount(page(pfn), PageStruct.TYPE_BUDDY);
            PageStruct.privateWord(page(pfn), 2);
            ListHead.addAfter(PageStruct.list(page(pfn)), ZoneStruct.freeList(state, 2));
        }
        ZoneStruct.nrFreeOpaque(state, 2, 2);
        ZoneStruct.nrFreePagesOpaque(state, 92);
        assertFinds("free buddies not merged: pfn=8");
    }

    @Test
    void headBits() {
        fixture.headBits.setHead(2, 3);
        assertFinds("heads do not bound a block: pfn=2, nrPages=6");
        fixture.headBits.clearHead(2, 3);
        fixture.headBits.setHead(18, 4);
        assertFinds("head bits of a free block: pfn=16, order=4, type=0xf0000000, refcount=0");
        fixture.headBits.clearHead(18, 4);
        fixture.headBits.setHead(70, 0);
        assertFinds("head bit in untouched pages: pfn=70");
    }

    @Test
    void summaryBits() {
        // The order-5 block of the rest brings the second level 0 word in; emptying level 1 leaves it without its bit.
        assertEquals(32, fixture.allocate(5));
        assertEquals(64, fixture.allocate(5));
        long level1 = fixture.arena.headBitsBase() + 4096 * Long.BYTES;
        assertEquals(0b11, NativeMemory.getLong(level1));
        NativeMemory.setLong(level1, 0b01);
        assertFinds("summary bit: level=1, pfn=64, bit=false");
    }
}
