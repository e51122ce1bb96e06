/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damages one field of a sound tree at a time; the checker must find it and name the field. */
class XaCheckerTest extends XArrayCatalogue {
    /** Does damage to a tree: the top has shift 6, a leaf in slot 1, and in slots 4 to 7 a value of order 8. */
    interface Damage {
        void to(long top, long leaf);
    }

    record Damaged(String field, Damage damage) {
        @Override
        public String toString() {
            return field;
        }
    }

    static Stream<Damaged> damages() {
        return Stream.of(
                new Damaged("array=", (top, leaf) -> XaNodeStruct.array(leaf, 1)),
                new Damaged("parent=", (top, leaf) -> XaNodeStruct.parentOpaque(leaf, leaf)),
                new Damaged("offset=", (top, leaf) -> XaNodeStruct.header(leaf, 0, 2, 2, 1)),
                new Damaged("shift=", (top, leaf) -> XaNodeStruct.header(leaf, 6, 1, 2, 1)),
                new Damaged("shift=", (top, leaf) -> XaNodeStruct.slot(top, 1, XaEntry.node(leaf, 6))),
                new Damaged("shift=", (top, leaf) -> raise(top, leaf)),
                new Damaged("count=", (top, leaf) -> XaNodeStruct.changeCounts(leaf, 1, 0)),
                new Damaged("nr_values=", (top, leaf) -> XaNodeStruct.changeCounts(top, 0, -1)),
                new Damaged("count=0", (top, leaf) -> empty(leaf)),
                new Damaged("slot 3=R", (top, leaf) -> XaNodeStruct.slot(leaf, 3, XaEntry.RETRY)),
                new Damaged("slot 3=N", (top, leaf) -> XaNodeStruct.slot(leaf, 3, XaEntry.node(top, 6))),
                new Damaged("slot 5=s5", (top, leaf) -> XaNodeStruct.slot(top, 5, XaEntry.sibling(5, 1))),
                new Damaged("slot 7=s4", (top, leaf) -> replaceBySingle(top, 6)),
                new Damaged("slot 2=s1", (top, leaf) -> followNode(top)),
                new Damaged("mark 1 of slot 5=", (top, leaf) -> XaNodeStruct.marksOpaque(top, 1, 1 << 5 | 1 << 4)),
                new Damaged("mark 1 of slot 9=", (top, leaf) -> XaNodeStruct.marksOpaque(top, 1, 1 << 9 | 1 << 4)),
                new Damaged("mark 2 of slot 1=", (top, leaf) -> XaNodeStruct.marksOpaque(leaf, 2, 0)),
                new Damaged("flags, mark 1=", (top, leaf) -> XaNodeStruct.marksOpaque(top, 1, 0)));
    }

    private static void empty(long leaf) {
        XaNodeStruct.slot(leaf, 3, 0);
        XaNodeStruct.slot(leaf, 9, 0);
        XaNodeStruct.clearCounts(leaf);
        XaNodeStruct.marksOpaque(leaf, 2, 0);
    }

    private static void raise(long top, long leaf) {
        XaNodeStruct.header(leaf, 6, 1, 2, 1);
        XaNodeStruct.slot(top, 1, XaEntry.node(leaf, 6));
    }

    private static void replaceBySingle(long top, int slot) {
        XaNodeStruct.slot(top, slot, XaEntry.value(1));
    }

    private static void followNode(long top) {
        XaNodeStruct.slot(top, 2, XaEntry.sibling(1, 1));
        XaNodeStruct.changeCounts(top, 1, 0);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void namesTheDamage(Damaged damaged) {
        store(64 + 3, value(1));
        store(64 + 9, pointer(1));
        setMark(64 + 9, 2);
        storeOrder(256, 8, value(7));
        setMark(256, 1);
        assertEquals(2, XaChecker.check(array));
        String sound = text();

        long top = XaEntry.nodeAddress(XArrayStruct.head(array.anchor()));
        long leaf = XaEntry.nodeAddress(XaNodeStruct.slot(top, 1));
        byte[] topBytes = bytes(top);
        byte[] leafBytes = bytes(leaf);
        damaged.damage().to(top, leaf);
        AssertionError found = assertThrows(AssertionError.class, () -> XaChecker.check(array));
        String message = String.valueOf(found.getMessage());
        assertTrue(message.contains(": " + damaged.field()), message);
        assertTrue(message.contains("node=0x"), message);

        restore(top, topBytes);
        restore(leaf, leafBytes);
        assertEquals(sound, text());
    }

    @Test
    void nothingStandsBehindTheLastIndex() {
        store(MAX, value(1));
        long top = XaEntry.nodeAddress(XArrayStruct.head(array.anchor()));
        byte[] topBytes = bytes(top);
        XaNodeStruct.slot(top, 16, value(2));
        XaNodeStruct.header(top, 60, 0, 2, 1);
        AssertionError found = assertThrows(AssertionError.class, () -> XaChecker.check(array));
        String message = String.valueOf(found.getMessage());
        assertTrue(message.endsWith(": slot 16=v2 behind the last index"), message);
        restore(top, topBytes);
    }

    @Test
    void looksAtTheHeadToo() {
        long anchor = array.anchor();
        for (long word : new long[] {XaEntry.RETRY, XaEntry.sibling(3, 1), XaEntry.error(-12)}) {
            XArrayStruct.headRelease(anchor, word);
            assertThrows(AssertionError.class, () -> XaChecker.check(array));
        }
        XArrayStruct.headRelease(anchor, 0);
        XaFlags.setMarked(anchor, 2);
        assertThrows(AssertionError.class, () -> XaChecker.check(array));
        XaFlags.clearMarked(anchor, 2);
        assertEquals(0, XaChecker.check(array));
    }

    @Test
    void printsWhatIsThere() {
        store(64 + 3, value(1));
        store(64 + 9, pointer(1));
        setMark(64 + 9, 2);
        storeOrder(256, 8, value(7));
        setMark(256, 1);
        assertEquals("""
            T flags=0 marks=011 head=N
            N base=0x0 shift=6 off=- count=5 values=4 m0=0 m1=10 m2=2 : 1:N 4:v7 5-7:s4
            N base=0x40 shift=0 off=1 count=2 values=1 m0=0 m1=0 m2=200 : 3:v1 9:p100040
            """, text());
        array.destroy();
        assertEquals("T flags=0 marks=000 head=-\n", text());
    }

    private static byte[] bytes(long node) {
        return NativeMemory.segment(node, XaNodeStruct.BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    private static void restore(long node, byte[] bytes) {
        NativeMemory.segment(node, XaNodeStruct.BYTES).copyFrom(MemorySegment.ofArray(bytes));
    }
}
