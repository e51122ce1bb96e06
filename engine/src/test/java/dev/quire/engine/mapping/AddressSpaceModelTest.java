/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random calls on an address space against an array of stamps, one per page; every page carries its stamp in its frame.
 */
@SuppressWarnings("NullAway.Init")
class AddressSpaceModelTest extends WholeEngineTest {
    private static final int NR_PAGES = 4096;
    private static final int ROUNDS = 3000;
    private static final long ABSENT = -1;

    private final long[] stamps = new long[NR_PAGES];
    private Quire engine;
    private AddressSpace space;
    private FolioLookup lookup;
    private long sizeBytes;
    private long nextStamp = 1;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void behavesAsPagesThatComeAndGoOneByOne(HeadMapKind headMap) {
        SplittableRandom random = TestSeed.random("behavesAsPagesThatComeAndGoOneByOne");
        engine = open(headMap);
        space = engine.newAddressSpace(random.nextInt(3));
        java.util.Arrays.fill(stamps, ABSENT);
        try (RcuReader reader = engine.newReader()) {
            lookup = space.newLookup(reader);
            for (int round = 0; round < ROUNDS; round++) {
                step(random);
                if (round % 50 == 0) {
                    compare();
                    checkFolios(engine, space);
                }
            }
            compare();
        }
        space.close();
    }

    private void step(SplittableRandom random) {
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(3)];
        int start = random.nextInt(NR_PAGES);
        int length = 1 + random.nextInt(Math.min(NR_PAGES - start, 1 << random.nextInt(13)));
        switch (random.nextInt(4)) {
            case 0, 1 -> populate(start, length, random.nextInt(12));
            case 2 -> punch(start * 4096L + random.nextInt(4096), length * 4096L - random.nextInt(4096), policy);
            default -> truncate(random.nextLong(NR_PAGES * 4096L), policy);
        }
    }

    private void populate(int start, int length, int maximumOrder) {
        int alignment = 1 << space.minimumOrder();
        int end = Math.min((start + length + alignment - 1) / alignment * alignment, NR_PAGES);
        int first = start / alignment * alignment;
        if (end * 4096L > sizeBytes) {
            sizeBytes = end * 4096L;
            space.extend(sizeBytes);
        }
        assertEquals(Errno.OK, space.populate(first, end - first, maximumOrder));
        for (int page = first; page < end; page++) {
            if (stamps[page] == ABSENT) {
                stamps[page] = nextStamp++;
                stamp(page, stamps[page]);
            }
        }
    }

    private void punch(long offsetBytes, long lengthBytes, SplitPolicies policy) {
        space.punchHole(offsetBytes, lengthBytes, policy);
        remove(offsetBytes, offsetBytes + lengthBytes);
    }

    private void truncate(long newSizeBytes, SplitPolicies policy) {
        space.truncate(newSizeBytes, policy);
        if (newSizeBytes < sizeBytes) {
            remove(newSizeBytes, Long.MAX_VALUE);
        }
        sizeBytes = newSizeBytes;
    }

    /** Drops the aligned groups of minimum-order pages that are covered, and zeroes the stamps of others if covered. */
    private void remove(long startBytes, long endBytes) {
        int group = 1 << space.minimumOrder();
        for (int first = 0; first < NR_PAGES; first += group) {
            boolean covered = startBytes <= first * 4096L && (first + group) * 4096L <= endBytes;
            for (int page = first; page < first + group; page++) {
                long stampStart = page * 4096L;
                if (covered) {
                    stamps[page] = ABSENT;
                } else if (stamps[page] != ABSENT && startBytes < stampStart + 8 && stampStart < endBytes) {
                    stamps[page] = partlyZeroed(stamps[page], startBytes - stampStart, endBytes - stampStart);
                }
            }
        }
    }

    /** The stamp (little-endian) with its bytes from {@code from} to {@code to} zeroed. */
    private static long partlyZeroed(long stamp, long from, long to) {
        long result = stamp;
        for (int at = 0; at < 8; at++) {
            if (at >= from && at < to) {
                result &= ~(0xffL << (8 * at));
            }
        }
        return result;
    }

    private void compare() {
        long nrPresent = 0;
        for (int page = 0; page < NR_PAGES; page++) {
            long folio = lookup.pin(page);
            long seen = folio == 0 ? ABSENT : stampOf(folio, page);
            assertEquals(stamps[page], seen, "page " + page + " " + TestSeed.asOption());
            if (folio != 0) {
                nrPresent++;
                engine.folios().unpin(folio);
            }
        }
        assertEquals(nrPresent, space.nrPages(), TestSeed.asOption());
    }

    private void stamp(int page, long stamp) {
        long folio = lookup.pin(page);
        engine.folios().bytes(folio).set(JAVA_LONG, (page - PageStruct.index(folio)) * 4096, stamp);
        engine.folios().unpin(folio);
    }

    private long stampOf(long folio, int page) {
        return engine.folios().bytes(folio).get(JAVA_LONG, (page - PageStruct.index(folio)) * 4096);
    }
}
