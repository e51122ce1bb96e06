/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Filling an address space and visiting what it has. */
@SuppressWarnings("NullAway.Init")
class AddressSpaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;

    private Quire engine;

    @BeforeEach
    void openEngine() {
        engine = open(HeadMapKind.HEAD_BITS);
    }

    /** Index and order of every cached folio. */
    private static List<String> folios(AddressSpace space) {
        List<String> folios = new ArrayList<>();
        space.forEachFolio((index, order, folio) -> folios.add(index + ":" + order));
        return folios;
    }

    @Test
    void aVisitorThatThrowsLeavesNoPin() {
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(PAGE);
            assertEquals(Errno.OK, space.populate(0, 1, 0));
            long[] visited = {0};
            assertThrows(
                    IllegalStateException.class,
                    () -> space.forEachFolio((index, order, folio) -> {
                        visited[0] = folio;
                        throw new IllegalStateException("enough");
                    }));
            assertEquals(1, engine.folios().references(visited[0]), "that of the index");
        }
    }

    /** Callers that never give their references back bring that about. */
    @Test
    void aFolioWithTooManyReferencesSaysSo() {
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(PAGE);
            assertEquals(Errno.OK, space.populate(0, 1, 0));
            long[] visited = {0};
            space.forEachFolio((index, order, folio) -> visited[0] = folio);
            References.add(visited[0], References.MAX - 1);
            assertEquals(
                    "too many references: folio=0x" + Long.toHexString(visited[0]) + ", held=" + References.MAX
                            + ", max=" + References.MAX,
                    assertThrows(IllegalStateException.class, () -> folios(space))
                            .getMessage());
            References.put(visited[0], References.MAX - 1);
            assertEquals(List.of("0:0"), folios(space));
        }
    }

    /** Somebody looks for a folio that was in the same place, and has yet to find out that this is another one. */
    @Test
    void aFolioThatAnotherHoldsForAMomentIsAdded() {
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4 * PAGE);
            long folio = engine.folios().allocate(2);
            assertEquals(folio, engine.folios().tryPinFolioOf(folio));
            assertEquals(Errno.OK, space.add(folio, 0));
            assertEquals(6, engine.folios().references(folio));
            engine.folios().unpin(folio);
            engine.folios().unpin(folio);
            assertThrows(IllegalArgumentException.class, () -> space.add(folio, 4), "it has an owner");
            space.punchHole(0, 4 * PAGE, SplitPolicies.RANGE);
            assertThrows(IllegalArgumentException.class, () -> space.add(folio, 4), "it is free");
        }
    }

    /** While the first folio of 8..31 is filled, somebody adds page 20: the folio of 16..31 no longer fits. */
    @Test
    void populateLeavesNoPageOutThoughAnotherAddsOneMeanwhile() throws IOException {
        CallingFile file = new CallingFile(new byte[32 * PAGE]);
        try (RcuReader reader = engine.newReader();
                OpenFile open = engine.pageCache().open(file, reader)) {
            AddressSpace space = open.file().space();
            file.callAt(CallingFile.Request.READ, () -> {
                long folio = engine.folios().allocate(0);
                assertEquals(Errno.OK, space.add(folio, 20));
                engine.folios().unpin(folio);
            });
            assertEquals(Errno.OK, space.populate(8, 24, 4));
            assertEquals(List.of("8:3", "16:2", "20:0", "21:0", "22:1", "24:3"), folios(space));
        }
    }

    @Test
    void pagesBeyondTheEndStayUntilTheSpaceIsCut() {
        try (AddressSpace space = engine.newSharedMemory()) {
            space.truncate(PAGE, SplitPolicies.RANGE);
            assertEquals(Errno.OK, space.allocateBeyondEnd(0, 16, 3));
            space.truncate(2 * PAGE, SplitPolicies.RANGE);
            assertEquals(List.of("0:3", "8:3"), folios(space), "a larger size cuts nothing");
            space.punchHole(12 * PAGE, PAGE, SplitPolicies.RANGE);
            assertEquals(List.of("0:3", "8:2", "13:0", "14:1"), folios(space), "nor does a split");
            space.truncate(2 * PAGE, SplitPolicies.RANGE);
            assertEquals(List.of("0:1"), folios(space), "the same size does");
            assertEquals(2, space.nrChargedPages());
        }
    }

    @Test
    void populateGoesAroundWhatIsInSwap() {
        try (AddressSpace space = engine.newSharedMemory()) {
            space.extend(32 * PAGE);
            assertEquals(Errno.OK, space.populate(4, 4, 2));
            space.forEachFolio((index, order, folio) -> {
                engine.folios().lock(folio);
                long slot = space.swapEntries().swapOut(folio);
                assertEquals(slot, engine.swapTable().remove(folio));
                engine.folios().unlock(folio);
            });
            assertEquals(Errno.OK, space.populate(0, 16, 4));
            assertEquals(List.of("0:2", "8:3"), folios(space));
            assertEquals(4, space.swapEntries().nrSwappedPages());
        }
    }
}
