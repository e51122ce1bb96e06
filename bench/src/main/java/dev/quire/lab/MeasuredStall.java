/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.SplittableRandom;
import org.openjdk.jmh.util.SampleBuffer;

/**
 * What a reader that pins and unpins pages of 1 GiB sees of a writer beside it.
 *
 * @param pinNanos time of each lookup with its pin, in ns
 * @param nrSplits how often the writer split the folio meanwhile
 */
record MeasuredStall(SampleBuffer pinNanos, long nrSplits) {
    private static final int ORDER = Geometry.PUD_ORDER;
    private static final int STAGE_ORDER = Geometry.PMD_ORDER;
    private static final long SEED = 0x57a11;

    /** What the writer does. */
    enum Writer {
        /** Nothing. */
        IDLE("no writer"),
        /** Splits the folio to order 0 in one go. */
        ONE_SHOT("1 GiB -> 4 KiB"),
        /** Splits it in stages. */
        STAGED("1 GiB -> 2 MiB -> 4 KiB");

        private final String description;

        Writer(String description) {
            this.description = description;
        }

        /** {@return what it does, in a few words} */
        String description() {
            return description;
        }
    }

    /**
     * Measures.
     *
     * @param headMap how pages find their head
     * @param writer what the writer does
     * @param warmUpNanos for how long to run before, in ns
     * @param nanos for how long to measure, in ns
     * @throws InterruptedException if the thread is interrupted
     */
    static MeasuredStall run(HeadMapKind headMap, Writer writer, long warmUpNanos, long nanos)
            throws InterruptedException {
        try (Quire engine =
                        Quire.builder().capacityBytes(1L << 31).headMap(headMap).open();
                AddressSpace space = engine.newAddressSpace()) {
            space.extend(Geometry.bytesIn(ORDER));
            int result = space.populate(0, Geometry.pagesIn(ORDER), ORDER);
            if (result != Errno.OK) {
                throw new ReplayException("the folio could not be made: " + Errno.name(result));
            }
            SplitLoop loop = new SplitLoop(engine, space, writer);
            Thread thread = new Thread(loop, "writer");
            thread.start();
            try {
                pinFor(engine, space, warmUpNanos);
                long nrSplitsBefore = loop.nrSplits;
                SampleBuffer pinNanos = pinFor(engine, space, nanos);
                return new MeasuredStall(pinNanos, loop.nrSplits - nrSplitsBefore);
            } finally {
                loop.stopped = true;
                thread.join();
            }
        }
    }

    private static SampleBuffer pinFor(Quire engine, AddressSpace space, long nanos) {
        SampleBuffer pinNanos = new SampleBuffer();
        SplittableRandom random = new SplittableRandom(SEED);
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = space.newLookup(reader);
            long start = System.nanoTime();
            long now = start;
            while (now - start < nanos) {
                long index = random.nextLong(Geometry.pagesIn(ORDER));
                long before = System.nanoTime();
                long folio = lookup.pin(index);
                now = System.nanoTime();
                pinNanos.add(now - before);
                requireCovering(engine, folio, index);
                engine.folios().unpin(folio);
            }
        }
        return pinNanos;
    }

    private static void requireCovering(Quire engine, long folio, long index) {
        long first = folio == 0 ? -1 : engine.folios().index(folio);
        if (first < 0
                || index < first
                || index >= first + Geometry.pagesIn(engine.folios().order(folio))) {
            throw new IllegalStateException("wrong folio: index=" + index + ", first=" + first);
        }
    }

    /** Splits and merges until it is stopped; what the reader holds just then is tried again. */
    private static final class SplitLoop implements Runnable {
        private final Quire engine;
        private final Writer writer;
        private final long folio;
        private volatile boolean stopped;
        private volatile long nrSplits;

        SplitLoop(Quire engine, AddressSpace space, Writer writer) {
            this.engine = engine;
            this.writer = writer;
            try (RcuReader reader = engine.newReader()) {
                folio = space.newLookup(reader).pin(0);
            }
        }

        @Override
        public void run() {
            engine.folios().lock(folio);
            long count = 0;
            while (!stopped && writer != Writer.IDLE) {
                if (split() == Errno.OK) {
                    count++;
                    nrSplits = count;
                }
                mergeAll();
            }
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
        }

        private int split() {
            return writer == Writer.STAGED
                    ? engine.stagedSplitter().splitUniform(folio, 0)
                    : engine.splitter().splitUniform(folio, 0);
        }

        private void mergeAll() {
            mergeUntilDone(folio, STAGE_ORDER);
            long strideBytes = Geometry.pagesIn(STAGE_ORDER) * PageStruct.BYTES;
            long end = folio + Geometry.pagesIn(ORDER) * PageStruct.BYTES;
            for (long piece = folio + strideBytes; piece < end; piece += strideBytes) {
                mergeOther(piece);
            }
            mergeUntilDone(folio, ORDER);
        }

        private void mergeOther(long page) {
            long head = engine.folios().tryPinFolioOf(page);
            while (head == 0) {
                Thread.onSpinWait();
                head = engine.folios().tryPinFolioOf(page);
            }
            if (head == page) {
                engine.folios().lock(page);
                mergeUntilDone(page, STAGE_ORDER);
                engine.folios().unlock(page);
            }
            engine.folios().unpin(head);
        }

        private void mergeUntilDone(long first, int order) {
            while (engine.merger().merge(first, order) == Errno.EAGAIN) {
                Thread.onSpinWait();
            }
        }
    }
}
