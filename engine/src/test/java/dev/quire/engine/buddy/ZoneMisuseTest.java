/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.lock.LockRank;
import dev.quire.engine.struct.PageStruct;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong calls say what is wrong and change nothing. */
class ZoneMisuseTest {
    private static void assertRefused(
            ZoneFixture fixture, Class<? extends RuntimeException> type, String message, Executable call) {
        long[] before = fixture.freeBlocks();
        RuntimeException refusal = assertThrows(type, call);
        assertEquals(message, refusal.getMessage());
        assertArrayEquals(before, fixture.freeBlocks(), "free blocks after " + message);
        ZoneChecker.check(fixture.zone);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 19, 64, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void orderOutOfRange(int order) {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(100)) {
            String message = "order out of range: order=" + order + ", max=18";
            assertRefused(fixture, IllegalArgumentException.class, message, () -> fixture.zone.allocateFrozen(order));
            assertRefused(fixture, IllegalArgumentException.class, message, () -> fixture.zone.nrFree(order));
            assertRefused(fixture, IllegalArgumentException.class, message, () -> fixture.free(0, order));
        }
    }

    @Test
    void foreignHandles() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(100)) {
            long first = fixture.arena.pageAt(0);
            long end = fixture.arena.pageAt(100);
            for (long page : new long[] {0, -1, Long.MIN_VALUE, first - 64, first + 8, end}) {
                String message = "not a page of this arena: page=0x" + Long.toHexString(page) + ", first=0x"
                        + Long.toHexString(first) + ", end=0x" + Long.toHexString(end);
                assertRefused(fixture, IllegalArgumentException.class, message, () -> fixture.zone.freeFrozen(page, 0));
            }
        }
    }

    @Test
    void placesWhereNoSuchBlockCanBe() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(100)) {
            assertRefused(
                    fixture,
                    IllegalArgumentException.class,
                    "page misaligned for order: pfn=6, order=2",
                    () -> fixture.free(6, 2));
            assertRefused(
                    fixture,
                    IllegalArgumentException.class,
                    "block ends beyond the arena: pfn=96, order=3, nrPages=100",
                    () -> fixture.free(96, 3));
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "block was never allocated: pfn=96, order=2",
                    () -> fixture.free(96, 2));
        }
    }

    @Test
    void freeTwiceWithHeadBits() {
        freeTwice(ZoneFixture::withHeadBits);
    }

    @Test
    void freeTwiceWithoutHeadBits() {
        freeTwice(ZoneFixture::withoutHeadBits);
    }

    private static void freeTwice(LongFunction<ZoneFixture> open) {
        try (ZoneFixture fixture = open.apply(64)) {
            for (long pfn = 0; pfn < 64; pfn += 8) {
                assertEquals(pfn, fixture.allocate(3));
            }
            fixture.free(24, 3);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "block is free already: pfn=24, order=3, inside free order=3",
                    () -> fixture.free(24, 3));
            fixture.free(16, 3);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "block is free already: pfn=24, order=3, inside free order=4",
                    () -> fixture.free(24, 3));
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "block is free already: pfn=29, order=0, inside free order=4",
                    () -> fixture.free(29, 0));
        }
    }

    @Test
    void headBitsTellAWrongOrder() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(1 << 13)) {
            assertEquals(0, fixture.allocate(3));
            assertEquals(8, fixture.allocate(3));
            assertEquals(4096, fixture.allocate(12));
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "not one block of this order: pfn=0, order=2, block start=0",
                    () -> fixture.free(0, 2));
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "not one block of this order: pfn=0, order=4, block start=0",
                    () -> fixture.free(0, 4));
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "not one block of this order: pfn=12, order=2, block start=8",
                    () -> fixture.free(12, 2));
            for (int order = 0; order < 12; order++) {
                int wrong = order;
                assertRefused(
                        fixture,
                        IllegalStateException.class,
                        "not one block of this order: pfn=4096, order=" + wrong + ", block start=4096",
                        () -> fixture.free(4096, wrong));
            }
            fixture.free(0, 3);
            fixture.free(4096, 12);
            fixture.free(8, 3);
            assertEquals(1, fixture.zone.nrFree(13));
        }
    }

    @Test
    void pagesInUse() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            long page = fixture.zone.allocateFrozen(0);
            PageStruct.refcount(page, 2);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "page still in use: pfn=0, refcount=2, mapcount=-1, mapping=0x0",
                    () -> fixture.free(0, 0));
            PageStruct.refcount(page, 0);
            PageStruct.mapcount(page, 0);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "page still in use: pfn=0, refcount=0, mapcount=0, mapping=0x0",
                    () -> fixture.free(0, 0));
            PageStruct.mapcount(page, PageStruct.MAPCOUNT_NONE);
            PageStruct.mapping(page, 0xabc0);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "page still in use: pfn=0, refcount=0, mapcount=-1, mapping=0xabc0",
                    () -> fixture.free(0, 0));
            PageStruct.mapping(page, 0);
            fixture.free(0, 0);
            assertEquals(1, fixture.zone.nrFree(6));
        }
    }

    @Test
    void closedEngine() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            long page = fixture.zone.allocateFrozen(0);
            fixture.lifetime.close();
            for (Executable call : new Executable[] {
                () -> fixture.zone.allocateFrozen(0),
                () -> fixture.zone.freeFrozen(page, 0),
                fixture.zone::nrFreePages,
                () -> fixture.zone.nrFree(0),
                fixture.zone::untouchedPfn
            }) {
                assertEquals(
                        "the engine is closed",
                        assertThrows(IllegalStateException.class, call).getMessage());
            }
        }
    }

    @Test
    void zoneLockIsTheInnermost() {
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(64)) {
            fixture.lockOrder.afterLock(LockRank.ZONE);
            assertRefused(
                    fixture,
                    IllegalStateException.class,
                    "lock order violated: taking=ZONE, holding=ZONE",
                    () -> fixture.zone.allocateFrozen(0));
            fixture.lockOrder.beforeUnlock(LockRank.ZONE);
            fixture.lockOrder.afterLock(LockRank.LRU);
            assertTrue(fixture.zone.allocateFrozen(0) != Zone.NONE);
            fixture.lockOrder.beforeUnlock(LockRank.LRU);
        }
    }
}
