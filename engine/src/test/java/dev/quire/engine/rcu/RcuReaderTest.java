/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.LinuxCalls;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Read sections and their readers, in both barrier modes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RcuReaderTest extends RcuFixture {
    @ParameterizedTest
    @EnumSource
    void usesMembarrierWhereItIsWantedAndGranted(BarrierMode mode) {
        boolean granted = LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier();
        try (Rcu rcu = open(mode)) {
            assertEquals(mode != BarrierMode.FENCE && granted, rcu.usesMembarrier());
        }
    }

    @Test
    void membarrierIsRefusedWithAMessageWhereItIsMissing() {
        String osName = System.getProperty("os.name");
        System.setProperty("os.name", "Plan 9");
        try {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> new Rcu(BarrierMode.MEMBARRIER).close());
            assertEquals("barrier mode not supported here: mode=MEMBARRIER", refused.getMessage());
            try (Rcu rcu = new Rcu(BarrierMode.AUTOMATIC)) {
                assertFalse(rcu.usesMembarrier());
            }
        } finally {
            System.setProperty("os.name", osName);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sectionsNestAndOnlyTheOutermostExitEndsThem(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            assertFalse(reader.isInSection());
            reader.enter();
            reader.enter();
            reader.enter();
            long object = newObject();
            queue.retire(object);
            rcu.poll();
            reader.exit();
            assertFalse(rcu.poll());
            reader.exit();
            assertFalse(rcu.poll());
            assertTrue(reader.isInSection());
            assertEquals(List.of(), reclaimed);
            reader.exit();
            assertFalse(reader.isInSection());
            assertTrue(rcu.poll());
            assertEquals(List.of(object), reclaimed);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExitWithoutAnEntryIsRefusedAndChangesNothing(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            assertNotInSection(reader::exit);
            assertNotInSection(reader::requireInSection);
            reader.enter();
            reader.requireInSection();
            reader.exit();
            assertNotInSection(reader::exit);
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            queue.retire(newObject());
            assertTrue(rcu.poll());
        }
    }

    private static void assertNotInSection(Runnable call) {
        assertEquals(
                "the reader is not in a read section",
                assertThrows(IllegalStateException.class, call::run).getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void aClosedReaderEntersNoSection(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuReader reader = rcu.register();
            reader.close();
            reader.close();
            for (int attempt = 0; attempt < 3; attempt++) {
                assertEquals(
                        "the reader is closed",
                        assertThrows(IllegalStateException.class, reader::enter).getMessage());
                assertFalse(reader.isInSection());
                assertNotInSection(reader::exit);
            }
            rcu.synchronize();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReaderIsNotClosedInsideASection(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            reader.enter();
            reader.enter();
            IllegalStateException refused = assertThrows(IllegalStateException.class, reader::close);
            assertEquals("reader closed inside a read section: nesting=2", refused.getMessage());
            queue.retire(newObject());
            assertFalse(rcu.poll());
            reader.exit();
            reader.exit();
            assertTrue(rcu.poll());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClosedDomainRefusesSectionsAndReaders(BarrierMode mode) {
        Rcu rcu = open(mode);
        try (RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long object = newObject();
            queue.retire(object);
            rcu.close();
            assertEquals(List.of(object), reclaimed);
            for (int attempt = 0; attempt < 3; attempt++) {
                assertEquals(
                        "the engine is closed",
                        assertThrows(IllegalStateException.class, reader::enter).getMessage());
                assertFalse(reader.isInSection());
            }
            assertEquals(
                    "the engine is closed",
                    assertThrows(IllegalStateException.class, rcu::register).getMessage());
            rcu.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWaitsForRunningSectionsThatMayStillNest(BarrierMode mode) throws InterruptedException {
        Rcu rcu = open(mode);
        try (RcuReader reader = rcu.register()) {
            reader.enter();
            Thread closer = Thread.ofPlatform().start(rcu::close);
            assertStaysAlive(closer);
            reader.enter();
            reader.exit();
            assertStaysAlive(closer);
            reader.exit();
            closer.join();
            assertThrows(IllegalStateException.class, reader::enter);
        }
    }
}
