/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.ConversionResult;
import dev.quire.engine.guest.GuestAccess;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.HdrHistogram.Histogram;

/**
 * A guest scenario under one policy. The counts are those of a run without a reader, the same each time; the fault times are
 * those of a second run, in which a thread faults random pages in all the while.
 *
 * @param nrFolios folios at the end
 * @param nrNodes index nodes at the end
 * @param mostNodes most index nodes after any step
 * @param nrSharedPages shared pages at the end
 * @param nrRanges ranges of attributes at the end
 * @param metadataBytesWritten bytes of page structs, head map and index that splits wrote
 * @param conversionNanos time of each conversion of the first run
 * @param faultNanos time of each fault of the second run
 */
record GuestRun(
        long nrFolios,
        long nrNodes,
        long mostNodes,
        long nrSharedPages,
        long nrRanges,
        long metadataBytesWritten,
        Histogram conversionNanos,
        Histogram faultNanos) {
    private static final int DIGITS = 3;
    private static final long SEED = 0x9_e57;

    /**
     * Runs a scenario twice.
     *
     * @throws InterruptedException if the thread is interrupted
     * @throws ReplayException if memory is out
     */
    static GuestRun of(GuestScenario scenario, GuestSplitPolicy policy) throws InterruptedException {
        Histogram faultNanos = faultsBeside(scenario, policy);
        try (Quire engine = newEngine(scenario);
                GuestMemory memory = newMemory(engine, scenario, policy)) {
            Histogram conversionNanos = new Histogram(DIGITS);
            long mostNodes = 0;
            for (GuestOperation operation : scenario.operations()) {
                long before = System.nanoTime();
                perform(operation, memory);
                if (operation.kind().isConversion()) {
                    conversionNanos.recordValue(System.nanoTime() - before);
                }
                engine.awaitReclaim();
                mostNodes = Math.max(mostNodes, engine.nodes().nrInUse());
            }
            long[] counts = {0, 0};
            memory.forEachFolio((index, order, folio) -> counts[0]++);
            for (long index = 0; index < memory.endIndex(); index++) {
                counts[1] += memory.isShared(index) ? 1 : 0;
            }
            return new GuestRun(
                    counts[0],
                    engine.nodes().nrInUse(),
                    mostNodes,
                    counts[1],
                    memory.nrAttributeRanges(),
                    engine.splitStatistics().metadataBytesWritten(),
                    conversionNanos,
                    faultNanos);
        }
    }

    private static Quire newEngine(GuestScenario scenario) {
        // Twice the size: what a hole has dropped stays in use for a grace period.
        return Quire.builder().capacityBytes(2 * scenario.memoryBytes()).open();
    }

    private static GuestMemory newMemory(Quire engine, GuestScenario scenario, GuestSplitPolicy policy) {
        return engine.newGuestMemory(scenario.memoryBytes(), scenario.hugeOrder(), policy);
    }

    /** Performs a step; what a reader holds just then is tried again. */
    private static void perform(GuestOperation operation, GuestMemory memory) {
        int error;
        do {
            error = tryPerform(operation, memory);
        } while (error == Errno.EAGAIN);
        if (error != Errno.OK) {
            throw new ReplayException(operation + " failed: " + Errno.name(error));
        }
    }

    private static int tryPerform(GuestOperation operation, GuestMemory memory) {
        long offsetBytes = operation.offsetBytes();
        long lengthBytes = operation.lengthBytes();
        return switch (operation.kind()) {
            case ALLOCATE -> memory.allocate(offsetBytes, lengthBytes);
            case SHARED -> errorOf(memory.convertToShared(offsetBytes, lengthBytes));
            case PRIVATE -> errorOf(memory.convertToPrivate(offsetBytes, lengthBytes));
            case HOLE -> errorOf(memory.punchHole(offsetBytes, lengthBytes));
        };
    }

    private static int errorOf(ConversionResult result) {
        return result.error();
    }

    private static Histogram faultsBeside(GuestScenario scenario, GuestSplitPolicy policy) throws InterruptedException {
        try (Quire engine = newEngine(scenario);
                GuestMemory memory = newMemory(engine, scenario, policy)) {
            FaultLoop loop = new FaultLoop(engine, memory);
            Thread thread = new Thread(loop, "guest");
            thread.start();
            try {
                loop.started.await();
                for (GuestOperation operation : scenario.operations()) {
                    perform(operation, memory);
                }
            } finally {
                loop.stopped = true;
                thread.join();
            }
            return loop.nanos;
        }
    }

    /** Faults random pages in, in the state that they are in, until it is stopped. */
    private static final class FaultLoop implements Runnable {
        private final Quire engine;
        private final GuestMemory memory;
        private final CountDownLatch started = new CountDownLatch(1);
        private final Histogram nanos = new Histogram(DIGITS);
        private volatile boolean stopped;

        FaultLoop(Quire engine, GuestMemory memory) {
            this.engine = engine;
            this.memory = memory;
        }

        @Override
        public void run() {
            SplittableRandom random = new SplittableRandom(SEED);
            try (RcuReader reader = engine.newReader()) {
                GuestAccess access = memory.newAccess(reader);
                started.countDown();
                do {
                    long index = random.nextLong(memory.sizeBytes() >>> Geometry.PAGE_SHIFT);
                    long before = System.nanoTime();
                    long folio = access.guestFault(index, !memory.isShared(index));
                    nanos.recordValue(System.nanoTime() - before);
                    // Negative if the page was converted in between: that took as long.
                    if (folio > 0) {
                        engine.folios().unpin(folio);
                    }
                } while (!stopped);
            }
        }
    }
}
