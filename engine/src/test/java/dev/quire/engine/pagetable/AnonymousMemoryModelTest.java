/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random system calls and accesses of a process in an engine with too little memory for it, against an array with one
 * element per page: what the page may be used for, and the stamp written to it.
 */
@SuppressWarnings("NullAway.Init")
class AnonymousMemoryModelTest extends WholeEngineTest {
    private static final int ROUNDS = 4000;
    private static final int NR_PAGES = 6 * 512;
    private static final long CAPACITY_BYTES = 4L << 20;
    private static final long BASE = (1L << 39) - (3L << 21);
    private static final int NO_ADVICE = 0;
    private static final int HUGE = 1;
    private static final int NO_HUGE = 2;

    /** One page of a region; immutable but for the stamp, 0 until it is written to. */
    private static final class Page {
        final Protection protection;
        final int advice;
        final long index;
        long stamp;

        Page(Protection protection, int advice, long index, long stamp) {
            this.protection = protection;
            this.advice = advice;
            this.index = index;
            this.stamp = stamp;
        }
    }

    private @Nullable Page[] model = new @Nullable Page[NR_PAGES];
    private SplittableRandom random;
    private Quire engine;
    private AnonymousMemory memory;
    private PageWalker walker;
    private long nextStamp = 1;
    private long nrRefused;

    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void everyPageShowsWhatWasWrittenToIt(SplitPolicies policy) {
        random = TestSeed.random("everyPageShowsWhatWasWrittenToIt " + policy);
        engine = open(Quire.builder().capacityBytes(CAPACITY_BYTES));
        memory = engine.newAnonymousMemory(policy, new LargeFolioOrders(1L << 9 | 1L << 4, 1L << 6 | 1L << 2));
        try (RcuReader reader = engine.newReader()) {
            walker = memory.tables().newWalker(reader);
            for (int round = 0; round < ROUNDS; round++) {
                step();
                assertEquals(nrRuns(), memory.nrRegions(), "regions");
                if (round % 50 == 0) {
                    compare();
                }
            }
            compare();
        }
        assertTrue(nrRefused > 0, "memory was never short");
        assertTrue(memory.nrShrinkerSplits() > 0, "nothing was split for lack of memory");
        memory.close();
    }

    private void step() {
        int start = random.nextInt(NR_PAGES);
        int end = start + 1 + random.nextInt(Math.min(random.nextInt(8) == 0 ? NR_PAGES : 200, NR_PAGES - start));
        switch (random.nextInt(16)) {
            case 0, 1 -> map(start, end);
            case 3 -> unmap(start, end);
            case 4 -> protect(start, end);
            case 5 -> drop(start, end, random.nextBoolean() ? Advice.DONT_NEED : Advice.FREE);
            case 6 -> adviseHuge(start, end);
            case 7 -> remap(start, end);
            case 8 -> memory.shrink();
            default -> write(start, end);
        }
    }

    private static long addressOf(int page) {
        return BASE + ((long) page << 12);
    }

    private static long bytes(int start, int end) {
        return (long) (end - start) << 12;
    }

    private void map(int start, int end) {
        Protection protection = random.nextInt(4) == 0 ? Protection.READ : Protection.READ_WRITE;
        assertEquals(Errno.OK, memory.map(addressOf(start), bytes(start, end), protection));
        for (int page = start; page < end; page++) {
            model[page] = new Page(protection, NO_ADVICE, addressOf(page) >>> 12, 0);
        }
    }

    private void unmap(int start, int end) {
        assertEquals(Errno.OK, memory.unmap(addressOf(start), bytes(start, end)));
        for (int page = start; page < end; page++) {
            model[page] = null;
        }
    }

    private boolean hasHole(int start, int end) {
        for (int page = start; page < end; page++) {
            if (model[page] == null) {
                return true;
            }
        }
        return false;
    }

    private void protect(int start, int end) {
        Protection protection = random.nextBoolean() ? Protection.READ : Protection.READ_WRITE;
        boolean hole = hasHole(start, end);
        int result = memory.protect(addressOf(start), bytes(start, end), protection);
        assertEquals(hole ? Errno.ENOMEM : Errno.OK, result);
        for (int page = start; page < end && !hole; page++) {
            Page before = pageAt(page);
            model[page] = new Page(protection, before.advice, before.index, before.stamp);
        }
    }

    private Page pageAt(int page) {
        Page there = model[page];
        if (there == null) {
            throw new AssertionError("no page in the model: " + page);
        }
        return there;
    }

    private void drop(int start, int end, Advice advice) {
        int expected = hasHole(start, end) ? Errno.ENOMEM : Errno.OK;
        assertEquals(expected, memory.advise(addressOf(start), bytes(start, end), advice));
        for (int page = start; page < end; page++) {
            if (model[page] != null) {
                pageAt(page).stamp = 0;
            }
        }
    }

    private void adviseHuge(int start, int end) {
        boolean wanted = random.nextBoolean();
        int expected = hasHole(start, end) ? Errno.ENOMEM : Errno.OK;
        Advice advice = wanted ? Advice.HUGE_PAGE : Advice.NO_HUGE_PAGE;
        assertEquals(expected, memory.advise(addressOf(start), bytes(start, end), advice));
        for (int page = start; page < end; page++) {
            if (model[page] != null) {
                Page before = pageAt(page);
                model[page] = new Page(before.protection, wanted ? HUGE : NO_HUGE, before.index, before.stamp);
            }
        }
    }

    private void remap(int oldStart, int oldEnd) {
        int newStart = random.nextInt(NR_PAGES);
        int newEnd = newStart + 1 + random.nextInt(Math.min(300, NR_PAGES - newStart));
        boolean overlap = newStart < oldEnd && oldStart < newEnd;
        int result = memory.remap(
                addressOf(oldStart), bytes(oldStart, oldEnd), addressOf(newStart), bytes(newStart, newEnd));
        if (!isOneRun(oldStart, oldEnd)) {
            assertEquals(Errno.EFAULT, result);
            return;
        }
        if (newStart == oldStart) {
            assertEquals(resizes(oldStart, oldEnd, newEnd) ? Errno.OK : Errno.ENOMEM, result);
        } else if (overlap) {
            assertEquals(Errno.EINVAL, result);
        } else if (result == Errno.ENOMEM) {
            // No memory for tables: what was at the new place is gone all the same.
            for (int page = newStart; page < newEnd; page++) {
                model[page] = null;
            }
        } else {
            assertEquals(Errno.OK, result);
            moveModel(oldStart, oldEnd, newStart, newEnd);
        }
    }

    private boolean resizes(int start, int oldEnd, int newEnd) {
        boolean grows = newEnd > oldEnd;
        if (grows && ((oldEnd < NR_PAGES && isOneRun(oldEnd - 1, oldEnd + 1)) || !isVacant(oldEnd, newEnd))) {
            return false;
        }
        Page last = pageAt(oldEnd - 1);
        for (int page = oldEnd; page < newEnd; page++) {
            model[page] = new Page(last.protection, last.advice, last.index + page - oldEnd + 1, 0);
        }
        for (int page = newEnd; page < oldEnd; page++) {
            model[page] = null;
        }
        return start < newEnd;
    }

    private boolean isVacant(int start, int end) {
        for (int page = start; page < end; page++) {
            if (model[page] != null) {
                return false;
            }
        }
        return true;
    }

    private void moveModel(int oldStart, int oldEnd, int newStart, int newEnd) {
        Page first = pageAt(oldStart);
        for (int page = newStart; page < newEnd; page++) {
            int from = oldStart + page - newStart;
            long stamp = from < oldEnd ? pageAt(from).stamp : 0;
            model[page] = new Page(first.protection, first.advice, first.index + page - newStart, stamp);
        }
        for (int page = oldStart; page < oldEnd; page++) {
            model[page] = null;
        }
    }

    private boolean isOneRun(int start, int end) {
        for (int page = start; page < end; page++) {
            if (model[page] == null || (page > start && !continues(page))) {
                return false;
            }
        }
        return true;
    }

    /** Whether a page belongs to the same region as the one before. */
    private boolean continues(int page) {
        Page lower = page == 0 ? null : model[page - 1];
        Page upper = model[page];
        return lower != null
                && upper != null
                && lower.protection == upper.protection
                && lower.advice == upper.advice
                && lower.index + 1 == upper.index;
    }

    private int nrRuns() {
        int nrRuns = 0;
        for (int page = 0; page < NR_PAGES; page++) {
            if (model[page] != null && !continues(page)) {
                nrRuns++;
            }
        }
        return nrRuns;
    }

    private void write(int start, int end) {
        for (int i = start; i < end; i++) {
            Page page = model[i];
            boolean allowed = page != null && page.protection == Protection.READ_WRITE;
            long refusedBefore = memory.nrFaultsRefused();
            long handle = walker.pinOrFault(addressOf(i), true, memory);
            if (handle == PageWalker.NOT_PINNED) {
                boolean refused = memory.nrFaultsRefused() > refusedBefore;
                assertTrue(!allowed || refused, "a page that may be written to was not there");
                nrRefused += refused ? 1 : 0;
                continue;
            }
            assertTrue(page != null && allowed, "a page that may not be written to was");
            long frame = engine.arena().frameOf(handle);
            assertEquals(page.stamp, NativeMemory.getLongOpaque(frame), "before it was written to: page=" + i);
            page.stamp = nextStamp++;
            NativeMemory.setLongOpaque(frame, page.stamp);
            walker.unpin(handle);
        }
    }

    private void compare() {
        for (int i = 0; i < NR_PAGES; i++) {
            Page page = model[i];
            long handle = walker.pin(addressOf(i), false);
            if (handle == PageWalker.NOT_PINNED) {
                assertTrue(page == null || page.stamp == 0, "the page is lost: page=" + i);
                continue;
            }
            assertNotEquals(null, page, "a page is where no region is");
            long frame = engine.arena().frameOf(handle);
            assertEquals(page == null ? -1 : page.stamp, NativeMemory.getLongOpaque(frame), "stamp: page=" + i);
            walker.unpin(handle);
        }
    }
}
