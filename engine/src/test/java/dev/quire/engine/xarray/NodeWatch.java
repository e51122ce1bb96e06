/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Stands between an array and the list of its nodes that hold only values, and writes down what the array tells. A
 * model of both is the tree itself, before a change and after it.
 */
final class NodeWatch implements NodeUpdate {
    /**
     * What a node says it holds.
     *
     * @param count slots in use
     * @param nrValues slots of values
     */
    record Counts(int count, int nrValues) {
        /** Of a node that is about to be freed, or was not there yet. */
        static final Counts NONE = new Counts(0, 0);

        static Counts of(long node) {
            return new Counts(XaNodeStruct.count(node), XaNodeStruct.nrValues(node));
        }

        /** Counted anew; siblings follow their entry. */
        private static Counts ofSlots(long node) {
            int count = 0;
            int nrValues = 0;
            long entry = XaEntry.EMPTY;
            for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
                long word = XaNodeStruct.slot(node, slot);
                entry = XaEntry.isSibling(word) ? entry : word;
                count += word == XaEntry.EMPTY ? 0 : 1;
                nrValues += XaEntry.isValue(entry) ? 1 : 0;
            }
            return new Counts(count, nrValues);
        }

        boolean areOfValuesOnly() {
            return count > 0 && count == nrValues;
        }
    }

    private final XArray array;
    private final XaValueNodes valueNodes;
    private final NodeUpdate placing;

    /** What each node was reported to hold during the change, in this order. */
    private final Map<Long, List<Counts>> reports = new HashMap<>();

    /** Nodes that were told of before they were what they were told to be. */
    private final Map<Long, Counts> early = new HashMap<>();

    private Map<Long, Counts> before = Map.of();
    private List<Long> listedBefore = List.of();

    NodeWatch(XArray array) {
        this.array = array;
        valueNodes = new XaValueNodes(array);
        placing = new XaValueNodes.Placing(valueNodes);
        array.update = this;
    }

    XaValueNodes valueNodes() {
        return valueNodes;
    }

    @Override
    public void update(long node) {
        Counts counts = Counts.of(node);
        reports.computeIfAbsent(node, _ -> new ArrayList<>()).add(counts);
        if (!counts.equals(Counts.NONE) && !counts.equals(Counts.ofSlots(node))) {
            early.put(node, counts);
        }
        placing.update(node);
    }

    /** Before a change. */
    void begin() {
        reports.clear();
        before = countsByNode(array);
        listedBefore = listed(array, valueNodes);
    }

    /** After a change that must have changed nothing. */
    void assertUntouched() {
        assertEquals(Map.of(), reports);
        assertEquals(before, countsByNode(array));
        assertEquals(listedBefore, listed(array, valueNodes));
    }

    /**
     * After a change: each node was told of once for each time that its counts changed, and not otherwise, but for one
     * that was split; and the list has the right nodes, in the order in which they became such.
     */
    void assertTold(boolean mayTellOfOneUnchanged) {
        assertEquals(Map.of(), early);
        Map<Long, Counts> after = countsByNode(array);
        Set<Long> nodes = new HashSet<>(reports.keySet());
        nodes.addAll(before.keySet());
        nodes.addAll(after.keySet());
        int nrUnchanged = 0;
        for (long node : nodes) {
            Counts last = before.getOrDefault(node, Counts.NONE);
            for (Counts report : reports.getOrDefault(node, List.of())) {
                nrUnchanged += report.equals(last) ? 1 : 0;
                last = report;
            }
            assertEquals(after.getOrDefault(node, Counts.NONE), last, () -> told(node));
        }
        assertEquals(mayTellOfOneUnchanged ? Math.min(1, nrUnchanged) : 0, nrUnchanged, reports::toString);
        assertListed(after);
    }

    private String told(long node) {
        return "node=0x" + Long.toHexString(node) + ", before=" + before.get(node) + ", told=" + reports.get(node);
    }

    private void assertListed(Map<Long, Counts> after) {
        List<Long> expected = new ArrayList<>(listedBefore);
        expected.removeIf(node -> !after.getOrDefault(node, Counts.NONE).areOfValuesOnly());
        List<Long> listed = listed(array, valueNodes);
        assertEquals(expected, listed.subList(0, Math.min(expected.size(), listed.size())));
        Set<Long> ofValues = new HashSet<>(after.keySet());
        ofValues.removeIf(node -> !after.getOrDefault(node, Counts.NONE).areOfValuesOnly());
        assertEquals(ofValues, new HashSet<>(listed));
        assertEquals(ofValues.size(), listed.size());
    }

    /** The nodes on a list, first to last; both directions must agree, and so must the count. */
    static List<Long> listed(XArray array, XaValueNodes valueNodes) {
        List<Long> nodes = new ArrayList<>();
        long list = valueNodes.list();
        for (long link = ListHead.next(list); link != list; link = ListHead.next(link)) {
            assertEquals(link, ListHead.next(ListHead.prev(link)));
            nodes.add(XaNodeStruct.ofPrivateList(link));
        }
        array.lock();
        assertEquals(nodes.size(), valueNodes.nrNodes());
        assertEquals(nodes.isEmpty() ? 0 : nodes.getFirst(), valueNodes.first());
        array.unlock();
        return nodes;
    }

    /** All nodes of an array, from the top down. */
    static Map<Long, Counts> countsByNode(XArray array) {
        Map<Long, Counts> counts = new LinkedHashMap<>();
        addCounts(XArrayStruct.head(array.anchor()), counts);
        return counts;
    }

    private static void addCounts(long word, Map<Long, Counts> counts) {
        if (!XaEntry.isNode(word)) {
            return;
        }
        long node = XaEntry.nodeAddress(word);
        counts.put(node, Counts.of(node));
        for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
            addCounts(XaNodeStruct.slot(node, slot), counts);
        }
    }
}
