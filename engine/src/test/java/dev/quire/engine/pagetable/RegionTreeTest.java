/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.Geometry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The interval tree against a list that is searched from end to end. */
@SuppressWarnings("NullAway.Init")
class RegionTreeTest extends WholeEngineTest {
    private final RegionTree tree = new RegionTree();
    private final List<Region> model = new ArrayList<>();
    private final RegionList list = new RegionList(new LockOrder(true));
    private PageTables tables;

    @BeforeEach
    void openProcess() {
        tables = open(HeadMapKind.HEAD_BITS).newPageTables();
    }

    @AfterEach
    void closeProcess() {
        tables.close();
    }

    private Region region(long firstIndex, long nrPages) {
        return new Region(tables, list, 0, 0, nrPages << Geometry.PAGE_SHIFT, firstIndex, 0);
    }

    private Region add(long firstIndex, long nrPages) {
        Region region = region(firstIndex, nrPages);
        tree.add(region);
        model.add(region);
        return region;
    }

    private static List<Region> found(RegionTree tree, long firstIndex, long endIndex) {
        List<Region> found = new ArrayList<>();
        tree.forEach(firstIndex, endIndex, (region, first, end, regions) -> regions.add(region), found);
        return found;
    }

    private List<Region> expected(long firstIndex, long endIndex) {
        return model.stream()
                .filter(region -> region.firstIndex() < endIndex && region.endIndex() > firstIndex)
                .sorted(Comparator.comparingLong(Region::firstIndex).thenComparingLong(Region::key))
                .toList();
    }

    /** Balanced by height: at most 1.44 times as high as any binary tree of so many nodes must be. */
    private void assertBalanced() {
        double bound = 1.4405 * Math.log(model.size() + 2) / Math.log(2);
        assertTrue(tree.height() <= bound, () -> "regions=" + model.size() + ", height=" + tree.height());
    }

    /** Short and long regions, many at few indices or few at many. */
    @ParameterizedTest
    @CsvSource({"10, 3", "100, 100", "100000, 10", "100000, 100000", "1, 1"})
    void findsWhatASearchOfAllFinds(int nrIndices, int maximumPages) {
        SplittableRandom random = TestSeed.random("findsWhatASearchOfAllFinds" + nrIndices + "," + maximumPages);
        for (int step = 0; step < 4000; step++) {
            boolean growing = step / 500 % 2 == 0;
            if (model.isEmpty() || random.nextInt(10) < (growing ? 7 : 3)) {
                add(random.nextInt(nrIndices), 1 + random.nextInt(maximumPages));
            } else {
                tree.remove(model.remove(random.nextInt(model.size())));
            }
            assertEquals(model.size(), tree.size(), TestSeed.asOption());
            assertBalanced();
            long first = random.nextInt(nrIndices + maximumPages);
            long end = first + 1 + random.nextInt(maximumPages);
            assertEquals(expected(first, end), found(tree, first, end), TestSeed.asOption());
        }
        assertEquals(expected(0, Long.MAX_VALUE), found(tree, 0, Long.MAX_VALUE));
    }

    @Test
    void regionsThatShowTheSamePagesAreToldApart() {
        for (int mapper = 0; mapper < 513; mapper++) {
            add(7, 512);
        }
        assertBalanced();
        assertEquals(model, found(tree, 518, 519));
        assertEquals(List.of(), found(tree, 519, 1000));
        assertEquals(List.of(), found(tree, 0, 7));
        for (int removed : new int[] {512, 0, 256}) {
            tree.remove(model.remove(removed));
        }
        assertEquals(model, found(tree, 0, 8));
        tree.remove(region(7, 512));
        assertEquals(510, tree.size(), "a stranger at the same pages changes nothing");
    }

    /** Ends up to the largest index that a region may have. */
    @Test
    void theLastIndices() {
        add(Long.MAX_VALUE - 16, 16);
        add(0, 1);
        assertEquals(List.of(model.getFirst()), found(tree, Long.MAX_VALUE - 1, Long.MAX_VALUE));
        assertEquals(List.of(model.getLast()), found(tree, 0, Long.MAX_VALUE - 16));
    }

    /** A long region among many short ones, which hides behind none of them. */
    @Test
    void oneRegionThatReachesOverAllOthersIsFoundWithThem() {
        LongStream.range(0, 1000).forEach(index -> add(index * 10, 5));
        Region all = add(3, 10_000);
        assertEquals(List.of(all), found(tree, 7, 10), "in a gap");
        assertEquals(List.of(model.get(500), all), found(tree, 5004, 5005).reversed());
        tree.remove(all);
        assertEquals(List.of(), found(tree, 5005, 5010));
    }
}
