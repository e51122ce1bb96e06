/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A reader follows one published pointer to an object of stamped words, while a writer replaces the object, retires the
 * old one and overwrites it the moment it is reclaimed. A reader that finds two stamps in one object, or another one at
 * the end of its section than at the beginning, has read memory that was reused under it.
 *
 * <p>One reader, as the race needs it and the writer to run at the same instant: with more threads than processors a
 * barrier that does nothing went unseen. It is a matter of luck even so; the scenarios in the stress module are not.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RcuSoakTest {
    private static final long SOAK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int NR_OBJECTS = 512;
    private static final long OBJECT_BYTES = 64;
    private static final long LINK_OFFSET_BYTES = 8;
    private static final int NR_LOOKS = 5;
    private static final long RECLAIMED = -1;

    private final Arena arena = Arena.ofShared();
    private final long objectsBase =
            arena.allocate(NR_OBJECTS * OBJECT_BYTES, OBJECT_BYTES).address();
    private final long published = arena.allocate(8, 64).address();

    /** Objects nobody can reach; only the writer touches them, as it alone drives grace periods. */
    private final List<Long> free = new ArrayList<>();

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong nrSections = new AtomicLong();
    private final AtomicLong nrTornSections = new AtomicLong();

    @AfterEach
    void close() {
        arena.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AUTOMATIC")
    void noReaderSeesAnObjectReused(BarrierMode mode) throws InterruptedException {
        assumeTrue(
                mode != BarrierMode.MEMBARRIER || (LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier()),
                "the system does not grant membarrier");
        long nrReplaced;
        try (Rcu rcu = new Rcu(mode)) {
            for (int object = 0; object < NR_OBJECTS; object++) {
                free.add(objectsBase + object * OBJECT_BYTES);
            }
            publishNew(1);
            Thread reader = Thread.ofPlatform().start(() -> readUntilStopped(rcu));
            nrReplaced = replaceUntilTimeIsUp(rcu, rcu.newQueue(LINK_OFFSET_BYTES, this::reclaim));
            stop.set(true);
            reader.join();
        }
        assertEquals(0, nrTornSections.get(), () -> "torn of " + nrSections.get() + " sections");
        assertEquals(NR_OBJECTS - 1, free.size());
        // The soak proves something only if objects were read and came back many times over.
        assertTrue(nrSections.get() > 1000, () -> "sections: " + nrSections.get());
        assertTrue(nrReplaced > 10 * NR_OBJECTS, () -> "objects replaced: " + nrReplaced);
    }

    private long replaceUntilTimeIsUp(Rcu rcu, RcuQueue queue) {
        long stamp = 1;
        long end = System.nanoTime() + SOAK_NANOS;
        while (System.nanoTime() < end) {
            if (!free.isEmpty()) {
                queue.retire(publishNew(++stamp));
            }
            // Right after the object was replaced: the grace period begins while readers are just entering.
            rcu.poll();
        }
        return stamp;
    }

    /** Publishes a new object with this stamp and returns the one it replaces. */
    private long publishNew(long stamp) {
        long object = free.removeLast();
        write(object, stamp);
        long replaced = NativeMemory.getLong(published);
        NativeMemory.setLongRelease(published, object);
        return replaced;
    }

    private void reclaim(long object) {
        write(object, RECLAIMED);
        free.add(object);
    }

    private static void write(long object, long stamp) {
        for (long offsetBytes = 0; offsetBytes < OBJECT_BYTES; offsetBytes += 8) {
            if (offsetBytes != LINK_OFFSET_BYTES) {
                NativeMemory.setLongOpaque(object + offsetBytes, stamp);
            }
        }
    }

    private void readUntilStopped(Rcu rcu) {
        long sections = 0;
        long torn = 0;
        try (RcuReader reader = rcu.register()) {
            while (!stop.get()) {
                reader.enter();
                long object = NativeMemory.getLongAcquire(published);
                long stamp = NativeMemory.getLongOpaque(object);
                if (stamp == RECLAIMED || !keeps(object, stamp)) {
                    torn++;
                }
                reader.exit();
                sections++;
            }
        }
        nrSections.set(sections);
        nrTornSections.set(torn);
    }

    /** Looks more than once, so that the writer gets to reclaim the object in between if nothing holds it back. */
    private static boolean keeps(long object, long stamp) {
        boolean whole = true;
        for (int look = 0; look < NR_LOOKS; look++) {
            for (long offsetBytes = 0; offsetBytes < OBJECT_BYTES; offsetBytes += 8) {
                whole &= offsetBytes == LINK_OFFSET_BYTES || NativeMemory.getLongOpaque(object + offsetBytes) == stamp;
            }
        }
        return whole;
    }
}
