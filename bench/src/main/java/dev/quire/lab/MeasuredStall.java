/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.openjdk.jmh.util.SampleBuffer;

/**
 * What a reader that pins and unpins pages of 1 GiB sees of a writer beside it, while the writer is in a split.
 *
 * <p>A split of either kind lets the reader wait once, or a few times, among thousands of pins: percentiles of pins do
 * not show it, and their maximum shows the worst that the machine did, not the engine. Hence the longest pin of each
 * split, whose median is what a split costs the reader, and how long each freeze took the writer, by the clock and by
 * its own running time.
 *
 * @param pinNanos time of each lookup with its pin, in ns
 * @param longestPinNanos for each split, the longest of its pins, in ns
 * @param freezes how long folios were frozen
 */
record MeasuredStall(SampleBuffer pinNanos, SampleBuffer longestPinNanos, FreezeTimes freezes) {
    private static final long SEED = 0x57a11;

    /**
     * Measures.
     *
     * @param headMap how pages find their head
     * @param writer what the writer does
     * @param warmUpNanos for how long to run before, in ns
     * @param nanos for how long to measure, in ns
     * @throws InterruptedException if the thread is interrupted
     * @throws LabException if the writer fails
     */
    static MeasuredStall run(HeadMapKind headMap, StallWriter writer, long warmUpNanos, long nanos)
            throws InterruptedException {
        FreezeTimes freezes = new FreezeTimes();
        try (Quire engine = Quire.builder()
                        .capacityBytes(4L << 30)
                        .headMap(headMap)
                        .splitObserver(freezes)
                        .open();
                AddressSpace read = newSpace(engine);
                AddressSpace written = newSpace(engine)) {
            SplitLoop loop = new SplitLoop(engine, writer == StallWriter.ELSEWHERE ? written : read, writer, freezes);
            FutureTask<Void> writing = new FutureTask<>(loop, null);
            Thread thread = new Thread(writing, "writer");
            thread.start();
            Reader reader = new Reader(engine, read, loop);
            try {
                reader.pinFor(warmUpNanos);
                reader.forget();
                freezes.start();
                reader.pinFor(nanos);
            } finally {
                loop.stop();
                thread.join();
            }
            requireSuccess(writing);
            return new MeasuredStall(reader.pinNanos, reader.longestPinNanos, freezes);
        }
    }

    private static void requireSuccess(FutureTask<Void> writing) throws InterruptedException {
        try {
            writing.get();
        } catch (ExecutionException e) {
            throw new LabException("the writer failed: " + e.getCause(), e);
        }
    }

    private static AddressSpace newSpace(Quire engine) {
        AddressSpace space = engine.newAddressSpace();
        space.extend(Geometry.bytesIn(SplitLoop.ORDER));
        int result = space.populate(0, Geometry.pagesIn(SplitLoop.ORDER), SplitLoop.ORDER);
        if (result != Errno.OK) {
            throw new LabException("the folio could not be made: " + Errno.name(result));
        }
        return space;
    }

    /** Pins and unpins, and takes the time of the pins that begin while the writer is in a split. */
    private static final class Reader {
        private final Quire engine;
        private final AddressSpace space;
        private final SplitLoop loop;
        private final SplittableRandom random = new SplittableRandom(SEED);
        private SampleBuffer pinNanos = new SampleBuffer();
        private SampleBuffer longestPinNanos = new SampleBuffer();
        private long split;
        private long longestNanos;

        Reader(Quire engine, AddressSpace space, SplitLoop loop) {
            this.engine = engine;
            this.space = space;
            this.loop = loop;
        }

        void forget() {
            pinNanos = new SampleBuffer();
            longestPinNanos = new SampleBuffer();
            split = SplitLoop.NO_SPLIT;
        }

        void pinFor(long nanos) {
            try (RcuReader reader = engine.newReader()) {
                FolioLookup lookup = space.newLookup(reader);
                long start = System.nanoTime();
                long now = start;
                while (now - start < nanos) {
                    long index = random.nextLong(Geometry.pagesIn(SplitLoop.ORDER));
                    long duringSplit = loop.currentSplit();
                    long before = System.nanoTime();
                    long folio = lookup.pin(index);
                    now = System.nanoTime();
                    if (duringSplit != SplitLoop.NO_SPLIT) {
                        record(duringSplit, now - before);
                    }
                    requireCovering(folio, index);
                    engine.folios().unpin(folio);
                }
            }
        }

        private void record(long duringSplit, long nanos) {
            pinNanos.add(nanos);
            if (duringSplit != split) {
                if (split != SplitLoop.NO_SPLIT) {
                    longestPinNanos.add(longestNanos);
                }
                split = duringSplit;
                longestNanos = 0;
            }
            longestNanos = Math.max(longestNanos, nanos);
        }

        private void requireCovering(long folio, long index) {
            long first = folio == 0 ? -1 : engine.folios().index(folio);
            if (first < 0
                    || index < first
                    || index >= first + Geometry.pagesIn(engine.folios().order(folio))) {
                throw new IllegalStateException("wrong folio: index=" + index + ", first=" + first);
            }
        }
    }
}
