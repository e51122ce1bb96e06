/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads read a file, copying and in place, while another cuts it, fills it again, syncs, evicts and reclaims. Every
 * two bytes of the file are the number of their page, or zero: whatever a reader finds else is another page's.
 */
class PageCacheRaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_PAGES = 700;
    private static final int NR_READERS = 2;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(2);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrWordsRead = new LongAdder();
    private final LongAdder nrZeroes = new LongAdder();

    PageCacheRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void readersNeverSeeAnotherPagesBytes(HeadMapKind headMap) throws InterruptedException {
        SplittableRandom random = TestSeed.random("readersNeverSeeAnotherPagesBytes" + headMap);
        Quire engine = open(Quire.builder().capacityBytes(4 << 20).headMap(headMap));
        MemoryFile memory = new MemoryFile(new byte[0]);
        long deadline = System.nanoTime() + NANOS;
        List<Thread> threads = new ArrayList<>();
        threads.add(new Thread(() -> use(engine, memory, deadline, random.split(), this::change)));
        for (int reader = 0; reader < NR_READERS; reader++) {
            SplittableRandom own = random.split();
            threads.add(new Thread(() -> use(engine, memory, deadline, own, this::read)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertNull(failure.get(), TestSeed.asOption());
        assertTrue(nrWordsRead.sum() > 1000, "words read: " + nrWordsRead);
        assertTrue(nrZeroes.sum() > 0, "nobody met a hole");
    }

    /** One step of a thread. */
    @FunctionalInterface
    private interface Step {
        void on(Quire engine, OpenFile file, SplittableRandom random) throws IOException;
    }

    private void use(Quire engine, MemoryFile memory, long deadline, SplittableRandom random, Step step) {
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(memory, reader)) {
            while (System.nanoTime() < deadline && failure.get() == null) {
                step.on(engine, file, random);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private void change(Quire engine, OpenFile file, SplittableRandom random) throws IOException {
        int page = random.nextInt(NR_PAGES);
        int nrPages = 1 + random.nextInt(NR_PAGES - page);
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(3)];
        switch (random.nextInt(10)) {
            case 0, 1 -> file.punchHole((long) page * PAGE + random.nextInt(PAGE), (long) nrPages * PAGE, policy);
            case 2 -> file.truncate((long) page * PAGE + random.nextInt(PAGE), policy);
            case 3 -> file.truncate((long) NR_PAGES * PAGE, policy);
            case 4 -> file.sync();
            case 5 -> file.evict((long) page * PAGE, (long) nrPages * PAGE);
            case 6 -> engine.pageCache().reclaim(nrPages);
            default ->
                file.write(StampedPages.stamped(page, Math.min(nrPages, 1 << random.nextInt(10))), (long) page * PAGE);
        }
    }

    private void read(Quire engine, OpenFile file, SplittableRandom random) throws IOException {
        long offsetBytes = (long) random.nextInt(NR_PAGES * PAGE / Long.BYTES) * Long.BYTES;
        if (random.nextInt(4) == 0) {
            if (offsetBytes < file.sizeBytes()) {
                view(file, offsetBytes);
            }
            return;
        }
        MemorySegment into = MemorySegment.ofArray(new long[1 + random.nextInt(2 * PAGE / Long.BYTES)]);
        verify(into.asSlice(0, Math.max(file.read(into, offsetBytes), 0)), offsetBytes);
    }

    private void view(OpenFile file, long offsetBytes) throws IOException {
        try (FolioView view = file.view(offsetBytes)) {
            verify(view.bytes().asSlice(0, Math.min(view.bytes().byteSize(), 2 * PAGE)), offsetBytes);
        } catch (IndexOutOfBoundsException e) {
            // Cut off meanwhile.
            nrZeroes.increment();
        }
    }

    private void verify(MemorySegment bytes, long offsetBytes) {
        for (long at = 0; at < bytes.byteSize(); at++) {
            byte seen = bytes.get(ValueLayout.JAVA_BYTE, at);
            byte stamp = StampedPages.stampOf(offsetBytes + at);
            if (seen == 0) {
                nrZeroes.increment();
            } else if (seen != stamp) {
                throw new AssertionError("byte " + (offsetBytes + at) + ": " + seen + ", not " + stamp);
            }
        }
        nrWordsRead.add(bytes.byteSize() / Long.BYTES);
    }
}
