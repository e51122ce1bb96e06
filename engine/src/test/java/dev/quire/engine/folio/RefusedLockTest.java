/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.xarray.XArray;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A call that is refused because it would take its lock in a wrong order is over: closing what it was made on finds
 * nothing locked, and closing the engine does not wait for it.
 *
 * <p>On engines of its own: the base class would wait for ever, too, if one cannot be closed.
 */
class RefusedLockTest {
    private static final long PAGE = 4096;
    private static final long HUGE = 512 * PAGE;

    /** How long closing may take on a machine that has other things to do. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Quire engine =
            Quire.builder().capacityBytes(1L << 24).lockOrderChecked(true).open();

    /** Makes a call from inside a lock, of which it is told. */
    private static void assertRefused(String taking, String holding, Executable call) {
        assertEquals(
                "lock order violated: taking=" + taking + ", holding=" + holding,
                assertThrows(IllegalStateException.class, call).getMessage());
    }

    private void assertRefusedUnderIndexLock(String taking, Executable call) {
        XArray array = engine.newArray(0);
        array.lock();
        try {
            assertRefused(taking, "INDEX", call);
        } finally {
            array.unlock();
        }
        array.close();
    }

    private void assertCloses() throws InterruptedException {
        assertEquals(new Leaks(0, 0, 0), engine.leaks());
        Thread closing = Thread.ofPlatform().daemon().start(engine::close);
        assertTrue(closing.join(PATIENCE), "the engine waits for a call that was refused");
    }

    private static <T> Arguments call(String name, Consumer<T> call) {
        return Arguments.of(name, call);
    }

    static Stream<Arguments> spaceCalls() {
        return Stream.of(
                RefusedLockTest.<AddressSpace>call("truncate", space -> space.truncate(PAGE, SplitPolicies.UNIFORM)),
                RefusedLockTest.<AddressSpace>call("extend", space -> space.extend(PAGE)),
                RefusedLockTest.<AddressSpace>call("allocateBeyondEnd", space -> space.allocateBeyondEnd(0, 1, 0)),
                RefusedLockTest.<AddressSpace>call(
                        "punchHole", space -> space.punchHole(0, PAGE, SplitPolicies.UNIFORM)),
                RefusedLockTest.<AddressSpace>call("close", AddressSpace::close));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("spaceCalls")
    void ofAnAddressSpace(String name, Consumer<AddressSpace> call) throws InterruptedException {
        AddressSpace space = engine.newSharedMemory();
        assertRefusedUnderIndexLock("RESIZE", () -> call.accept(space));
        space.close();
        assertCloses();
    }

    static Stream<Arguments> guestCalls() {
        return Stream.of(
                RefusedLockTest.<GuestMemory>call(
                        "forEachFolio", guest -> guest.forEachFolio((startIndex, order, folio) -> {})),
                RefusedLockTest.<GuestMemory>call("allocate", guest -> guest.allocate(0, HUGE)),
                RefusedLockTest.<GuestMemory>call("convertToShared", guest -> guest.convertToShared(0, PAGE)),
                RefusedLockTest.<GuestMemory>call("punchHole", guest -> guest.punchHole(0, PAGE)),
                RefusedLockTest.<GuestMemory>call("close", GuestMemory::close));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("guestCalls")
    void ofGuestMemory(String name, Consumer<GuestMemory> call) throws InterruptedException {
        GuestMemory guest = engine.newGuestMemory(HUGE, 9, GuestSplitPolicy.UNIFORM);
        assertRefusedUnderIndexLock("INVALIDATE", () -> call.accept(guest));
        guest.close();
        assertCloses();
    }

    static Stream<Arguments> memoryCalls() {
        return Stream.of(
                RefusedLockTest.<AnonymousMemory>call("map", memory -> memory.map(0, PAGE, Protection.READ_WRITE)),
                RefusedLockTest.<AnonymousMemory>call("unmap", memory -> memory.unmap(0, PAGE)),
                RefusedLockTest.<AnonymousMemory>call("protect", memory -> memory.protect(0, PAGE, Protection.READ)),
                RefusedLockTest.<AnonymousMemory>call("advise", memory -> memory.advise(0, PAGE, Advice.DONT_NEED)),
                RefusedLockTest.<AnonymousMemory>call("setBreak", memory -> memory.setBreak(PAGE)),
                RefusedLockTest.<AnonymousMemory>call("remap", memory -> memory.remap(0, PAGE, HUGE, PAGE)),
                RefusedLockTest.<AnonymousMemory>call("faultIn", memory -> memory.faultIn(0, false)),
                RefusedLockTest.<AnonymousMemory>call("close", AnonymousMemory::close));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("memoryCalls")
    void ofAnonymousMemory(String name, Consumer<AnonymousMemory> call) throws InterruptedException {
        AnonymousMemory memory = engine.newAnonymousMemory(SplitPolicies.UNIFORM, LargeFolioOrders.ALL);
        assertRefusedUnderIndexLock("MEMORY_MAP", () -> call.accept(memory));
        memory.close();
        assertCloses();
    }

    @Test
    void ofThePageCache() throws InterruptedException {
        assertRefusedUnderIndexLock("FILE_TABLE", () -> engine.pageCache().sync());
        assertRefusedUnderIndexLock("FILE_TABLE", () -> engine.pageCache().unwrittenFiles());
        assertCloses();
    }

    @Test
    void ofTheLruLists() throws InterruptedException {
        LruLists lru = engine.accounting().lru();
        long folio = engine.folios().allocate(0);
        FolioList taken = new FolioList(engine.folios());
        lru.lock();
        try {
            assertRefused("LRU", "LRU", () -> lru.add(folio));
            assertRefused("LRU", "LRU", () -> lru.isolateOldest(LruList.INACTIVE_FILE, 1, taken));
        } finally {
            lru.unlock();
        }
        engine.folios().unpin(folio);
        assertCloses();
    }

    @Test
    void ofTheSwapTable() throws InterruptedException {
        SwapTable swap = engine.swapTable();
        long slot = swap.allocate(0);
        swap.lock();
        try {
            assertRefused("SWAP", "SWAP", () -> swap.allocate(0));
            assertRefused("SWAP", "SWAP", () -> swap.free(slot, 1));
        } finally {
            swap.unlock();
        }
        swap.free(slot, 1);
        assertCloses();
    }
}
