/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.QuireTest;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/**
 * The words in which the tests of the array are written: one array, one thread, entries that tell their index. Each
 * call opens the read section or takes the lock that it needs.
 *
 * <p>In the classes built on it, the comment at a test names the check of the kernel's suites (lib/test_xarray.c,
 * tools/testing/radix-tree) whose expectations it holds the engine to.
 */
abstract class XArrayCatalogue extends QuireTest {
    static final long MAX = XArray.MAX_INDEX;

    /**
     * What a search came upon.
     *
     * @param index index that the search reported
     * @param word the entry
     */
    record Found(long index, long word) {
        @Override
        public String toString() {
            return "0x" + Long.toHexString(index) + "=" + XaEntry.toText(word);
        }
    }

    /** The array under test; empty and without flags at first. */
    XArray array;

    @BeforeEach
    final void openArray() {
        array = engine.newArray(0);
    }

    // ---- words

    /** The value that stands for an index; the top bit, which a value cannot hold, is dropped. */
    static long value(long index) {
        return XaEntry.value(index & XaEntry.MAX_VALUE);
    }

    /** A pointer that nothing follows. */
    static long pointer(int number) {
        return 0x10_0000L + 64L * number;
    }

    // ---- single entries

    long load(long index) {
        engine.reader.enter();
        try {
            return array.load(engine.reader, index);
        } finally {
            engine.reader.exit();
        }
    }

    long store(long index, long word) {
        return array.store(index, word);
    }

    /** Stores the value that stands for an index where nothing was. */
    void storeIndex(long index) {
        assertEquals(0, array.store(index, value(index)));
    }

    /** Stores over a whole block. */
    void storeOrder(long index, int order, long word) {
        long old = array.storeOrder(index, order, word);
        assertEquals(0, XaEntry.errnoOf(old));
    }

    long erase(long index) {
        return array.erase(index);
    }

    /** Erases the value that stands for an index. */
    void eraseIndex(long index) {
        assertEquals(value(index), array.erase(index));
        assertEquals(0, load(index));
    }

    long compareExchange(long index, long expected, long word) {
        return array.compareExchange(index, expected, word);
    }

    int getOrder(long index) {
        engine.reader.enter();
        try {
            return array.getOrder(engine.reader, index);
        } finally {
            engine.reader.exit();
        }
    }

    boolean isEmpty() {
        engine.reader.enter();
        try {
            return array.isEmpty(engine.reader);
        } finally {
            engine.reader.exit();
        }
    }

    // ---- marks

    void setMark(long index, int mark) {
        array.setMark(index, mark);
    }

    boolean getMark(long index, int mark) {
        engine.reader.enter();
        try {
            return array.getMark(engine.reader, index, mark);
        } finally {
            engine.reader.exit();
        }
    }

    boolean isMarked(int mark) {
        engine.reader.enter();
        try {
            return array.isMarked(engine.reader, mark);
        } finally {
            engine.reader.exit();
        }
    }

    // ---- searches

    XaCursor cursor(long index) {
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.set(index);
        return cursor;
    }

    XaCursor cursor(long index, int order) {
        XaCursor cursor = new XaCursor(array, engine.reader);
        cursor.setOrder(index, order);
        return cursor;
    }

    @Nullable
    Found find(long start, long last, int filter) {
        XaCursor cursor = cursor(start);
        engine.reader.enter();
        try {
            return found(start, cursor, array.find(cursor, last, filter));
        } finally {
            engine.reader.exit();
        }
    }

    @Nullable
    Found findAfter(long start, long last, int filter) {
        XaCursor cursor = cursor(start);
        engine.reader.enter();
        try {
            return found(start, cursor, array.findAfter(cursor, last, filter));
        } finally {
            engine.reader.exit();
        }
    }

    private static @Nullable Found found(long start, XaCursor cursor, long word) {
        if (word == 0) {
            assertEquals(start, cursor.index(), "a search that finds nothing leaves the index");
            return null;
        }
        return new Found(cursor.index(), word);
    }

    /** All entries from an index on, by the normal API. */
    List<Found> findAll(long start, int filter) {
        List<Found> all = new ArrayList<>();
        Found next = find(start, MAX, filter);
        while (next != null) {
            all.add(next);
            next = findAfter(next.index(), MAX, filter);
        }
        return all;
    }

    /** All entries from an index on, by the cursor. */
    List<Found> walk(long start) {
        List<Found> all = new ArrayList<>();
        engine.reader.enter();
        XaCursor cursor = cursor(start);
        for (long word = cursor.find(MAX); word != 0; word = cursor.find(MAX)) {
            all.add(new Found(cursor.index(), word));
        }
        engine.reader.exit();
        return all;
    }

    /** All entries with a mark from an index on, by the cursor. */
    List<Found> walkMarked(long start, int mark) {
        List<Found> all = new ArrayList<>();
        engine.reader.enter();
        XaCursor cursor = cursor(start);
        for (long word = cursor.findMarked(MAX, mark); word != 0; word = cursor.findMarked(MAX, mark)) {
            all.add(new Found(cursor.index(), word));
        }
        engine.reader.exit();
        return all;
    }

    /**
     * Index at which a marked search from {@code start} reports an entry that lies there or later: the start itself if
     * it is in the entry's first slot, else the entry's first index.
     */
    static long foundFrom(long start, long first, int order) {
        long slotMask = (1L << (order / 6 * 6)) - 1;
        return start >= first && start <= first + slotMask ? start : first;
    }

    // ---- splits

    /** Reserves what a plan needs and splits; the result of whichever of the two failed, else 0. */
    int split(long index, SplitPlan plan, long expected, long firstWord, long stride) {
        XaCursor cursor = cursor(index);
        int result = cursor.reserve(plan);
        if (result == 0) {
            array.lock();
            try {
                result = cursor.split(plan, expected, firstWord, stride);
            } finally {
                array.unlock();
                cursor.destroy();
            }
        }
        return result;
    }

    /** One step of a split, all pieces of one word, with as many rounds for memory as it wants. */
    int trySplit(long index, int newOrder, long word) {
        XaCursor cursor = cursor(index);
        int result;
        do {
            array.lock();
            result = cursor.trySplit(newOrder, word, 0);
            array.unlock();
        } while (cursor.nomem());
        return result;
    }

    // ---- shape

    long head() {
        return XArrayStruct.head(array.anchor());
    }

    /** Address of the node that holds the entry at an index; 0 if the head holds it. */
    long nodeAt(long index) {
        engine.reader.enter();
        try {
            XaCursor cursor = cursor(index);
            cursor.load();
            return cursor.nodeAddress();
        } finally {
            engine.reader.exit();
        }
    }

    /** The anchor and every node, bit for bit, each behind its address. */
    byte[] image() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        addImage(array.anchor(), XArrayStruct.BYTES, bytes);
        addNodeImages(head(), bytes);
        return bytes.toByteArray();
    }

    private static void addNodeImages(long word, ByteArrayOutputStream bytes) {
        if (XaEntry.isNode(word)) {
            long node = XaEntry.nodeAddress(word);
            addImage(node, XaNodeStruct.BYTES, bytes);
            for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
                addNodeImages(XaNodeStruct.slot(node, slot), bytes);
            }
        }
    }

    private static void addImage(long address, long nrBytes, ByteArrayOutputStream bytes) {
        bytes.writeBytes(Long.toHexString(address).getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(NativeMemory.segment(address, nrBytes).toArray(ValueLayout.JAVA_BYTE));
    }

    /** The whole tree as text: equal texts, equal trees. */
    String text() {
        return XaText.tree(array);
    }
}
