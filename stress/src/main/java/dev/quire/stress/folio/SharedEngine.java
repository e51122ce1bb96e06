/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.stress.FolioSource;
import dev.quire.stress.PinCheck;
import dev.quire.stress.Slots;

/**
 * The engine of all states of a scenario, with one file in memory and one owner of anonymous memory. Each state has a
 * range of 8 indices for itself, in the file ({@link PageRange}) or in anonymous memory ({@link SwapRange}).
 */
final class SharedEngine {
    private static final int NR_SLOTS = 1 << 14;

    final HeadMapKind headMap;
    final Quire quire;
    final AddressSpace file;
    final AnonVma anonymous;
    final PinCheck check;

    /** Of the one actor that looks folios up by their index. */
    final FolioLookup lookup;

    /** Numbers of the ranges. */
    final Slots slots = new Slots(NR_SLOTS);

    private final FolioSource source;

    /** Opens the engine, with nothing in it. */
    SharedEngine(HeadMapKind headMap) {
        this.headMap = headMap;
        long sizeBytes = (long) NR_SLOTS * Geometry.bytesIn(PageRange.ORDER);
        quire = Quire.builder().capacityBytes(8 * sizeBytes).headMap(headMap).open();
        source = new FolioSource(quire);
        check = new PinCheck(quire, PageRange.ORDER);
        file = quire.newAddressSpace();
        file.extend(sizeBytes);
        anonymous = quire.newAnonVma();
        lookup = file.newLookup(quire.newReader());
    }

    /** A folio for a range; the caller has the only reference to it. */
    long allocate() {
        return source.allocate(PageRange.ORDER);
    }

    /** The folio that the index has at an index, whether it can be pinned or not. */
    long folioAt(long index) {
        file.index().lock();
        try {
            file.lockedCursor().set(index);
            return file.lockedCursor().load();
        } finally {
            file.index().unlock();
        }
    }
}
