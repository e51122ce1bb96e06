/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A sibling is never stored a second time into a slot: whoever finds it again knows that it was there in between. */
class XaSiblingStampTest extends XArrayCatalogue {
    private static final int NR_OPERATIONS = 20_000;
    private static final int INDEX_BITS = 13;

    private Map<Long, Long> siblingBySlotAddress = new HashMap<>();
    private long newestStamp;
    private int nrStored;
    private int nrSplit;

    @Test
    void siblingsThatAreStoredAreNewerThanAllBefore() {
        SplittableRandom random = TestSeed.random("siblingsThatAreStoredAreNewerThanAllBefore");
        for (int nrDone = 0; nrDone < NR_OPERATIONS; nrDone++) {
            String operation = doAny(random);
            long newestBefore = newestStamp;
            Map<Long, Long> before = siblingBySlotAddress;
            siblingBySlotAddress = new HashMap<>();
            if (XaEntry.isNode(head())) {
                look(XaEntry.nodeAddress(head()), XaEntry.nodeShift(head()), before, newestBefore, operation);
            }
        }
        assertTrue(nrStored > NR_OPERATIONS, "siblings stored: " + nrStored);
        assertTrue(nrSplit > NR_OPERATIONS / 100, "entries split: " + nrSplit);
    }

    private void look(long node, int shift, Map<Long, Long> before, long newestBefore, String operation) {
        for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
            long word = XaNodeStruct.slot(node, slot);
            if (XaEntry.isNode(word)) {
                look(XaEntry.nodeAddress(word), shift - XaWalk.LEVEL_BITS, before, newestBefore, operation);
            } else if (XaEntry.isSibling(word)) {
                long slotAddress = XaNodeStruct.slotAddress(node, slot);
                siblingBySlotAddress.put(slotAddress, word);
                if (before.getOrDefault(slotAddress, 0L) != word) {
                    long stamp = XaEntry.siblingStamp(word);
                    assertTrue(stamp > newestBefore, () -> operation + ": " + stamp + " after " + newestBefore);
                    newestStamp = Math.max(newestStamp, stamp);
                    nrStored++;
                }
            }
        }
    }

    private String doAny(SplittableRandom random) {
        long index = random.nextLong(1L << INDEX_BITS);
        long word = pointer(1 + random.nextInt(3));
        return switch (random.nextInt(5)) {
            case 0 -> {
                array.erase(index);
                yield "erase " + index;
            }
            case 1 -> {
                long last = Math.min((1L << INDEX_BITS) - 1, index + random.nextLong(300));
                assertEquals(0, array.storeRange(index, last, word));
                yield "store " + index + " to " + last;
            }
            case 2 -> splitAny(random, index);
            default -> {
                int order = random.nextInt(INDEX_BITS);
                array.storeOrder(index >>> order << order, order, word);
                yield "store " + index + " of order " + order;
            }
        };
    }

    /** What a range store has left is no power of two of slots, or begins inside another: it is refused. */
    private String splitAny(SplittableRandom random, long index) {
        int order = getOrder(index);
        long entry = load(index);
        long first = index >>> order << order;
        if (entry != 0) {
            SplitPlan plan = RandomPlan.any(random, order);
            int result = split(first, plan, entry, pointer(1), 0);
            assertTrue(result == Errno.OK || result == Errno.EINVAL, () -> Errno.name(result));
            nrSplit += result == Errno.OK ? 1 : 0;
        }
        return "split " + first + " of order " + order;
    }

    /** The words are those from before, and the slots too: only the stamp tells that the entry was gone meanwhile. */
    @Test
    void anEntryThatWentAndCameBackHasOtherSiblings() {
        storeOrder(4, 2, pointer(1));
        storeIndex(63);
        long node = nodeAt(4);
        long sibling = XaNodeStruct.slot(node, 6);
        assertEquals(pointer(1), XaWalk.loadCanonical(node, 6, sibling));
        assertEquals(0, split(4, SplitPlan.uniform(2, 0), pointer(1), pointer(2), 0));
        assertEquals(XaEntry.RETRY, XaWalk.loadCanonical(node, 6, sibling));
        storeOrder(4, 2, pointer(2));
        assertNotEquals(sibling, XaNodeStruct.slot(node, 6));
        assertEquals(XaEntry.RETRY, XaWalk.loadCanonical(node, 6, sibling));
        assertEquals(pointer(2), XaWalk.loadCanonical(node, 6, XaNodeStruct.slot(node, 6)));
    }
}
