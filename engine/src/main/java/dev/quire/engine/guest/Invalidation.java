/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

/**
 * Which pages of guest memory are being converted or dropped, and how often that has begun, changed or ended so far:
 * the range and the sequence number that KVM keeps beside each other (mmu_invalidate_seq, mmu_invalidate_range_start,
 * _end), as one value, so that nobody sees the one without the other.
 *
 * @param sequence another for each that is published
 * @param startIndex first page
 * @param endIndex page after the range; {@code startIndex} if nothing is under way
 */
record Invalidation(long sequence, long startIndex, long endIndex) {
    static final Invalidation NONE = new Invalidation(0, 0, 0);

    Invalidation next(long nextStartIndex, long nextEndIndex) {
        return new Invalidation(sequence + 1, nextStartIndex, nextEndIndex);
    }

    boolean isUnderWay() {
        return startIndex < endIndex;
    }

    boolean covers(long index) {
        return index >= startIndex && index < endIndex;
    }

    boolean overlaps(long otherStartIndex, long otherEndIndex) {
        return otherStartIndex < endIndex && startIndex < otherEndIndex;
    }
}
