/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageStruct;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random calls against an array with the state and the bytes of each page; the checker runs after every call. */
class GuestMemoryModelTest extends GuestTest {
    private static final int NR_HUGE_PAGES = 4;
    private static final int NR_PAGES = NR_HUGE_PAGES * (int) HUGE;
    private static final int ROUNDS = 1500;
    private static final long ABSENT = -1;

    private final boolean[] shared = new boolean[NR_PAGES];
    private final long[] stamps = new long[NR_PAGES];
    private long nextStamp = 1;

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void behavesAsPagesThatAreConvertedOneByOne(GuestSplitPolicy policy) {
        SplittableRandom random = TestSeed.random("behavesAsPagesThatAreConvertedOneByOne " + policy);
        open(policy, NR_HUGE_PAGES);
        java.util.Arrays.fill(stamps, ABSENT);
        for (int round = 0; round < ROUNDS; round++) {
            step(random);
            check();
            if (round % 20 == 0) {
                compare();
            }
        }
        compare();
    }

    private void step(SplittableRandom random) {
        int start = random.nextInt(NR_PAGES);
        int end = start + 1 + random.nextInt(Math.min(NR_PAGES - start, 1 << random.nextInt(12)));
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> convert(start, end, true, random);
            case 3, 4, 5 -> convert(start, end, false, random);
            case 6 -> punch(start, end);
            case 7 -> allocate(start, end);
            default -> fault(start, random);
        }
    }

    /** Sometimes with a page held, or without memory: then nothing may change. */
    private void convert(int start, int end, boolean toShared, SplittableRandom random) {
        long held = 0;
        int heldIndex = random.nextInt(NR_PAGES);
        int obstacle = random.nextInt(4);
        if (obstacle == 0 && stamps[heldIndex] != ABSENT) {
            held = shared[heldIndex] ? pinShared(heldIndex) : pinPrivate(heldIndex);
        } else if (obstacle == 1) {
            failures.failAfter(random.nextInt(12));
        }
        String before = attributes();
        ConversionResult result = toShared ? toShared(start, end - start) : toPrivate(start, end - start);
        failures.stop();
        if (held != 0) {
            unpin(held);
        }
        if (result.isOk()) {
            java.util.Arrays.fill(shared, start, end, toShared);
        } else {
            assertEquals(before, attributes(), TestSeed.asOption());
            assertEquals(obstacle == 0 ? Errno.EAGAIN : Errno.ENOMEM, result.error(), TestSeed.asOption());
        }
    }

    private void punch(int start, int end) {
        assertEquals(ConversionResult.OK, guest.punchHole(start * PAGE, (end - start) * PAGE));
        for (int index = start; index < end; index++) {
            int huge = index / (int) HUGE * (int) HUGE;
            boolean dropped = huge >= start && huge + HUGE <= end;
            stamps[index] = dropped || stamps[index] == ABSENT ? ABSENT : 0;
        }
    }

    private void allocate(int start, int end) {
        assertEquals(Errno.OK, guest.allocate(start * PAGE, (end - start) * PAGE));
        for (int huge = start / (int) HUGE; huge < end / (int) HUGE; huge++) {
            populated(huge * (int) HUGE);
        }
    }

    private void populated(int huge) {
        if (stamps[huge] == ABSENT) {
            java.util.Arrays.fill(stamps, huge, huge + (int) HUGE, 0);
        }
    }

    private void fault(int index, SplittableRandom random) {
        boolean asShared = random.nextBoolean();
        long folio = asShared ? access.hostFault(index) : access.guestFault(index, true);
        if (asShared != shared[index]) {
            assertEquals(Errno.EACCES, folio, TestSeed.asOption());
            return;
        }
        populated(index / (int) HUGE * (int) HUGE);
        assertEquals(page(index), folio + (index - PageStruct.index(folio)) * PageStruct.BYTES, TestSeed.asOption());
        stamps[index] = nextStamp++;
        stamp(index, stamps[index]);
        unpin(folio);
    }

    private void compare() {
        long nrPresent = 0;
        for (int index = 0; index < NR_PAGES; index++) {
            assertEquals(shared[index], guest.isShared(index), "page " + index + " " + TestSeed.asOption());
            long seen = page(index) == 0 ? ABSENT : stampAt(index);
            assertEquals(stamps[index], seen, "page " + index + " " + TestSeed.asOption());
            nrPresent += seen == ABSENT ? 0 : 1;
        }
        assertEquals(nrPresent, guest.nrPages(), TestSeed.asOption());
    }
}
