/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What needs more pages at a time than there are is refused, and not tried for ever with pages that each step takes
 * from the one before.
 */
@SuppressWarnings("NullAway.Init")
class ScarceMemoryTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final long BASE = 1L << 40;
    private static final long DEADLINE_SECONDS = 20;

    private final Deque<Long> held = new ArrayDeque<>();
    private Quire engine;

    @BeforeEach
    void openEngine() {
        engine = open(Quire.builder().capacityBytes(2 << 20).pageCacheOrder(0));
    }

    /** Takes all memory but some pages. */
    private void leaveFree(int nrPages) {
        for (long folio = engine.folios().allocate(0);
                folio != 0;
                folio = engine.folios().allocate(0)) {
            held.add(folio);
        }
        for (int page = 0; page < nrPages; page++) {
            engine.folios().unpin(held.remove());
        }
    }

    private void giveBackAll() {
        for (Long folio = held.poll(); folio != null; folio = held.poll()) {
            engine.folios().unpin(folio);
        }
    }

    /** Something that may go on for ever; it has all of memory once it has lasted too long. */
    @FunctionalInterface
    private interface Attempt {
        int run() throws IOException;
    }

    private int inTime(Attempt attempt) throws InterruptedException, ExecutionException {
        FutureTask<Integer> result = new FutureTask<>(attempt::run);
        Thread.ofPlatform().start(result);
        try {
            return result.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            giveBackAll();
            result.get();
            return fail("it does not end without more memory");
        }
    }

    /** The page itself is all that there is to take for its page tables. */
    @Test
    void aFaultDoesNotTakeItsOwnPageForPageTables() throws Exception {
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader);
                PageTables tables = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, 1, 0)) {
            leaveFree(2);
            assertEquals(Errno.ENOMEM, inTime(() -> mapping.faultIn(BASE, false)));
            giveBackAll();
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
        }
    }
}
