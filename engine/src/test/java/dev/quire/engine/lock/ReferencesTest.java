/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReferencesTest {
    private final PageArena arena = PageArena.open(16, 1, 1, Backing.AUTOMATIC);
    private final long folio = arena.pageAt(4);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void nobodyTakesAReferenceToWhatIsFreeOrFrozen() {
        assertEquals(0, References.count(folio));
        assertFalse(References.tryGet(folio));
        assertEquals(0, References.count(folio));
    }

    @Test
    void referencesAreCountedAndTheLastOneIsTold() {
        References.unfreeze(folio, 1);
        assertTrue(References.tryGet(folio));
        References.add(folio, 3);
        assertEquals(5, References.count(folio));
        assertFalse(References.put(folio, 1));
        assertFalse(References.put(folio, 3));
        assertEquals(1, References.count(folio));
        assertTrue(References.put(folio, 1));
        assertEquals(0, References.count(folio));
        assertFalse(References.tryGet(folio));
    }

    @Test
    void aCountThatMightOverflowIsNotRaised() {
        References.unfreeze(folio, References.MAX - 1);
        assertTrue(References.tryGet(folio));
        assertFalse(References.tryGet(folio));
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> References.requireRoom(folio));
        assertEquals(
                "too many references: folio=0x" + Long.toHexString(folio) + ", held=805306368, max=805306368",
                refused.getMessage());
        assertEquals(References.MAX, References.count(folio));
        assertFalse(References.put(folio, 1));
        References.requireRoom(folio);
        assertTrue(References.tryGet(folio));
    }

    @Test
    void severalReferencesCanBeTheLast() {
        References.unfreeze(folio, 512);
        assertTrue(References.put(folio, 512));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 2", "5, 512"})
    void givingBackMoreThanThereAreIsRefusedAndChangesNothing(int held, int givenBack) {
        References.unfreeze(folio, held);
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> References.put(folio, givenBack));
        assertEquals(
                "more references given back than held: folio=0x" + Long.toHexString(folio) + ", held=" + held
                        + ", given back=" + givenBack,
                refused.getMessage());
        assertEquals(held, References.count(folio));
    }

    @Test
    void nobodyElseNoticesThatSomebodyGivesBackTooMany() throws InterruptedException {
        References.unfreeze(folio, 1);
        AtomicInteger nrRefused = new AtomicInteger();
        Thread miscounter = Thread.ofPlatform().start(() -> {
            for (int round = 0; round < 100_000; round++) {
                assertThrows(IllegalStateException.class, () -> References.put(folio, 5));
                nrRefused.incrementAndGet();
            }
        });
        int nrWrongCounts = 0;
        while (miscounter.isAlive()) {
            nrWrongCounts += References.count(folio) == 1 ? 0 : 1;
        }
        assertEquals(100_000, nrRefused.get());
        assertEquals(0, nrWrongCounts);
        assertEquals(1, References.count(folio));
    }

    @Test
    void freezingTakesExactlyTheExpectedReferences() {
        References.unfreeze(folio, 3);
        assertFalse(References.freeze(folio, 2));
        assertFalse(References.freeze(folio, 4));
        assertEquals(3, References.count(folio));
        assertTrue(References.freeze(folio, 3));
        assertEquals(0, References.count(folio));
        assertFalse(References.tryGet(folio));
        assertFalse(References.freeze(folio, 3));
        References.unfreeze(folio, 7);
        assertEquals(7, References.count(folio));
        assertTrue(References.tryGet(folio));
    }

    @Test
    void theNeighboursAreLeftAlone() {
        PageStruct.mapcount(folio, -1);
        PageStruct.memcgData(folio, -1);
        References.unfreeze(folio, 1);
        References.add(folio, 2);
        assertTrue(References.put(folio, 3));
        assertEquals(-1, PageStruct.mapcount(folio));
        assertEquals(-1, PageStruct.memcgData(folio));
        assertEquals(0, References.count(arena.pageAt(3)));
        assertEquals(0, References.count(arena.pageAt(5)));
    }

    @Test
    void exactlyOneOfManyThreadsGivesBackTheLast() throws InterruptedException {
        for (int round = 0; round < 100; round++) {
            References.unfreeze(folio, 1);
            AtomicInteger nrLast = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                threads.add(Thread.ofPlatform().start(() -> pinUntilGone(nrLast)));
            }
            if (References.put(folio, 1)) {
                nrLast.incrementAndGet();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(1, nrLast.get());
            assertEquals(0, References.count(folio));
        }
    }

    private void pinUntilGone(AtomicInteger nrLast) {
        // So many times at most: as long as some thread always holds it, it is never gone.
        for (int pins = 0; pins < 10_000 && References.tryGet(folio); pins++) {
            if (References.put(folio, 1)) {
                nrLast.incrementAndGet();
            }
        }
    }

    @Test
    void whoeverPinsAfterAFreezeSeesWhatTheFreezerWrote() throws InterruptedException {
        References.unfreeze(folio, 1);
        AtomicInteger nrTorn = new AtomicInteger();
        Thread pinner = Thread.ofPlatform().start(() -> {
            for (int nrPinned = 0; nrPinned < 20_000; ) {
                if (References.tryGet(folio)) {
                    if (PageStruct.index(folio) != PageStruct.privateWord(folio)) {
                        nrTorn.incrementAndGet();
                    }
                    References.put(folio, 1);
                    nrPinned++;
                }
            }
        });
        for (long stamp = 1; pinner.isAlive(); stamp++) {
            if (References.freeze(folio, 1)) {
                PageStruct.index(folio, stamp);
                PageStruct.privateWord(folio, stamp);
                References.unfreeze(folio, 1);
            }
        }
        assertEquals(0, nrTorn.get());
        assertTrue(PageStruct.index(folio) > 0, "never froze");
    }
}
