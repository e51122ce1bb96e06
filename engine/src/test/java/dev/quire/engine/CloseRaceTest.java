/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.mapping.Readahead;
import dev.quire.engine.rcu.RcuReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.RepeatedTest;

/** Calls that race with close either finish or throw {@link IllegalStateException}; the JVM survives. */
class CloseRaceTest {
    @RepeatedTest(20)
    void callsThatRaceWithCloseThrow() throws InterruptedException {
        Quire engine = Quire.builder().capacityBytes(1L << 28).open();
        AddressSpace space = engine.newAddressSpace();
        space.extend(1L << 20);
        AtomicReference<Throwable> unexpected = new AtomicReference<>();
        AtomicInteger refused = new AtomicInteger();
        CountDownLatch running = new CountDownLatch(3);
        Thread reader = new Thread(() -> untilRefused(running, refused, unexpected, readRepeatedly(engine, space)));
        Thread writer = new Thread(() -> untilRefused(running, refused, unexpected, () -> {
            space.populate(0, 256, 4);
            space.punchHole(4096 * 3, 4096 * 9, SplitPolicies.RANGE);
            space.truncate(0, SplitPolicies.NON_UNIFORM);
            space.extend(1L << 20);
        }));
        Readahead readahead = new Readahead(space, 4);
        Thread readingAhead = new Thread(() -> untilRefused(running, refused, unexpected, () -> {
            readahead.read(0, 1);
            space.endIndex();
        }));
        reader.start();
        writer.start();
        readingAhead.start();
        running.await();
        engine.close();
        reader.join();
        writer.join();
        readingAhead.join();
        assertNull(unexpected.get());
        assertEquals(3, refused.get());
        assertTrue(engine.isClosed());
    }

    private static Runnable readRepeatedly(Quire engine, AddressSpace space) {
        RcuReader handle = engine.newReader();
        FolioLookup lookup = space.newLookup(handle);
        return () -> {
            for (int page = 0; page < 256; page++) {
                long folio = lookup.pin(page);
                if (folio != 0) {
                    engine.folios().unpin(folio);
                }
            }
        };
    }

    private static void untilRefused(
            CountDownLatch running, AtomicInteger refused, AtomicReference<Throwable> unexpected, Runnable calls) {
        try {
            calls.run();
            running.countDown();
            while (true) {
                calls.run();
            }
        } catch (IllegalStateException closed) {
            refused.incrementAndGet();
        } catch (Throwable thrown) {
            unexpected.set(thrown);
        } finally {
            running.countDown();
        }
    }
}
