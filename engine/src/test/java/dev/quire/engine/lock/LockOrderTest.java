/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LockOrderTest {
    private final LockOrder lockOrder = new LockOrder(true);

    @ParameterizedTest
    @CsvSource({
        "FILE_RELEASE, FILE_TABLE, true",
        "FILE_TABLE, FILE_RELEASE, false",
        "FILE_TABLE, RESIZE, true",
        "INODE, INODE, false",
        "INODE, WRITEBACK, true",
        "WRITEBACK, INODE, false",
        "WRITEBACK, RESIZE, true",
        "FILE_SYNC, FOLIO, true",
        "FOLIO, FILE_SYNC, false",
        "FOLIO, WRITEBACK, false",
        "FOLIO, INODE, false",
        "FOLIO, WRITEBACK_END, true",
        "FOLIO, SWAP_AREA, true",
        "SWAP_AREA, FOLIO, false",
        "SWAP_AREA, SWAP, true",
        "SWAP, SWAP_AREA, false",
        "FOLIO, FOLIO, true",
        "FOLIO, REVERSE_MAP, true",
        "FOLIO, INDEX, true",
        "FOLIO, LRU, true",
        "FOLIO, ZONE, true",
        "REVERSE_MAP, FOLIO, false",
        "REVERSE_MAP, REVERSE_MAP, false",
        "REVERSE_MAP, INDEX, true",
        "REVERSE_MAP, LRU, true",
        "REVERSE_MAP, ZONE, true",
        "INDEX, FOLIO, false",
        "INDEX, REVERSE_MAP, false",
        "INDEX, INDEX, false",
        "INDEX, LRU, true",
        "INDEX, ZONE, true",
        "LRU, FOLIO, false",
        "LRU, REVERSE_MAP, false",
        "LRU, INDEX, false",
        "LRU, LRU, false",
        "LRU, ZONE, true",
        "ZONE, FOLIO, false",
        "ZONE, REVERSE_MAP, false",
        "ZONE, INDEX, false",
        "ZONE, LRU, false",
        "ZONE, ZONE, false"
    })
    void aLockIsTakenOnlyAfterThoseOfEarlierRank(LockRank held, LockRank taken, boolean allowed) {
        take(held);
        if (allowed) {
            assertDoesNotThrow(() -> take(taken));
        } else {
            assertViolation(taken, held);
        }
    }

    @Test
    void theOutermostLockHeldAgainstTheOrderIsNamed() {
        take(LockRank.REVERSE_MAP);
        take(LockRank.INDEX);
        take(LockRank.ZONE);
        assertViolation(LockRank.FOLIO, LockRank.REVERSE_MAP);
        assertViolation(LockRank.INDEX, LockRank.INDEX);
        assertViolation(LockRank.LRU, LockRank.ZONE);
    }

    @ParameterizedTest
    @EnumSource
    void aReleasedLockNoLongerCounts(LockRank rank) {
        take(rank);
        assertEquals(1, lockOrder.held(rank));
        lockOrder.beforeUnlock(rank);
        assertEquals(0, lockOrder.held(rank));
        assertDoesNotThrow(() -> take(LockRank.FOLIO));
    }

    @Test
    void severalFolioLocksAreCounted() {
        take(LockRank.FOLIO);
        take(LockRank.FOLIO);
        assertEquals(2, lockOrder.held(LockRank.FOLIO));
        lockOrder.beforeUnlock(LockRank.FOLIO);
        assertEquals(1, lockOrder.held(LockRank.FOLIO));
    }

    @Test
    void everyThreadHasLocksOfItsOwn() throws InterruptedException {
        take(LockRank.ZONE);
        int[] heldThere = {-1};
        Thread.ofPlatform()
                .start(() -> {
                    heldThere[0] = lockOrder.held(LockRank.ZONE);
                    take(LockRank.FOLIO);
                    heldThere[0] += lockOrder.held(LockRank.FOLIO);
                })
                .join();
        assertEquals(1, heldThere[0]);
        assertEquals(0, lockOrder.held(LockRank.FOLIO));
    }

    @Test
    void switchedOffItAllowsAllAndCountsNothing() {
        LockOrder off = new LockOrder(false);
        off.beforeLock(LockRank.ZONE);
        off.afterLock(LockRank.ZONE);
        assertDoesNotThrow(() -> off.beforeLock(LockRank.FOLIO));
        assertEquals(0, off.held(LockRank.ZONE));
        off.beforeUnlock(LockRank.ZONE);
        off.beforeUnlock(LockRank.ZONE);
        assertEquals(0, off.held(LockRank.ZONE));
    }

    private void take(LockRank rank) {
        lockOrder.beforeLock(rank);
        lockOrder.afterLock(rank);
    }

    private void assertViolation(LockRank taken, LockRank held) {
        IllegalStateException violation = assertThrows(IllegalStateException.class, () -> lockOrder.beforeLock(taken));
        assertEquals("lock order violated: taking=" + taken + ", holding=" + held, violation.getMessage());
    }
}
