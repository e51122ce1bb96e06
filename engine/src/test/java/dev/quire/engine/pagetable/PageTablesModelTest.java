/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random calls on two processes that share anonymous memory, against a map from address to page and its bits. Each
 * folio is held by the test too, until nothing maps it any more.
 */
@SuppressWarnings("NullAway.Init")
class PageTablesModelTest extends WholeEngineTest {
    private static final int ROUNDS = 1500;
    private static final int NR_PROCESSES = 2;
    private static final int REGION_ORDER = 12;
    private static final long REGION_PAGES = 1L << REGION_ORDER;
    private static final int[] ORDERS = {0, 2, 4, 9, 10};

    /** What one page of a process shows: the page's handle and whether it is writable and dirty. */
    private record Shown(long page, boolean writable, boolean dirty) {}

    private final List<TreeMap<Long, Shown>> models = new ArrayList<>();
    private final List<PageTables> processes = new ArrayList<>();
    private final List<PageWalker> walkers = new ArrayList<>();

    /** Folio that covers an index of the shared memory, for those indices that have one. */
    private final TreeMap<Long, Long> foliosByIndex = new TreeMap<>();

    /** Orders of the folios by their first index, as they were before they were split. */
    private final TreeMap<Long, Integer> wholeOrders = new TreeMap<>();

    private SplittableRandom random;
    private Quire engine;
    private Folios folios;
    private AnonVma owner;

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void behavesAsAMapFromAddressToPage(HeadMapKind headMap) {
        random = TestSeed.random("behavesAsAMapFromAddressToPage");
        engine = open(headMap);
        folios = engine.folios();
        owner = engine.newAnonVma();
        try (RcuReader reader = engine.newReader()) {
            for (int process = 0; process < NR_PROCESSES; process++) {
                PageTables tables = engine.newPageTables();
                tables.addRegion(baseOf(process), REGION_PAGES, owner, 0);
                processes.add(tables);
                walkers.add(tables.newWalker(reader));
                models.add(new TreeMap<>());
            }
            for (int round = 0; round < ROUNDS; round++) {
                step(random.nextInt(NR_PROCESSES));
                if (round % 25 == 0) {
                    compare();
                }
            }
            compare();
        }
        processes.forEach(PageTables::close);
        foliosByIndex.values().forEach(folios::unpin);
        owner.close();
    }

    /** The regions are at places of different alignment, so that large entries fit in the first process only. */
    private static long baseOf(int process) {
        return (1L << 39) * (process + 1) - (1L << 30) + process * (7L * 4096);
    }

    private void step(int process) {
        long index = random.nextLong(REGION_PAGES);
        long nrPages = 1 + random.nextLong(Math.min(REGION_PAGES - index, 1L << random.nextInt(REGION_ORDER)));
        switch (random.nextInt(9)) {
            case 0, 1, 2 -> mapSomething(process, index);
            case 3 -> unmap(process, index, nrPages);
            case 4 -> writeProtect(process, index, nrPages);
            case 5, 6 -> touch(process, index);
            case 7 -> split(index);
            default -> merge(index);
        }
    }

    // ---- steps

    private long folioAt(long index) {
        Map.Entry<Long, Long> entry = foliosByIndex.floorEntry(index);
        if (entry == null) {
            return 0;
        }
        long end = entry.getKey() + (1L << folios.order(entry.getValue()));
        return index < end ? entry.getValue() : 0;
    }

    private void mapSomething(int process, long index) {
        long folio = folioAt(index);
        if (folio == 0) {
            folio = newFolioAt(index);
            if (folio == 0) {
                return;
            }
        }
        int order = folios.order(folio);
        long start = folios.index(folio);
        boolean writable = random.nextBoolean();
        if (order >= 9 && process == 0 && random.nextBoolean()) {
            long first = ((index - start) >>> 9) << 9;
            int expected = isVacant(process, start + first, 512) ? Errno.OK : Errno.EEXIST;
            assertEquals(expected, tables(process).mapHuge(address(process, start + first), folio, first, 9, writable));
            modelMap(expected, process, folio, first, 512, writable);
        } else {
            long first = random.nextLong(1L << order);
            long nrPages = 1 + random.nextLong((1L << order) - first);
            int expected = isVacant(process, start + first, nrPages) ? Errno.OK : Errno.EEXIST;
            int result = tables(process).map(address(process, start + first), folio, first, nrPages, writable);
            assertEquals(expected, result, TestSeed.asOption());
            modelMap(expected, process, folio, first, nrPages, writable);
        }
    }

    private long newFolioAt(long index) {
        int order = ORDERS[random.nextInt(ORDERS.length)];
        long start = index >>> order << order;
        for (long page = start; page < start + (1L << order); page++) {
            if (folioAt(page) != 0) {
                return 0;
            }
        }
        long folio = folios.allocate(order);
        owner.adopt(folio, start);
        foliosByIndex.put(start, folio);
        wholeOrders.put(start, order);
        return folio;
    }

    private void modelMap(int result, int process, long folio, long first, long nrPages, boolean writable) {
        if (result == Errno.OK) {
            for (long page = first; page < first + nrPages; page++) {
                Shown shown = new Shown(folio + page * PageStruct.BYTES, writable, false);
                models.get(process).put(folios.index(folio) + page, shown);
            }
        }
    }

    private boolean isVacant(int process, long index, long nrPages) {
        return models.get(process).subMap(index, index + nrPages).isEmpty();
    }

    private void unmap(int process, long index, long nrPages) {
        tables(process).unmap(address(process, index), nrPages);
        models.get(process).subMap(index, index + nrPages).clear();
    }

    private void writeProtect(int process, long index, long nrPages) {
        tables(process).writeProtect(address(process, index), nrPages);
        models.get(process)
                .subMap(index, index + nrPages)
                .replaceAll((page, shown) -> new Shown(shown.page, false, shown.dirty));
    }

    private void touch(int process, long index) {
        boolean writing = random.nextBoolean();
        Shown shown = models.get(process).get(index);
        boolean possible = shown != null && (!writing || shown.writable);
        // A large entry has one dirty bit for all its pages.
        Map<Long, Long> before = entries(process);
        assertEquals(possible, walkers.get(process).touch(address(process, index), writing), TestSeed.asOption());
        if (possible && writing) {
            long entryBefore = Objects.requireNonNull(before.get(index));
            boolean large = (entryBefore & PageTableEntry.HUGE) != 0;
            long start = large ? index >>> 9 << 9 : index;
            for (long page = start; page < start + (large ? 512 : 1); page++) {
                models.get(process).computeIfPresent(page, (_, old) -> new Shown(old.page, old.writable, true));
            }
        }
    }

    private Map<Long, Long> entries(int process) {
        Map<Long, Long> entries = new HashMap<>();
        long start = address(process, 0);
        walkers.get(process).forEachLeaf(start, address(process, REGION_PAGES), (at, order, entry) -> {
            for (long page = 0; page < 1L << order; page++) {
                entries.put(((at - start) >>> 12) + page, entry);
            }
        });
        return entries;
    }

    /**
     * A whole split of whatever folio is at an index, mapped or not; or one that fails, because somebody has pinned it.
     */
    private void split(long index) {
        long folio = folioAt(index);
        if (folio == 0 || folios.order(folio) < 2) {
            return;
        }
        int order = folios.order(folio);
        boolean pinned = random.nextInt(4) == 0;
        if (pinned) {
            assertTrue(folios.tryPin(folio));
        }
        folios.lock(folio);
        int references = folios.references(folio);
        long at = index - folios.index(folio);
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(SplitPolicies.values().length)];
        int result = engine.splitter().split(folio, policy, at, at + 1, 0, SplitPolicies.ALL_ORDERS, true);
        assertEquals(pinned ? Errno.EAGAIN : Errno.OK, result, TestSeed.asOption());
        folios.unlock(folio);
        unifyDirtyBits();
        if (pinned) {
            assertEquals(references, folios.references(folio), TestSeed.asOption());
            assertEquals(order, folios.order(folio), TestSeed.asOption());
            folios.unpin(folio);
            return;
        }
        long end = folio + (PageStruct.BYTES << order);
        for (long piece = folio; piece < end; piece += (long) PageStruct.BYTES << folios.order(piece)) {
            foliosByIndex.put(folios.index(piece), piece);
        }
    }

    /** Merges a random block around an index that was one folio once; fails if somebody has pinned a piece. */
    private void merge(long index) {
        Map.Entry<Long, Integer> whole = wholeOrders.floorEntry(index);
        if (whole == null || index >= whole.getKey() + (1L << whole.getValue()) || whole.getValue() < 2) {
            return;
        }
        int order = random.nextInt(2, whole.getValue() + 1);
        long start = index >>> order << order;
        long folio = folioAt(start);
        boolean pinned = random.nextInt(4) == 0;
        long pinnedPiece = folioAt(start + random.nextLong(1L << order));
        if (pinned) {
            assertTrue(folios.tryPin(pinnedPiece));
        }
        boolean isSmaller = folios.order(folio) < order;
        folios.lock(folio);
        int result = engine.merger().merge(folio, order);
        folios.unlock(folio);
        if (pinned) {
            folios.unpin(pinnedPiece);
        }
        int expected = !isSmaller ? Errno.EINVAL : pinned ? Errno.EAGAIN : Errno.OK;
        assertEquals(Errno.name(expected), Errno.name(result), TestSeed.asOption());
        if (result == Errno.OK) {
            foliosByIndex.subMap(start + 1, start + (1L << order)).clear();
            assertEquals(order, folios.order(folio), TestSeed.asOption());
        }
        unifyDirtyBits();
    }

    /**
     * Pages that were mapped by entries of their own may have come back with one large entry, which has one dirty bit.
     */
    private void unifyDirtyBits() {
        for (int process = 0; process < NR_PROCESSES; process++) {
            TreeMap<Long, Shown> model = models.get(process);
            long start = address(process, 0);
            walkers.get(process).forEachLeaf(start, address(process, REGION_PAGES), (at, order, entry) -> {
                long first = (at - start) >>> 12;
                Map<Long, Shown> shown = model.subMap(first, first + (1L << order));
                boolean dirty = shown.values().stream().anyMatch(Shown::dirty);
                shown.replaceAll((_, old) -> new Shown(old.page, old.writable, dirty));
            });
        }
    }

    private PageTables tables(int process) {
        return processes.get(process);
    }

    private static long address(int process, long index) {
        return baseOf(process) + (index << 12);
    }

    // ---- checks

    private void compare() {
        Map<Long, Integer> mappedPages = new HashMap<>();
        for (int process = 0; process < NR_PROCESSES; process++) {
            compareProcess(process);
            models.get(process)
                    .values()
                    .forEach(shown -> mappedPages.merge(folios.headOf(shown.page), 1, Integer::sum));
        }
        for (long folio : foliosByIndex.values()) {
            int total = FolioMapcounts.total(folio);
            assertEquals(total + 1, folios.references(folio), TestSeed.asOption());
            int nrPages = mappedPages.getOrDefault(folio, 0);
            int counted = folios.order(folio) == 0
                    ? total
                    : FolioMapcounts.nrPagesMapped(folio) + (FolioMapcounts.entire(folio) << folios.order(folio));
            assertEquals(nrPages, counted, TestSeed.asOption());
        }
    }

    private void compareProcess(int process) {
        TreeMap<Long, Shown> model = models.get(process);
        Map<Long, Long> entries = entries(process);
        assertEquals(model.keySet(), new TreeSet<>(entries.keySet()), TestSeed.asOption());
        model.forEach((index, shown) -> {
            long address = address(process, index);
            long entry = walkers.get(process).entry(address);
            String where = "index " + index + " of process " + process + " " + TestSeed.asOption();
            assertEquals(shown.writable, PageTableEntry.isWritable(entry), where);
            assertEquals(shown.dirty, PageTableEntry.isDirty(entry), where);
            long pinned = walkers.get(process).pin(address, shown.writable);
            assertEquals(shown.page, pinned, where);
            walkers.get(process).unpin(pinned);
        });
    }
}
