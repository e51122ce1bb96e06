/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a folio and everything around it before and after each attempt to split it, whoever makes it, a {@link
 * FolioSplitter} or a {@link FolioRestructurer}, with {@link FolioInvariants}. The first violation is kept for the
 * end of the test, since the caller of a split has locks to give back.
 *
 * <p>No attempt is left out, successful or not. Of each is checked, under {@link Scope#ALL}: of every piece references,
 * flags, mapping, index, private word, memory group, order, map counts and links on the LRU list; every count of the
 * engine, of the owner and of the memory group; and the leaves in page tables. Of every page of folios up to order 9,
 * and of samples of larger ones, as {@link FolioInvariants} says: its head, its entry in the index with marks, its slot
 * in the swap cache, its recorded owner, and after a failure all words of the page structs. What is far from the folio
 * is not looked at, but that counts cover it, and that nothing is left of it when the test ends ({@link
 * FoliosAtRest#checkNoneIsLeft}). Under {@link Scope#WHAT_THE_CALLER_HOLDS}: of the piece that the caller has locked
 * order, lock, index, references, alignment, and its pages' heads.
 */
public final class SplitWatch implements SplitObserver {
    /** What can be looked at. */
    public enum Scope {
        /** Everything: the test does nothing beside its splits. */
        ALL,
        /** What nobody but the caller may change: the folio that it has locked. Others use folios all the while. */
        WHAT_THE_CALLER_HOLDS,
        /** Nothing: the test does so itself, or measures. */
        NOTHING
    }

    /** Page of the piece that is locked if none is. */
    private static final long NOWHERE = -1;

    private final Supplier<Scope> scope;
    private final @Nullable SplitObserver next;
    private final Map<Thread, Attempt> attempts = new ConcurrentHashMap<>();
    private final AtomicLong nrChecked = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> violation = new AtomicReference<>();
    private volatile @Nullable FolioSplitter splitter;

    /** An attempt under way, with all there is to compare it with, unless others change that. */
    private record Attempt(long folio, long index, @Nullable FolioInvariants invariants) {}

    /**
     * Makes a watch.
     *
     * @param scope asked before each attempt
     * @param next told of every split after the watch has looked at it, or null
     */
    public SplitWatch(Supplier<Scope> scope, @Nullable SplitObserver next) {
        this.scope = scope;
        this.next = next;
    }

    /**
     * Begins to watch.
     *
     * @param newSplitter the splitter that this observes
     */
    public void watch(FolioSplitter newSplitter) {
        splitter = newSplitter;
    }

    /** Attempts that were looked at. */
    public long nrChecked() {
        return nrChecked.get();
    }

    /** Fails if any attempt has left anything as it must not be. */
    public void requireNoViolation() {
        Throwable first = violation.get();
        if (first != null) {
            throw new AssertionError("after a split attempt: " + first.getMessage(), first);
        }
    }

    @Override
    public void begin(long folio) {
        // The last attempt may have had no end: the policy left the folio whole.
        attempts.remove(Thread.currentThread());
        FolioSplitter watched = splitter;
        Scope now = scope.get();
        if (watched != null && now != Scope.NOTHING) {
            keepViolation(() -> {
                FolioInvariants invariants = now == Scope.ALL ? new FolioInvariants(watched.context(), folio) : null;
                attempts.put(Thread.currentThread(), new Attempt(folio, PageStruct.index(folio), invariants));
            });
        }
        if (next != null) {
            next.begin(folio);
        }
    }

    @Override
    public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        Attempt attempt = attempts.remove(Thread.currentThread());
        FolioSplitter watched = splitter;
        if (attempt != null && watched != null) {
            nrChecked.incrementAndGet();
            keepViolation(() -> check(attempt, watched, order, result));
        }
        if (next != null) {
            next.split(order, nrPieces, result, nanos, frozenNanos);
        }
    }

    private void keepViolation(Runnable check) {
        try {
            check.run();
        } catch (AssertionError | RuntimeException found) {
            violation.compareAndSet(null, found);
        }
    }

    private static void check(Attempt attempt, FolioSplitter splitter, int order, int result) {
        FolioSplit split = splitter.splitOfThread();
        assertEquals(attempt.folio, split.folio, "folio of the split");
        int[] orders = result == Errno.OK ? ordersOf(split.plan) : new int[] {order};
        if (split.nrCallerReferences == 0) {
            // Part of a restructuring: nobody has the folio, and no piece is locked.
            if (attempt.invariants != null) {
                attempt.invariants.stayFrozen(split::staysFrozen);
                attempt.invariants.afterSplit(orders, NOWHERE, 0);
            }
            return;
        }
        long lockAt = result == Errno.OK ? (split.lockAt - split.folio) / PageStruct.BYTES : 0;
        checkHeld(attempt, splitter.context(), orders, lockAt);
        if (attempt.invariants != null && result == Errno.OK) {
            attempt.invariants.afterSplit(orders, lockAt, split.keep || split.list != null ? 1 : 0);
        } else if (attempt.invariants != null) {
            attempt.invariants.afterFailedSplit();
        }
    }

    private static int[] ordersOf(SplitPlan plan) {
        int[] orders = new int[Math.toIntExact(plan.nrPieces())];
        int piece = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            for (long count = plan.runCount(run); count > 0; count--) {
                orders[piece++] = plan.runOrder(run);
            }
        }
        return orders;
    }

    /** The folio that the caller has locked cannot be split, merged, freed or moved by anybody else. */
    private static void checkHeld(Attempt attempt, FolioContext context, int[] orders, long lockAt) {
        long offset = 0;
        int piece = 0;
        while (offset + Geometry.pagesIn(orders[piece]) <= lockAt) {
            offset += Geometry.pagesIn(orders[piece]);
            piece++;
        }
        long head = attempt.folio + offset * PageStruct.BYTES;
        String where = "locked piece at page " + offset + " of order " + orders[piece];
        assertEquals(orders[piece], FolioStruct.order(head), () -> where + ": order");
        assertTrue(PageFlag.LOCKED.isSet(PageStruct.flagsAcquire(head)), () -> where + ": locked");
        assertEquals(attempt.index + offset, PageStruct.index(head), () -> where + ": index");
        assertTrue(References.count(head) > 0, () -> where + ": references, the caller's among them");
        FoliosAtRest.checkBlock(context, head, orders[piece], () -> where);
    }
}
