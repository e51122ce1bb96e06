/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.memory.Errno;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Carries out the operations of a golden trace on one array and says what came of each, in the words of the trace. */
final class TraceReplayer {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final String OK = "ok";

    private final EngineFixture engine;
    private final XArray array;
    private final XaCursor cursor;

    /** Whether the last result is one the array leaves open: what a store over several entries returns. */
    private boolean resultOpen;

    /** What stood at the index of the last split before it. */
    private long splitEntry;

    TraceReplayer(EngineFixture engine, String flags) {
        this.engine = engine;
        array = engine.newArray(
                switch (flags) {
                    case "NONE" -> 0;
                    case "ALLOC" -> XArray.TRACK_FREE;
                    case "ALLOC1" -> XArray.TRACK_FREE | XArray.ZERO_BUSY;
                    default -> throw new IllegalArgumentException("flags not known: flags=" + flags);
                });
        cursor = new XaCursor(array, engine.reader);
    }

    /**
     * Does one operation.
     *
     * @param operation its words, the name first
     * @return what a trace prints behind the arrow
     */
    String run(String[] operation) {
        resultOpen = false;
        engine.reader.enter();
        try {
            return switch (operation[0]) {
                case "load", "get_order", "get_mark", "marked", "find", "find_after", "extract" -> query(operation);
                case "split", "try_split" -> cut(operation);
                case "alloc", "alloc_cyclic" -> allocate(operation);
                default -> change(operation);
            };
        } finally {
            engine.reader.exit();
        }
    }

    private String query(String[] operation) {
        long index = operation[0].equals("marked") ? 0 : index(operation[1]);
        return switch (operation[0]) {
            case "load" -> XaEntry.toText(array.load(engine.reader, index));
            case "get_order" -> Integer.toString(array.getOrder(engine.reader, index));
            case "get_mark" -> bit(array.getMark(engine.reader, index, number(operation[2])));
            case "marked" -> bit(array.isMarked(engine.reader, number(operation[1])));
            case "find" -> found(array.find(at(index), index(operation[2]), filter(operation[3])));
            case "find_after" -> found(array.findAfter(at(index), index(operation[2]), filter(operation[3])));
            default -> extract(index, index(operation[2]), number(operation[3]), filter(operation[4]));
        };
    }

    private String change(String[] operation) {
        if (operation[0].equals("destroy")) {
            array.destroy();
            return OK;
        }
        long index = index(operation[1]);
        switch (operation[0]) {
            case "set_mark" -> array.setMark(index, number(operation[2]));
            case "clear_mark" -> array.clearMark(index, number(operation[2]));
            case "release" -> array.release(index);
            default -> {
                return store(operation, index);
            }
        }
        return OK;
    }

    private String store(String[] operation, long index) {
        return switch (operation[0]) {
            case "store" -> XaEntry.toText(array.store(index, entry(operation[2])));
            case "erase" -> XaEntry.toText(array.erase(index));
            case "cmpxchg" -> XaEntry.toText(array.compareExchange(index, entry(operation[2]), entry(operation[3])));
            case "store_order" -> storeOrder(index, number(operation[2]), entry(operation[3]));
            case "insert" -> result(array.insert(index, entry(operation[2])));
            case "reserve" -> result(array.reserve(index));
            case "store_range" -> result(array.storeRange(index, index(operation[2]), entry(operation[3])));
            default -> throw new IllegalArgumentException("operation not known: operation=" + operation[0]);
        };
    }

    /** Through the cursor, because the trace has the raw word, reservations and child nodes included. */
    private String storeOrder(long index, int order, long entry) {
        array.lock();
        try {
            resultOpen = holdsPartly(index, order);
            cursor.setOrder(index, order);
            return XaEntry.toText(cursor.store(entry));
        } finally {
            array.unlock();
        }
    }

    /** Whether anything in a range leaves some of it to other entries or to nothing. */
    private boolean holdsPartly(long first, int order) {
        cursor.set(first);
        boolean holdsAny = cursor.find(first + ((1L << order) - 1)) != XaEntry.EMPTY;
        return holdsAny && (cursor.index() != first || cursor.getOrder() < order);
    }

    boolean isResultOpen() {
        return resultOpen;
    }

    private String cut(String[] operation) {
        long index = index(operation[1]);
        int order = number(operation[2]);
        int newOrder = number(operation[3]);
        long entry = entry(operation[4]);
        return operation[0].equals("split") ? split(index, order, newOrder, entry) : trySplit(index, newOrder, entry);
    }

    private String split(long index, int order, int newOrder, long entry) {
        SplitPlan plan = SplitPlan.uniform(order, newOrder);
        splitEntry = array.load(engine.reader, index);
        cursor.set(index);
        int result = cursor.reserve(plan);
        if (result == Errno.OK) {
            array.lock();
            result = cursor.split(plan, splitEntry, entry, 0);
            array.unlock();
        }
        cursor.destroy();
        return result(result);
    }

    /** Checks the pieces of a split and merges them: the tree is as it was before. */
    void takeSplitBack(String[] operation) {
        long index = index(operation[1]);
        int order = number(operation[2]);
        long first = index & -1L << order;
        engine.reader.enter();
        assertEquals(number(operation[3]), array.getOrder(engine.reader, index));
        assertEquals(entry(operation[4]), array.load(engine.reader, first));
        assertEquals(entry(operation[4]), array.load(engine.reader, first + (1L << order) - 1));
        engine.reader.exit();
        XaChecker.check(array);
        array.storeOrder(first, order, splitEntry);
    }

    private String trySplit(long index, int newOrder, long entry) {
        cursor.set(index);
        int result;
        do {
            array.lock();
            result = cursor.trySplit(newOrder, entry, 0);
            array.unlock();
        } while (cursor.nomem());
        return result(result);
    }

    private String allocate(String[] operation) {
        long min = Long.parseLong(operation[1]);
        long max = Long.parseLong(operation[2]);
        if (operation[0].equals("alloc")) {
            long id = array.alloc(min, max, entry(operation[3]));
            return id < 0 ? result((int) id) : "ok " + id;
        }
        XaIdCycle cycle = new XaIdCycle(min, max, Long.parseLong(operation[3].substring("next=".length())));
        long id = array.allocCyclic(cycle, entry(operation[4]));
        return (id < 0 ? result((int) id) : bit(cycle.hasWrapped()) + " " + id) + " next=" + cycle.next();
    }

    private String extract(long start, long last, int nrEntries, int filter) {
        long[] entries = new long[nrEntries];
        int nrFound = array.extract(at(start), last, filter, entries, nrEntries);
        StringBuilder text = new StringBuilder().append(nrFound);
        for (int i = 0; i < nrFound; i++) {
            text.append(' ').append(XaEntry.toText(entries[i]));
        }
        return text.toString();
    }

    /** What a marked search must find after an index: what one from the next entry on, marked or not, finds. */
    String findBehindEntry(String[] operation) {
        engine.reader.enter();
        try {
            long next = array.findAfter(at(index(operation[1])), XArray.MAX_INDEX, XArray.PRESENT);
            return next == 0 ? "-" : found(array.find(cursor, index(operation[2]), filter(operation[3])));
        } finally {
            engine.reader.exit();
        }
    }

    /** The lines that follow {@code iter} in a trace. */
    List<String> entries() {
        List<String> lines = new ArrayList<>();
        engine.reader.enter();
        cursor.set(0);
        long word = array.find(cursor, XArray.MAX_INDEX, XArray.PRESENT);
        while (word != 0) {
            lines.add(entryLine(cursor.index(), word));
            word = array.findAfter(cursor, XArray.MAX_INDEX, XArray.PRESENT);
        }
        engine.reader.exit();
        lines.add(". " + lines.size());
        return lines;
    }

    private String entryLine(long index, long word) {
        StringBuilder line = new StringBuilder("e 0x").append(Long.toHexString(index));
        line.append(' ').append(array.getOrder(engine.reader, index));
        line.append(' ').append(XaEntry.toText(word)).append(' ');
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            line.append(bit(array.getMark(engine.reader, index, mark)));
        }
        return line.toString();
    }

    /** The lines that follow {@code tree} in a trace. */
    List<String> tree() {
        List<String> lines = new ArrayList<>(XaText.tree(array).lines().toList());
        lines.add(".");
        return lines;
    }

    /** The state of the array, as a trace prints it after every operation that may change it. */
    String state() {
        String text = XaText.tree(array);
        String[] lines = text.split("\n", 3);
        String shift = lines.length > 1 && !lines[1].isEmpty() ? lines[1].replaceFirst(".* shift=(\\d+) .*", "$1") : "";
        String head = !shift.isEmpty() ? shift : lines[0].endsWith(" head=-") ? "-" : "E";
        long nrNodes = text.lines().count() - 1;
        assertEquals(nrNodes, engine.nodes.nrInUse(), "nodes in use");
        return "h=" + head + " n=" + nrNodes + " x=" + String.format("%016x", fnv1a(text));
    }

    private static long fnv1a(String text) {
        long hash = FNV_OFFSET;
        for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        return hash;
    }

    private XaCursor at(long index) {
        cursor.set(index);
        return cursor;
    }

    private String found(long word) {
        return word == 0 ? "-" : "0x" + Long.toHexString(cursor.index()) + " " + XaEntry.toText(word);
    }

    private static String result(int errno) {
        return errno == Errno.OK ? OK : "!" + Errno.name(errno);
    }

    private static String bit(boolean set) {
        return set ? "1" : "0";
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private static long index(String word) {
        return Long.parseUnsignedLong(word.substring("0x".length()), 16);
    }

    private static int filter(String word) {
        return word.equals("P") ? XArray.PRESENT : number(word);
    }

    private static long entry(String word) {
        return switch (word.charAt(0)) {
            case '-' -> XaEntry.EMPTY;
            case 'v' -> XaEntry.value(Long.parseLong(word.substring(1)));
            case 'p' -> Long.parseUnsignedLong(word.substring(1), 16);
            default -> throw new IllegalArgumentException("entry not known: entry=" + word);
        };
    }
}
