/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.MappedLeaves;
import dev.quire.engine.pagetable.MappedLeaves.Leaf;
import dev.quire.engine.struct.PageFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/** What the page tables say of the pages of one folio, or of those that were one folio, at one moment. */
final class FolioLeaves {
    private static final FolioLeaves NONE = new FolioLeaves(List.of());

    /**
     * Consecutive pages that one process shows alike, through leaves of whatever size.
     *
     * @param firstPage first page, relative to the folio
     * @param nrPages how many
     * @param bits what the entries say
     */
    record Run(long firstPage, long nrPages, long bits) {}

    private final List<Leaf> leaves;

    private FolioLeaves(List<Leaf> leaves) {
        this.leaves = leaves;
    }

    /** No leaves: of a folio that nothing maps. */
    static FolioLeaves none() {
        return NONE;
    }

    /** Reads them, for pages that belong to this owner at this index. */
    static FolioLeaves of(FolioContext context, long folio, long nrPages, long mapping, long index) {
        FolioMappers mappers = Objects.requireNonNull(context.mappers());
        return new FolioLeaves(
                mappers instanceof RecordedMappers recorded
                        ? recorded.leaves(folio, nrPages)
                        : MappedLeaves.of(
                                mappers, mapping, index, context.arena().pfnOf(folio), nrPages));
    }

    boolean isEmpty() {
        return leaves.isEmpty();
    }

    /** What is shown, however it is cut into leaves: the same before and after a split. */
    List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (Leaf leaf : leaves) {
            Run last = runs.isEmpty() ? new Run(-1, 0, 0) : runs.getLast();
            long nrPages = Geometry.pagesIn(leaf.order());
            if (last.bits == leaf.bits() && last.firstPage + last.nrPages == leaf.firstPage()) {
                runs.set(runs.size() - 1, new Run(last.firstPage, last.nrPages + nrPages, last.bits));
            } else {
                runs.add(new Run(leaf.firstPage(), nrPages, leaf.bits()));
            }
        }
        return runs;
    }

    /** Leaves by the first page that they map. */
    int[] leavesByPage(int nrPages) {
        return byPage(nrPages, Leaf::isPresent);
    }

    /** Leaves of 2 MiB by the first page that they map. */
    int[] largeLeavesByPage(int nrPages) {
        return byPage(nrPages, leaf -> leaf.isPresent() && leaf.order() == Geometry.PMD_ORDER);
    }

    private int[] byPage(int nrPages, Predicate<Leaf> counted) {
        int[] nrLeaves = new int[nrPages];
        leaves.stream().filter(counted).forEach(leaf -> nrLeaves[(int) leaf.firstPage()]++);
        return nrLeaves;
    }

    /** Leaves, each with a reference to the folio. */
    int nrLeaves() {
        return (int) leaves.stream().filter(Leaf::isPresent).count();
    }

    /** Leaves as large as a folio of this order. */
    int nrEntire(int order) {
        return (int) leaves.stream()
                .filter(leaf -> leaf.isPresent() && leaf.order() == order)
                .count();
    }

    /** Pages that leaves smaller than a folio of this order map, each counted once per leaf. */
    int nrPagesMapped(int order) {
        return leaves.stream()
                .filter(leaf -> leaf.isPresent() && leaf.order() < order)
                .mapToInt(leaf -> 1 << leaf.order())
                .sum();
    }

    /** Flags that a file's folio has from leaves that are gone. */
    long gatheredFlags() {
        long flags = 0;
        for (Leaf leaf : leaves) {
            flags |= leaf.isDirty() ? PageFlag.DIRTY.mask() : 0;
            flags |= leaf.isAccessed() ? PageFlag.REFERENCED.mask() : 0;
        }
        return flags;
    }
}
