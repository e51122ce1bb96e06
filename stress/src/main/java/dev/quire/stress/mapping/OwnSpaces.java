/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An engine in which each state of a scenario has an address space for itself, with one page, which is closed, and a
 * second one that gets the struct of the first.
 */
final class OwnSpaces {
    private static final int NR_SPACES = 1 << 15;

    /** Where an address space has its first page, where others add one, and where its successor has its only page. */
    private static final int OWN_INDEX = 0;

    private static final int ADDED_INDEX = 1;
    private static final int SUCCESSOR_INDEX = 2;

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SPACES * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SPACES)
            .open();
    private final Folios folios = quire.folios();
    private final RcuReader readerOfUser = quire.newReader();
    private final AtomicLong nrTaken = new AtomicLong();

    /** The address space of a new state. */
    OwnSpace take() {
        return new OwnSpace(nrTaken.getAndIncrement());
    }

    private long newPage(long stamp) {
        long folio = folios.allocate(0);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = folios.allocate(0);
        }
        NativeMemory.setLong(quire.arena().frameOf(folio), stamp);
        return folio;
    }

    /** The address space of one state, and its successor. */
    final class OwnSpace {
        /** Found nothing. */
        static final int NOTHING = 0;

        /** Found the page of this address space; or added one. */
        static final int OWN = 1;

        /** Added a page that close has dropped since, or is going to. */
        static final int ADDED_BESIDE_CLOSE = 2;

        /** Was refused. */
        static final int REFUSED = 5;

        /** Found a page of somebody else, or the engine has lost count. */
        static final int WRONG = 9;

        private final long stamp;
        private final AddressSpace space = quire.newAddressSpace();
        private final FolioLookup lookup = space.newLookup(readerOfUser);
        private final long added;
        private @Nullable AddressSpace successor;

        private OwnSpace(long number) {
            stamp = number + 1;
            added = newPage(stamp);
            long own = newPage(stamp);
            requireOk(space.add(own, OWN_INDEX));
            folios.unpin(own);
        }

        private static void requireOk(int result) {
            if (result != Errno.OK) {
                throw new IllegalStateException("cannot add a page: result=" + Errno.name(result));
            }
        }

        /** A number that differs from state to state. */
        long number() {
            return stamp;
        }

        // ---- what the user does

        /** Looks for the page of this address space. */
        int lookUp() {
            return lookUp(OWN_INDEX);
        }

        private int lookUp(int index) {
            try {
                long folio = lookup.pin(index);
                if (folio == 0) {
                    return NOTHING;
                }
                boolean own = NativeMemory.getLong(quire.arena().frameOf(folio)) == stamp;
                folios.unpin(folio);
                return own ? OWN : WRONG;
            } catch (IllegalStateException e) {
                return REFUSED;
            }
        }

        /** Adds a page. */
        int add() {
            try {
                requireOk(space.add(added, ADDED_INDEX));
                return space.isClosed() ? ADDED_BESIDE_CLOSE : OWN;
            } catch (IllegalStateException e) {
                return REFUSED;
            }
        }

        /**
         * Looks where only the successor has a page, again and again until that is there: {@link #WRONG} if it was
         * seen.
         */
        int lookForSuccessor(Progress close) {
            boolean last;
            int seen;
            do {
                last = close.isComplete();
                seen = lookUp(SUCCESSOR_INDEX);
            } while (!last && seen != WRONG);
            return seen == REFUSED ? NOTHING : seen;
        }

        // ---- what the closer does

        /** Closes the address space, and opens another, which gets its struct. */
        void closeAndSucceed() {
            space.close();
            AddressSpace next = quire.newAddressSpace();
            successor = next;
            long folio = newPage(-stamp);
            requireOk(next.add(folio, SUCCESSOR_INDEX));
            folios.unpin(folio);
        }

        /** Whether the successor has just its own page, and the page that was added has come back; gives all back. */
        boolean recycle() {
            AddressSpace next = successor;
            if (next == null
                    || next.nrPages() != 1
                    || folios.references(added) != 1
                    || hasPage(next, ADDED_INDEX)
                    || !hasPage(next, SUCCESSOR_INDEX)) {
                return false;
            }
            folios.unpin(added);
            next.close();
            return true;
        }

        private static boolean hasPage(AddressSpace next, int index) {
            AtomicBoolean found = new AtomicBoolean();
            next.forEachFolio((start, order, folio) -> found.compareAndSet(false, start == index));
            return found.get();
        }
    }
}
