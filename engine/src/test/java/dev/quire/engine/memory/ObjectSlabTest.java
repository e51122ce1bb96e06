/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.machine.NativeMemory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObjectSlabTest {
    private static final int NR_OBJECTS = 100;

    private final PageArena arena = PageArena.open(1, 1, NR_OBJECTS, Backing.AUTOMATIC);
    private final ObjectSlab slab = new ObjectSlab(arena);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void objectsComeInOrderAndEndWithZero() {
        for (int slot = 0; slot < NR_OBJECTS; slot++) {
            assertEquals(slot, slab.nrInUse());
            long object = slab.allocate();
            assertEquals(arena.objectsBase() + slot * 128L, object);
            assertEquals(slot, slab.slotOf(object));
        }
        assertEquals(0, slab.allocate());
        assertEquals(NR_OBJECTS, slab.nrInUse());
    }

    @Test
    void theObjectFreedLastComesBackFirstAndZeroed() {
        long first = slab.allocate();
        long second = slab.allocate();
        NativeMemory.fill(first, 128, (byte) -1);
        NativeMemory.fill(second, 128, (byte) -1);
        slab.free(first);
        slab.free(second);
        assertEquals(0, slab.nrInUse());
        assertEquals(second, slab.allocate());
        assertEquals(first, slab.allocate());
        assertZero(first);
        assertZero(second);
        assertEquals(2, slab.slotOf(slab.allocate()));
    }

    @Test
    void aFullSlabHandsOutWhatIsGivenBack() {
        for (int slot = 0; slot < NR_OBJECTS; slot++) {
            slab.allocate();
        }
        slab.free(arena.objectsBase() + 42 * 128L);
        assertEquals(NR_OBJECTS - 1, slab.nrInUse());
        assertEquals(42, slab.slotOf(slab.allocate()));
        assertEquals(0, slab.allocate());
    }

    @Test
    void noTwoThreadsGetTheSameObject() {
        Set<Long> owned = ConcurrentHashMap.newKeySet();
        long nrClashes = IntStream.range(0, 4)
                .parallel()
                .mapToLong(thread -> IntStream.range(0, 20_000)
                        .filter(i -> {
                            long object = slab.allocate();
                            boolean clash = !owned.add(object);
                            owned.remove(object);
                            slab.free(object);
                            return clash;
                        })
                        .count())
                .sum();
        assertEquals(0, nrClashes);
        assertEquals(0, slab.nrInUse());
    }

    private static void assertZero(long object) {
        for (int offsetBytes = 0; offsetBytes < 128; offsetBytes += 8) {
            assertEquals(0, NativeMemory.getLong(object + offsetBytes));
        }
    }
}
