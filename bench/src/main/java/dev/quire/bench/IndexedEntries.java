/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;

/**
 * Entries to be looked up and the order in which to do it, the same for every structure that is measured.
 *
 * <p>Entry {@code i} covers {@code 2^order} indices and holds an index in another entry, its successor. From each entry
 * the successors lead through all the others and back (Sattolo, 1986), so that a chain of lookups, each of which needs
 * the result of the last one, visits all of them at random. Indices for independent lookups are uniformly distributed
 * over all that is covered, in arrays whose length is a power of two.
 */
final class IndexedEntries {
    private static final long SEED = 0x5eed;
    private static final int MIN_POSITIONS = 1 << 12;
    private static final int MAX_POSITIONS = 1 << 24;

    private final int order;
    private final int[] successors;
    private final int[] sequential;
    private final int[] random;

    /**
     * Makes entries.
     *
     * @param description number of entries and order of each, as {@code 1000000x9}
     */
    IndexedEntries(String description) {
        String[] parts = description.split("x", 2);
        int nrEntries = Integer.parseInt(parts[0]);
        order = Integer.parseInt(parts[1]);
        if (nrEntries < 2 || (long) nrEntries << order > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("entries out of range: entries=" + description);
        }
        SplittableRandom generator = new SplittableRandom(SEED);
        successors = cycle(nrEntries, generator);
        for (int i = 0; i < nrEntries; i++) {
            successors[i] = (successors[i] << order) + generator.nextInt(1 << order);
        }
        int nrPositions = Math.clamp(Integer.highestOneBit(nrEntries - 1) << 1, MIN_POSITIONS, MAX_POSITIONS);
        sequential = new int[nrPositions];
        random = new int[nrPositions];
        for (int i = 0; i < nrPositions; i++) {
            sequential[i] = i % nrEntries << order;
            random[i] = generator.nextInt(nrEntries << order);
        }
    }

    /** A random permutation that is one cycle. */
    private static int[] cycle(int length, SplittableRandom generator) {
        int[] permutation = new int[length];
        for (int i = 1; i < length; i++) {
            int other = generator.nextInt(i);
            permutation[i] = permutation[other];
            permutation[other] = i;
        }
        return permutation;
    }

    int nrEntries() {
        return successors.length;
    }

    /** Log2 of the indices that an entry covers. */
    int order() {
        return order;
    }

    /** First index of an entry. */
    int indexOf(int entry) {
        return entry << order;
    }

    /** What an entry holds. */
    int successorOf(int entry) {
        return successors[entry];
    }

    /** What the entry that covers an index holds. */
    int successorAt(int index) {
        return successors[index >>> order];
    }

    /** All entries, each once, in the order of their indices or in that of the chain. */
    int[] everyEntry(boolean chained) {
        int[] entries = new int[nrEntries()];
        for (int i = 1; i < entries.length; i++) {
            entries[i] = chained ? successors[entries[i - 1]] >>> order : i;
        }
        return entries;
    }

    /** First indices of the entries in their order, again from the start after the last one. */
    int[] sequential() {
        return sequential;
    }

    /** Random indices. */
    int[] random() {
        return random;
    }

    /**
     * Fails if a structure does not hold these entries.
     *
     * @param lookup gives what the structure has at an index
     */
    void check(LongUnaryOperator lookup) {
        for (int index : random) {
            check(lookup, index);
        }
        for (int entry = 0; entry < nrEntries(); entry++) {
            check(lookup, indexOf(entry));
        }
    }

    private void check(LongUnaryOperator lookup, int index) {
        long found = lookup.applyAsLong(index);
        if (found != successorAt(index)) {
            throw new IllegalStateException(
                    "wrong entry: index=" + index + ", found=" + found + ", expected=" + successorAt(index));
        }
    }
}
