/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Slots;

/**
 * One process with anonymous memory, of which each state of a scenario has a range of 64 pages for itself, in an arena
 * so small that a thread goes through all of its folios while one of them is being zeroed.
 */
final class PassedFolios {
    private static final int ORDER = 6;
    private static final int NR_SLOTS = 1 << 14;
    private static final long CAPACITY_BYTES = 64L << 20;
    private static final long START = 1L << 32;
    private static final LargeFolioOrders ORDERS = new LargeFolioOrders(1L << ORDER, 0);

    private final Quire quire =
            Quire.builder().capacityBytes(CAPACITY_BYTES).addressSpaces(1).open();
    private final Folios folios = quire.folios();
    private final AnonymousMemory memory = quire.newAnonymousMemory(SplitPolicies.UNIFORM, ORDERS);
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final Slots slots = new Slots(NR_SLOTS);

    PassedFolios() {
        int result = memory.map(START, NR_SLOTS * Geometry.bytesIn(ORDER), Protection.READ_WRITE);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot map the memory: result=" + Errno.name(result));
        }
    }

    /** A range that nobody has touched. */
    State take() {
        return new State();
    }

    /** A range. */
    final class State extends GuardedState {
        private final long address;

        /** What the fault has brought in; 0 before that, and if it was refused. */
        private volatile long broughtIn;

        private State() {
            super(slots.tryTake());
            address = START + slot() * Geometry.bytesIn(ORDER);
        }

        /** Brings the range in, and gives it up again; 1 if it was there, 0 if that was refused. */
        int fault(Progress faulter) {
            int seen = guard(() -> {
                int result = memory.faultIn(address, true);
                if (result == Errno.OK) {
                    long entry = memory.tables().newWalker(readers.get()).entry(address);
                    broughtIn = quire.arena().pageAt(PageTableEntry.pfn(entry));
                }
                return result == Errno.OK ? 1 : 0;
            });
            faulter.complete();
            guardAction(() -> memory.advise(address, Geometry.bytesIn(ORDER), Advice.DONT_NEED));
            return seen;
        }

        /**
         * Goes through all folios, as who looks for free ones does, until the fault is over, and holds each that
         * belongs to nobody yet until it does; 1 if one of them was what the fault brought in.
         */
        int passBy(Progress faulter) {
            return guard(() -> {
                long held = 0;
                long nrPages = quire.arena().nrPages();
                for (long pfn = 0; !faulter.isComplete(); pfn = (pfn + Geometry.pagesIn(ORDER)) % nrPages) {
                    long folio = folios.tryPinFolioOf(quire.arena().pageAt(pfn));
                    if (folio != 0) {
                        held = isNew(folio) ? folio : held;
                        while (isNew(folio) && !faulter.isComplete()) {
                            Thread.onSpinWait();
                        }
                        folios.unpin(folio);
                    }
                }
                return held != 0 && held == broughtIn ? 1 : 0;
            });
        }

        private boolean isNew(long folio) {
            return folios.order(folio) == ORDER && PageStruct.mapping(folio) == 0;
        }

        /** Gives the range to the next state; what actors have seen, or {@link #BROKEN}. */
        int recycle(int seen) {
            recycleSlot(slots, true);
            return verdict(seen, true);
        }
    }
}
