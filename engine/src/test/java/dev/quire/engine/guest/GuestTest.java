/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** A test on one guest memory, which is checked and closed at the end. */
@SuppressWarnings("NullAway.Init")
abstract class GuestTest extends WholeEngineTest {
    static final long PAGE = Geometry.PAGE_BYTES;
    static final long HUGE = 512;

    final RecordedMmu mmu = new RecordedMmu();
    Quire engine;
    GuestMemory guest;
    RcuReader reader;
    GuestAccess access;

    /** Opens memory of huge pages of 2 MiB. */
    final void open(GuestSplitPolicy policy, int nrHugePages) {
        open(policy, nrHugePages, Geometry.PMD_ORDER);
    }

    final void open(GuestSplitPolicy policy, int nrHugePages, int hugeOrder) {
        engine = open(HeadMapKind.HEAD_BITS);
        guest = engine.newGuestMemory(nrHugePages * Geometry.bytesIn(hugeOrder), hugeOrder, policy, mmu);
        reader = engine.newReader();
        access = guest.newAccess(reader);
    }

    /** Opens memory of huge pages of 2 MiB, all populated, each page stamped. */
    final void openPopulated(GuestSplitPolicy policy, int nrHugePages) {
        open(policy, nrHugePages);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        for (long index = 0; index < guest.endIndex(); index++) {
            stamp(index, stampFor(index));
        }
    }

    @AfterEach
    final void closeGuest() {
        if (guest != null) {
            failures.stop();
            mmu.whileZapping = () -> {};
            reader.close();
            guest.close();
        }
    }

    final void check() {
        GuestMemoryChecker.check(guest, engine.arena(), engine.folios());
    }

    // ---- conversions in pages

    final ConversionResult toShared(long index, long nrPages) {
        return guest.convertToShared(index * PAGE, nrPages * PAGE);
    }

    final ConversionResult toPrivate(long index, long nrPages) {
        return guest.convertToPrivate(index * PAGE, nrPages * PAGE);
    }

    static ConversionResult refused(int error, long index) {
        return new ConversionResult(error, index * PAGE);
    }

    /** Whether a page is being converted or dropped. */
    final boolean isInvalidated(long index) {
        return guest.isInvalidated(guest.invalidateSequence(), index, index + 1);
    }

    // ---- pins

    final long pinShared(long index) {
        long folio = access.hostFault(index);
        assertTrue(folio > 0, () -> "host fault at " + index + ": " + folio);
        return folio;
    }

    final long pinPrivate(long index) {
        long folio = access.guestFault(index, true);
        assertTrue(folio > 0, () -> "guest fault at " + index + ": " + folio);
        return folio;
    }

    final void unpin(long folio) {
        engine.folios().unpin(folio);
    }

    // ---- what is there

    /** Orders of the folios in order of their index, in runs as 3x0; huge pages that are not there as "-". */
    final String layout() {
        List<String> runs = new ArrayList<>();
        long[] state = {0, -1, 0};
        guest.forEachFolio((index, order, folio) -> {
            if (index > state[0]) {
                endRun(runs, state);
                runs.add("-");
            }
            if (order != state[1]) {
                endRun(runs, state);
                state[1] = order;
            }
            state[2]++;
            state[0] = index + Geometry.pagesIn(order);
        });
        endRun(runs, state);
        if (state[0] < guest.endIndex()) {
            runs.add("-");
        }
        return String.join(" ", runs);
    }

    private static void endRun(List<String> runs, long[] state) {
        if (state[2] > 0) {
            runs.add(state[2] == 1 ? Long.toString(state[1]) : state[2] + "x" + state[1]);
        }
        state[1] = -1;
        state[2] = 0;
    }

    final String attributes() {
        return guest.layout().attributes().toString();
    }

    /** All that a failed operation must leave as it was. */
    final String state() {
        return layout() + " | " + attributes() + " | nodes " + nrNodes() + ", pages " + guest.nrPages();
    }

    final long nrNodes() {
        engine.awaitReclaim();
        return engine.nodes().nrInUse();
    }

    final long nrFolios() {
        long[] count = {0};
        guest.forEachFolio((index, order, folio) -> count[0]++);
        return count[0];
    }

    /** Handle of the page at an index, without a pin; 0 if it is not there. */
    final long page(long index) {
        guest.index().lock();
        try {
            XaCursor cursor = guest.lockedCursor();
            cursor.set(index);
            long folio = cursor.load();
            return folio == 0 ? 0 : folio + (index - PageStruct.index(folio)) * PageStruct.BYTES;
        } finally {
            guest.index().unlock();
        }
    }

    static long stampFor(long index) {
        return 0x5eed_0000_0000L + index;
    }

    final void stamp(long index, long stamp) {
        NativeMemory.setLong(engine.arena().frameOf(page(index)) + (index % HUGE) * Long.BYTES, stamp);
    }

    final long stampAt(long index) {
        return NativeMemory.getLong(engine.arena().frameOf(page(index)) + (index % HUGE) * Long.BYTES);
    }

    final void assertStamped() {
        for (long index = 0; index < guest.endIndex(); index++) {
            assertEquals(stampFor(index), stampAt(index), "stamp of page " + index);
        }
    }
}
