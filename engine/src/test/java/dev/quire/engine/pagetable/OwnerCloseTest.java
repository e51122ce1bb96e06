/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Owners of folios are not closed while page tables may show their pages, and get no region once they are. */
class OwnerCloseTest extends WholeEngineTest {
    private static final String SPACE_IN_USE = "the address space still has regions: regions=";
    private static final String OWNER_IN_USE = "the owner still has regions: regions=";

    private static void assertRefused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalStateException.class, call).getMessage());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anAddressSpaceThatIsMappedStaysAsItIs(boolean sharedMemory) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        AddressSpace space = sharedMemory ? engine.newSharedMemory() : engine.newAddressSpace();
        space.extend(512 << 12);
        assertEquals(Errno.OK, space.populate(0, 512, 9));
        try (PageTables tables = engine.newPageTables();
                PageTables other = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            Region region = tables.addRegion(0, 512, space, 0);
            Region others = other.addRegion(1 << 30, 100, space, 50);
            long folio = space.newLookup(reader).pin(0);
            folios.lock(folio);
            assertEquals(Errno.OK, tables.mapHuge(0, folio, 0, 9, false));
            folios.unlock(folio);

            assertRefused(SPACE_IN_USE + 2, space::close);
            assertFalse(space.isClosed());
            assertEquals(512, space.nrPages());
            assertEquals(1, FolioMapcounts.entire(folio));
            region.close();
            assertRefused(SPACE_IN_USE + 1, space::close);
            folios.unpin(folio);
            others.close();
            space.close();
            assertTrue(space.isClosed());
            space.close();
            assertNull(tables.regionAt(0));
        }
    }

    /** The next owner may get the same struct, and with it the same mapping word. */
    @Test
    void aClosedOwnerGetsNoRegionEvenIfItsStructServesAnother() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        AddressSpace closedSpace = engine.newAddressSpace();
        closedSpace.close();
        AnonVma closedOwner = engine.newAnonVma();
        closedOwner.close();
        assertTrue(closedOwner.isClosed());
        try (AddressSpace space = engine.newAddressSpace();
                PageTables tables = engine.newPageTables()) {
            assertEquals(closedSpace.address(), space.address(), "the struct is used again");
            String refusal = "the owner of the region's pages is closed: owner=0x";
            assertRefused(
                    refusal + Long.toHexString(closedSpace.address()), () -> tables.addRegion(0, 16, closedSpace, 0));
            assertRefused(
                    refusal + Long.toHexString(closedOwner.mappingWord()),
                    () -> tables.addRegion(0, 16, closedOwner, 0));
            assertNull(tables.regionAt(0));
            tables.addRegion(0, 16, space, 0);
            assertRefused(SPACE_IN_USE + 1, space::close);
        }
    }

    @Test
    void aClosedOwnerAdoptsNothing() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        AnonVma owner = engine.newAnonVma();
        try (PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 16, owner, 0);
            assertRefused(OWNER_IN_USE + 1, owner::close);
            assertFalse(owner.isClosed());
        }
        owner.close();
        long folio = engine.folios().allocate(4);
        assertThrows(IllegalStateException.class, () -> owner.adopt(folio, 0));
        assertEquals(1, engine.folios().references(folio));
        engine.folios().unpin(folio);
    }

    @Test
    void adoptedFoliosAreCountedAsAnonymousUntilTheyAreFreed() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AnonVma owner = engine.newAnonVma()) {
            long folio = engine.folios().allocate(9);
            owner.adopt(folio, 512);
            assertEquals(1, engine.accounting().counters().nrAnonymous(9));
            engine.folios().unpin(folio);
            assertEquals(0, engine.accounting().counters().nrAnonymous(9));
        }
    }

    /** Either the region comes first and closing is refused, or the owner is closed first and the region is. */
    @Test
    void closingBesideAddingARegionRefusesOneOfThem() throws Exception {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (PageTables tables = engine.newPageTables()) {
            int nrRefusedCloses = 0;
            for (int round = 0; round < 2000; round++) {
                AddressSpace space = engine.newAddressSpace();
                FutureTask<Boolean> adding = new FutureTask<>(() -> succeeds(() -> tables.addRegion(0, 16, space, 0)));
                Thread thread = new Thread(adding);
                thread.start();
                boolean closed = succeeds(space::close);
                assertEquals(!closed, adding.get());
                if (!closed) {
                    nrRefusedCloses++;
                    Region region = tables.regionAt(0);
                    assertEquals(16, region == null ? 0 : region.nrPages());
                    if (region != null) {
                        region.close();
                    }
                    space.close();
                }
                assertNull(tables.regionAt(0));
            }
            assertTrue(nrRefusedCloses < 2000, "closing came first at least once");
        }
    }

    /** Whoever walks over all regions of an owner meets none of tables whose locks are refused. */
    @Test
    void splitsGoOnBesideRegionsThatClosedTablesRefuse() throws Exception {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        AnonVma owner = engine.newAnonVma();
        long folio = folios.allocate(2);
        owner.adopt(folio, 0);
        PageTables dead = engine.newPageTables();
        dead.close();
        AtomicBoolean done = new AtomicBoolean();
        FutureTask<Integer> adding = new FutureTask<>(() -> {
            int nrAdded = 0;
            while (!done.get()) {
                nrAdded += succeeds(() -> dead.addRegion(0, 16, owner, 0)) ? 1 : 0;
            }
            return nrAdded;
        });
        try (PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            tables.addRegion(0, 4, owner, 0);
            assertEquals(Errno.OK, tables.map(0, folio, 0, 4, true));
            new Thread(adding).start();
            try {
                for (int round = 0; round < 5000; round++) {
                    folios.lock(folio);
                    assertEquals(
                            Errno.OK,
                            engine.splitter()
                                    .split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, true));
                    assertEquals(Errno.OK, engine.merger().merge(folio, 2));
                    folios.unlock(folio);
                }
            } finally {
                done.set(true);
                assertEquals(0, adding.get());
            }
            PageWalker walker = tables.newWalker(reader);
            long page = walker.pinOrFault(3 << 12, true, (faulting, address, forWriting) -> false);
            assertEquals(folio + 3 * PageStruct.BYTES, page);
            walker.unpin(page);
        }
        folios.unpin(folio);
        owner.close();
    }

    private static boolean succeeds(Runnable call) {
        try {
            call.run();
            return true;
        } catch (IllegalStateException refused) {
            return false;
        }
    }
}
