/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.Objects;

/**
 * Looks many indices up at once. All lookups of a group take one step down the tree before any takes the next, so that
 * their cache misses overlap: where single lookups of cold entries wait for memory once per level and index, a group
 * waits about once per level.
 *
 * <p>Lock-free like {@link XArray#load}, and with the same result for each index; the results of several indices are no
 * snapshot. Allocates nothing. Stateless.
 */
public final class XaBatch {
    /**
     * Lookups that are in flight together: more than the processor can have misses, few enough to stay in its cache.
     */
    private static final int GROUP = 32;

    private XaBatch() {}

    /**
     * Looks indices up.
     *
     * @param array the array
     * @param reader the caller's reader, in a read section
     * @param indices the indices, from element 0
     * @param entries gets the entry of each index, 0 for none or a reservation; another array than that of the indices
     * @param nrIndices how many, 0 to the length of both
     * @throws IllegalArgumentException if the reader is of another engine, or both arrays are one
     * @throws IllegalStateException if it is in no section
     * @throws IndexOutOfBoundsException if one of them is shorter; then nothing has changed
     */
    public static void load(XArray array, RcuReader reader, long[] indices, long[] entries, int nrIndices) {
        Objects.checkFromIndexSize(0, nrIndices, indices.length);
        Objects.checkFromIndexSize(0, nrIndices, entries.length);
        requireTwo(indices, entries, nrIndices);
        long anchor = array.anchorFor(reader);
        for (int first = 0; first < nrIndices; first += GROUP) {
            loadGroup(anchor, indices, entries, first, Math.min(first + GROUP, nrIndices));
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private static void requireTwo(long[] indices, long[] entries, int nrIndices) {
        if (indices == entries) {
            throw new IllegalArgumentException("entries are the indices: nrIndices=" + nrIndices);
        }
    }

    /** Keeps in {@code entries} the word each lookup has come to: while that is a node, it has further to go. */
    private static void loadGroup(long anchor, long[] indices, long[] entries, int first, int end) {
        // Acquire, here and below: as in XaWalk.
        long head = XArrayStruct.headAcquire(anchor);
        if (!XaEntry.isNode(head)) {
            for (int i = first; i < end; i++) {
                entries[i] = indices[i] == 0 ? XaEntry.visible(head) : XaEntry.EMPTY;
            }
            return;
        }
        int top = XaEntry.nodeShift(head);
        for (int i = first; i < end; i++) {
            entries[i] = XaWalk.covers(top, indices[i]) ? head : XaEntry.EMPTY;
        }
        for (int shift = top; shift >= 0; shift -= XaWalk.LEVEL_BITS) {
            for (int i = first; i < end; i++) {
                if (XaEntry.isNode(entries[i])) {
                    entries[i] = step(XaEntry.nodeAddress(entries[i]), shift, indices[i]);
                }
            }
        }
        for (int i = first; i < end; i++) {
            if (XaEntry.isInternal(entries[i])) {
                entries[i] = entries[i] == XaEntry.RETRY
                        ? XaEntry.visible(XaWalk.load(anchor, indices[i]))
                        : XaEntry.visible(entries[i]);
            }
        }
    }

    private static long step(long node, int shift, long index) {
        int slot = XaWalk.slotOf(index, shift);
        long word = XaNodeStruct.slotAcquire(node, slot);
        return XaEntry.isSibling(word) ? XaWalk.loadCanonical(node, slot, word) : word;
    }
}
