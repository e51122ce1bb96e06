/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.FolioSource;
import dev.quire.stress.PinCheck;
import dev.quire.stress.Progress;
import dev.quire.stress.Slots;

/**
 * One file in memory, of which each state of a scenario has a range of 8 pages for itself, cached in one folio of order
 * 3. Every page frame is stamped with its index in the file, so that a reader can tell whose bytes it reads.
 *
 * <p>Splits are non-uniform around page 2: into folios over pages 0-1, 2, 3 and 4-7. Holes are pages 4-7.
 */
final class CachedFolios {
    /** Log2 pages of each state's folio. */
    static final int ORDER = 3;

    private static final long FOREIGN = -1;
    private static final int NR_SLOTS = 1 << 14;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int SPLIT_AT = 2;
    private static final int HOLE = NR_PAGES / 2;

    private final PageArena arena;
    private final Folios folios;
    private final FolioSplitter splitter;
    private final AddressSpace file;
    private final RcuReader reader;
    private final FolioLookup lookup;
    private final PinCheck check;
    private final FolioSource source;

    /** Numbers of the ranges. */
    final Slots slots = new Slots(NR_SLOTS);

    /** Makes an empty file. */
    CachedFolios(HeadMapKind headMap) {
        Quire quire = Quire.builder()
                .capacityBytes(8L * NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES)
                .headMap(headMap)
                .open();
        arena = quire.arena();
        folios = quire.folios();
        splitter = quire.splitter();
        file = quire.newAddressSpace();
        file.extend((long) NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES);
        reader = quire.newReader();
        lookup = file.newLookup(reader);
        check = new PinCheck(quire, ORDER);
        source = new FolioSource(quire);
    }

    // ---- the state

    /** Makes a folio for the range of a new state; the caller has the only reference to it. */
    long allocate(int slot) {
        long folio = source.allocate(ORDER);
        check.stamp(folio, stampOf(baseOf(slot)));
        return folio;
    }

    /** Caches a folio in a state's range. */
    void add(long folio, long base) {
        int result = file.add(folio, base);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot cache the folio: result=" + Errno.name(result));
        }
    }

    /** First index of a state's range. */
    static long baseOf(int slot) {
        return (long) slot << ORDER;
    }

    /** Gives the caller's reference to a folio back. */
    void unpin(long folio) {
        folios.unpin(folio);
    }

    /** The same; false if the engine has lost the reference. */
    boolean tryUnpin(long folio) {
        return check.unpin(folio);
    }

    /** Drops what is cached in a state's range. */
    void drop(long base) {
        punchHole(base, 0, NR_PAGES);
    }

    // ---- what writers do

    /** Splits the folio; 0 or an error number. */
    int split(long folio) {
        folios.lock(folio);
        int result = splitter.splitNonUniform(folio, folio + SPLIT_AT * PageStruct.BYTES, 0);
        folios.unlock(folio);
        return result;
    }

    /** Punches the hole. */
    void punchHole(long base) {
        punchHole(base, HOLE, NR_PAGES - HOLE);
    }

    /** Drops what is cached in a range, and makes a folio for other bytes; the caller has the only reference to it. */
    long dropAndAllocate(long base) {
        punchHole(base, 0, NR_PAGES);
        long other = source.allocate(ORDER);
        for (int page = 0; page < NR_PAGES; page++) {
            NativeMemory.setLong(frame(other, page), FOREIGN);
        }
        return other;
    }

    private void punchHole(long base, int firstPage, int nrPages) {
        file.punchHole(
                (base + firstPage) << Geometry.PAGE_SHIFT, (long) nrPages << Geometry.PAGE_SHIFT, SplitPolicies.RANGE);
    }

    // ---- what readers do

    /** Whether a folio is frozen, or free. */
    boolean isFrozen(long folio) {
        return folios.references(folio) == 0;
    }

    /** The page of a state's range that its reader looks for: all of them in turn. */
    static int pageOf(int slot) {
        return slot & (NR_PAGES - 1);
    }

    /** Pins the folio that covers a page of a range, by its index, and lets go of it. */
    int lookUp(long base, int page) {
        return inspect(lookup.pin(base + page), base, page);
    }

    /** Pins the folio that holds a page, by the page itself, and lets go of it. */
    int pinFolioOf(long folio, long base, int page) {
        return inspect(folios.tryPinFolioOf(folio + (long) page * PageStruct.BYTES), base, page);
    }

    /**
     * Finds a page by its index and reads its bytes without a pin, in one read section, before and after the writer has
     * done its part.
     */
    int readUnpinned(long base, int page, Progress writer) {
        reader.enter();
        try {
            long head = file.index().load(reader, base + page);
            if (head == 0) {
                return PinCheck.NOTHING;
            }
            long frame = frame(head, page);
            boolean ownBytes = NativeMemory.getLongOpaque(frame) == stampOf(base + page);
            writer.await();
            return ownBytes && NativeMemory.getLongOpaque(frame) == stampOf(base + page)
                    ? PinCheck.WHOLE
                    : PinCheck.WRONG;
        } finally {
            reader.exit();
        }
    }

    private int inspect(long head, long base, int page) {
        int seen = check.inspectAndUnpin(head, base + page, stampOf(base + page));
        if (seen != PinCheck.ZEROED) {
            return seen;
        }
        // A hole in a folio that cannot be split, because somebody has pinned it, is filled with zeroes.
        return isInHole(page) ? PinCheck.WHOLE : PinCheck.WRONG;
    }

    /** What the frame of a page holds: no other page's is the same, and none is 0. */
    private static long stampOf(long index) {
        return index + 1;
    }

    /** Whether a page of a range is where holes are punched. */
    static boolean isInHole(int page) {
        return page >= HOLE;
    }

    private long frame(long head, int page) {
        return arena.frameOf(head) + (long) page * Geometry.PAGE_BYTES;
    }
}
