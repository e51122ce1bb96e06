/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.mapping.SharedMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.GuardedState;
import dev.quire.stress.SlotStates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;

/**
 * A page cache with many files of 8 pages, of which each state of a scenario has one for itself, cached in one folio of
 * order 3. Every 8 bytes of a page are a number that no other page has, nor the same page in another state.
 */
final class LargeFiles {
    /** Log2 pages of the folio. */
    static final int ORDER = 3;

    /** Pages of a file. */
    static final int NR_PAGES = 1 << ORDER;

    /** Bytes of a file. */
    static final int BYTES = NR_PAGES * Geometry.PAGE_BYTES;

    private static final int NR_SLOTS = 1 << 14;
    private static final int SLOT_SHIFT = 4;
    private static final int GENERATION_SHIFT = 32;

    private final boolean swapBacked;
    private final Quire quire = Quire.builder()
            .capacityBytes(8L * NR_SLOTS * BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .pageCacheOrder(ORDER)
            .open();

    /** For whoever makes states, or looks at them afterwards. */
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);

    private final ThreadLocal<long[]> buffers = ThreadLocal.withInitial(() -> new long[BYTES / Long.BYTES]);

    /** For the two actors. */
    private final RcuReader readerOfReader = quire.newReader();

    private final RcuReader readerOfWriter = quire.newReader();

    private final SlotStates<LargeFile> files;

    private LargeFiles(boolean swapBacked) {
        this.swapBacked = swapBacked;
        files = new SlotStates<>(NR_SLOTS, this::newFile);
    }

    /** Files that have what their folio has. */
    static LargeFiles backed() {
        return new LargeFiles(false);
    }

    /** Shared memory, without a swap area. */
    static LargeFiles inMemory() {
        return new LargeFiles(true);
    }

    /** The file of a new state. */
    LargeFile take() {
        LargeFile file = files.take();
        file.guardChange(file::fill);
        return file;
    }

    private LargeFile newFile(int slot) {
        try {
            return new LargeFile(slot);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The file of one state after another. Its reader reads on from one page, and its writer makes one of four cuts.
     */
    final class LargeFile extends GuardedState {
        /** Read all the bytes that were there at first. */
        static final int OLD = 1;

        /** Of what was cut, read zeroes, or that the file ends before; of the rest, all. */
        static final int CUT = 2;

        /** Of what was cut, read something and something not; of the rest, all. */
        static final int HALF_CUT = 3;

        /** Read no further than into what was not cut. */
        static final int SHORT = 8;

        /** Read bytes that are not its page's, or more than there are. */
        static final int WRONG = 9;

        /** Added to what was read if the reader came while the folio was frozen. */
        private static final int CAME_FROZEN = 10;

        private static final int SPLIT_AT = 2;
        private static final int[] CUT_STARTS = {
            4 * Geometry.PAGE_BYTES,
            2 * Geometry.PAGE_BYTES + Geometry.PAGE_BYTES / 2,
            Geometry.PAGE_BYTES + Geometry.CACHE_LINE_BYTES,
            3 * Geometry.PAGE_BYTES
        };
        private static final int[] HOLE_ENDS = {
            BYTES,
            5 * Geometry.PAGE_BYTES + Geometry.PAGE_BYTES / 4,
            2 * Geometry.PAGE_BYTES - Geometry.CACHE_LINE_BYTES,
            4 * Geometry.PAGE_BYTES
        };

        private final int fromBytes;
        private final int cutStart;
        private final int holeEnd;
        private final OpenFile ofReader;
        private final OpenFile ofWriter;
        private final Opener opener;
        private long generation;
        private long folio;

        private LargeFile(int slot) throws IOException {
            super(slot);
            // In the first half: what takes long to copy is more often changed meanwhile.
            fromBytes = slot % NR_PAGES / 2 * Geometry.PAGE_BYTES;
            int cut = slot / NR_PAGES % CUT_STARTS.length;
            cutStart = CUT_STARTS[cut];
            holeEnd = HOLE_ENDS[cut];
            opener = newOpener();
            ofReader = opener.open(readerOfReader);
            ofWriter = opener.open(readerOfWriter);
        }

        private Opener newOpener() {
            if (swapBacked) {
                SharedMemory memory = quire.pageCache().newSharedMemory(0);
                return memory::open;
            }
            StampedFile file = new StampedFile();
            return reader -> quire.pageCache().open(file, reader);
        }

        private void fill() throws IOException {
            generation++;
            long[] bytes = buffers.get();
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = stampAt(at);
            }
            try (OpenFile opened = opener.open(readers.get())) {
                opened.truncate(0);
                folio = 0;
                opened.write(MemorySegment.ofArray(bytes), 0);
                opened.sync();
                opened.forEachFolio((index, order, head) -> folio = order == ORDER ? head : 0);
            }
            if (folio == 0) {
                throw new IllegalStateException("the file is not in one folio: slot=" + slot());
            }
        }

        /** What the file has in its 8 bytes of a number. */
        private long stampAt(int at) {
            long page = ((long) at * Long.BYTES) >>> Geometry.PAGE_SHIFT;
            return (generation << GENERATION_SHIFT) | ((slot() + 1L) << SLOT_SHIFT) | page;
        }

        /**
         * How much later than the writer the reader comes: a number that has nothing to do with its page and the cut.
         */
        int delay() {
            return slot() / (NR_PAGES * CUT_STARTS.length);
        }

        // ---- what the reader does

        /** Reads a page, so that what follows is read on. */
        void readOnePage() {
            read(ofReader, fromBytes, Geometry.PAGE_BYTES, new Change(0, BYTES, BYTES, BYTES));
        }

        /** Reads on from the state's page, while nothing is cut: {@link #OLD} is all that there should be. */
        int readOn() {
            return readBeside(new Change(0, BYTES, BYTES, BYTES));
        }

        /** The same, whether the folio is frozen or not. */
        int readUnlessEvicted() {
            return read(ofReader, fromBytes, BYTES, new Change(0, BYTES, BYTES, BYTES));
        }

        /** Reads on from the state's page beside the hole, or after it. */
        int readBesideHole() {
            return readBeside(new Change(cutStart, holeEnd, BYTES, BYTES));
        }

        /**
         * Reads on from the state's page beside the truncation; every other time when the file is cut off, and the
         * cache is next.
         */
        int readBesideTruncation() {
            if (delay() % 2 == 1) {
                SlowFile.transfer();
            }
            return readBeside(new Change(cutStart, BYTES, cutStart, BYTES));
        }

        /** Reads on from the state's page after the truncation. */
        int readTruncated() {
            return read(ofReader, fromBytes, BYTES, new Change(cutStart, BYTES, cutStart, cutStart));
        }

        private int readBeside(Change change) {
            int cameFrozen = guard(() -> isFrozen() ? CAME_FROZEN : 0);
            int seen = read(ofReader, fromBytes, BYTES, change);
            return isBroken() ? BROKEN : seen + cameFrozen;
        }

        /** Whether the folio is frozen, or free. */
        private boolean isFrozen() {
            return quire.folios().references(folio) == 0;
        }

        // ---- what the writer does

        void punchHole() {
            guardChange(() -> ofWriter.punchHole(cutStart, holeEnd - cutStart));
        }

        void truncate() {
            guardChange(() -> ofWriter.truncate(cutStart));
        }

        /** Splits the folio; 0 or an error number. */
        int split() {
            return guard(this::splitFolio);
        }

        private int splitFolio() {
            Folios folios = quire.folios();
            long pinned = folios.tryPinFolioOf(folio);
            folios.lock(pinned);
            int result = quire.splitter().splitNonUniform(pinned, pinned + SPLIT_AT * PageStruct.BYTES, 0);
            folios.unlock(pinned);
            folios.unpin(pinned);
            return result;
        }

        /** Evicts the folio: how many pages were. */
        int evict() {
            return guard(() -> {
                try {
                    return (int) ofWriter.evict(0, BYTES);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        private void guardChange(FileChange change) {
            guardAction(() -> {
                try {
                    change.make();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        // ---- afterwards

        /** Reads all, where a hole was punched. */
        int readAllAroundHole() {
            return readAll(new Change(cutStart, holeEnd, BYTES, BYTES));
        }

        /** Reads all, of which nothing was cut. */
        int readAll() {
            return readAll(new Change(0, BYTES, BYTES, BYTES));
        }

        /** Grows the file to its old size, and reads all. */
        int growAndReadAll() {
            guardChange(() -> {
                try (OpenFile opened = opener.open(readers.get())) {
                    opened.truncate(BYTES);
                }
            });
            return readAll(new Change(cutStart, BYTES, BYTES, BYTES));
        }

        private int readAll(Change change) {
            try (OpenFile opened = opener.open(readers.get())) {
                return read(opened, 0, BYTES, change);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Gives the file to the next state, unless the engine has left it in disorder; then it is not used again. */
        void recycle(boolean inOrder) {
            files.recycle(this, inOrder);
        }

        /** Reads a range, and says what was seen of what has changed. */
        private int read(OpenFile opened, int offsetBytes, int maximum, Change change) {
            return guard(() -> {
                try {
                    return copyOut(opened, offsetBytes, maximum, change);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        private int copyOut(OpenFile opened, int offsetBytes, int maximum, Change change) throws IOException {
            long[] bytes = buffers.get();
            int wanted = Math.min(maximum, BYTES - offsetBytes);
            int nrRead = (int) Math.max(opened.read(MemorySegment.ofArray(bytes).asSlice(0, wanted), offsetBytes), 0);
            if (nrRead < Math.clamp(change.leastSize - offsetBytes, 0, wanted)) {
                return SHORT;
            }
            return nrRead > Math.clamp(change.greatestSize - offsetBytes, 0, wanted)
                    ? WRONG
                    : judge(bytes, offsetBytes, nrRead, wanted, change);
        }

        private int judge(long[] bytes, int offsetBytes, int nrRead, int wanted, Change change) {
            int nrOld = 0;
            int nrCut = 0;
            for (int at = 0; at < wanted; at += Long.BYTES) {
                int place = offsetBytes + at;
                boolean mayBeCut = change.start <= place && place < change.end;
                if (at < nrRead && bytes[at / Long.BYTES] == stampAt(place / Long.BYTES)) {
                    nrOld += mayBeCut ? 1 : 0;
                } else if (mayBeCut && (at >= nrRead || bytes[at / Long.BYTES] == 0)) {
                    nrCut++;
                } else {
                    return WRONG;
                }
            }
            return nrOld == 0 ? CUT : nrCut == 0 ? OLD : HALF_CUT;
        }
    }

    /** What has changed, or is just changing: from {@code start} to {@code end} the file may be zero, or end. */
    private record Change(int start, int end, int leastSize, int greatestSize) {}

    /** Changes a file. */
    @FunctionalInterface
    private interface FileChange {
        void make() throws IOException;
    }

    /** Opens a file for one thread. */
    @FunctionalInterface
    private interface Opener {
        OpenFile open(RcuReader reader) throws IOException;
    }
}
