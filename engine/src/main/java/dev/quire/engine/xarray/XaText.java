/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Prints arrays for people and for comparison. Stateless; the array must be quiescent, or locked by the caller.
 *
 * <pre>
 *  T flags=4 marks=100 head=N
 *  N base=0x0 shift=6 off=- count=2 values=0 m0=3 m1=0 m2=0 : 0:N 1:p7f40
 *  N base=0x0 shift=0 off=0 count=64 values=64 m0=1 m1=0 m2=0 : 0:v5 1-63:s0
 * </pre>
 */
public final class XaText {
    private XaText() {}

    /**
     * Prints the anchor on a line {@code T} and each node on a line {@code N}, depth first, in the order of their
     * slots, each ended by a newline. Equal neighbouring slots are drawn together.
     *
     * @param array the array
     * @return the text
     * @throws IllegalStateException if the array or the engine is closed
     */
    public static String tree(XArray array) {
        // Guards against the engine's close, not against changes.
        array.pool().lifetime().enter();
        try {
            return treeOf(array.openAnchor());
        } finally {
            array.pool().lifetime().exit();
        }
    }

    private static String treeOf(long anchor) {
        long head = XArrayStruct.head(anchor);
        StringBuilder text = new StringBuilder("T flags=")
                .append(Integer.toHexString(XaFlags.kindAndState(anchor)))
                .append(" marks=");
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            text.append(XaFlags.isMarked(anchor, mark) ? '1' : '0');
        }
        text.append(" head=").append(XaEntry.toText(head)).append('\n');
        if (XaEntry.isNode(head)) {
            appendNode(text, head, 0, "-");
        }
        return text.toString();
    }

    private static void appendNode(StringBuilder text, long nodeWord, long base, String slotInParent) {
        long node = XaEntry.nodeAddress(nodeWord);
        int shift = XaNodeStruct.shift(node);
        text.append("N base=0x").append(Long.toHexString(base));
        text.append(" shift=").append(shift).append(" off=").append(slotInParent);
        text.append(" count=").append(XaNodeStruct.count(node));
        text.append(" values=").append(XaNodeStruct.nrValues(node));
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            text.append(" m").append(mark).append('=').append(Long.toHexString(XaNodeStruct.marksOpaque(node, mark)));
        }
        text.append(" :");
        appendSlots(text, node);
        text.append('\n');
        for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
            long word = XaNodeStruct.slot(node, slot);
            if (XaEntry.isNode(word)) {
                appendNode(text, word, base + ((long) slot << shift), Integer.toString(slot));
            }
        }
    }

    private static void appendSlots(StringBuilder text, long node) {
        int slot = 0;
        while (slot < XaWalk.NR_SLOTS) {
            long word = XaNodeStruct.slot(node, slot);
            int end = slot + 1;
            while (end < XaWalk.NR_SLOTS && isAlike(XaNodeStruct.slot(node, end), word)) {
                end++;
            }
            if (word != XaEntry.EMPTY) {
                text.append(' ').append(slot).append(end - slot > 1 ? "-" + (end - 1) : "");
                text.append(':').append(XaEntry.toText(word));
            }
            slot = end;
        }
    }

    /** Whether two slots say the same: siblings of a slot do, whenever they were stored, but no two nodes do. */
    private static boolean isAlike(long word, long other) {
        boolean areSiblings = XaEntry.isSibling(word) && XaEntry.isSiblingOf(other, XaEntry.siblingSlot(word));
        return areSiblings || (word == other && !XaEntry.isNode(word));
    }
}
