/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.LruVectorStruct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What reclaim takes, and what it leaves. */
@SuppressWarnings("NullAway.Init")
class PageCacheReclaimTest extends OpenFilesTest {
    private static final int ORDER = 9;
    private static final int NR_PAGES = 1 << ORDER;

    private final byte[] content = bytes(NR_PAGES * PAGE, 1);
    private MemoryFile memory;
    private OpenFile file;

    @BeforeEach
    void openFile() throws IOException {
        memory = new MemoryFile(content);
        file = engine.pageCache().open(memory, reader);
    }

    @AfterEach
    void closeFile() throws IOException {
        file.close();
    }

    private void read(int page, int nrPages) throws IOException {
        assertEquals(
                (long) nrPages * PAGE, file.read(MemorySegment.ofArray(new byte[nrPages * PAGE]), (long) page * PAGE));
    }

    /** Caches the file in one folio that nobody seems to have used. */
    private void cacheAsOneUnusedFolio() throws IOException {
        assertEquals(0, file.file().space().populate(0, NR_PAGES, ORDER));
        assertEquals(List.of("0:9"), folios());
    }

    /** Index and order of every cached folio. */
    private List<String> folios() throws IOException {
        List<String> folios = new ArrayList<>();
        file.forEachFolio((index, order, folio) -> folios.add(index + ":" + order));
        return folios;
    }

    @Test
    void ofAFolioOfWhichOnePartIsUsedTheRestIsTaken() throws IOException {
        cacheAsOneUnusedFolio();
        read(100, 1);
        // One 64th of the folio is 8 pages.
        assertEquals(NR_PAGES - 8, engine.pageCache().reclaim(1));
        assertEquals(List.of("96:3"), folios());
        assertEquals(0, engine.accounting().lru().nrPages(LruList.ACTIVE_FILE));
        assertEquals(8, engine.accounting().lru().nrPages(LruList.INACTIVE_FILE));
    }

    /** Folios 0 and 1 are used as a whole, once and again; of folio 2 every part is unused. */
    @Test
    void whatWasUsedAsAWholeStaysLongerThanWhatWasNot() throws IOException {
        memory = new MemoryFile(new byte[4 * 64 * PAGE]);
        try (OpenFile used = engine.pageCache().open(memory, reader)) {
            assertEquals(0, used.file().space().populate(0, 3 * 64, 6));
            MemorySegment into = MemorySegment.ofArray(new byte[64 * PAGE]);
            for (int folio : new int[] {1, 0, 1}) {
                assertEquals(into.byteSize(), used.read(into, folio * into.byteSize()));
            }
            assertEquals(64, engine.pageCache().reclaim(1), "folio 2 alone");
            List<Long> left = new ArrayList<>();
            used.forEachFolio((index, order, folio) -> left.add(index));
            assertEquals(List.of(0L, 64L), left);
            assertEquals(64, engine.accounting().lru().nrPages(LruList.ACTIVE_FILE), "used again");
            assertEquals(64, engine.accounting().lru().nrPages(LruList.INACTIVE_FILE), "used once");
            assertEquals(64, engine.pageCache().reclaim(1), "nobody has used it since");
            assertEquals(64, engine.pageCache().reclaim(1), "active ones go last");
            assertEquals(0, engine.pageCache().reclaim(1));
        }
    }

    /**
     * The lock of the lists is one for all: who reads what is cached must not wait for it, whatever reclaim is told.
     */
    @Test
    void usesOfCachedPagesTakeNoLockOfTheLists() throws IOException {
        assertEquals(0, file.file().space().populate(0, 2, 0));
        long lock = LruVectorStruct.lock(engine.arena().lruBase());
        SpinLock.lock(lock);
        try {
            assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
                try (RcuReader own = engine.newReader();
                        OpenFile other = engine.pageCache().open(memory, own)) {
                    MemorySegment into = MemorySegment.ofArray(new byte[PAGE]);
                    for (int use = 0; use < 10; use++) {
                        assertEquals(PAGE, other.read(into, (long) (use & 1) * PAGE));
                    }
                }
            });
        } finally {
            SpinLock.unlock(lock);
        }
        assertEquals(2, engine.accounting().lru().nrPages(LruList.INACTIVE_FILE));
        file.file().space().populate(2, 1, 0);
        assertEquals(1, engine.pageCache().reclaim(1));
        assertEquals(2, engine.accounting().lru().nrPages(LruList.ACTIVE_FILE), "now reclaim has moved them");
    }

    /**
     * The parts that were used are the first and the last: there is no rest to take, and the folio counts as a whole.
     */
    @Test
    void aFolioThatWasUsedAgainAtBothEndsStaysLongerThanOneUsedOnce() throws IOException {
        cacheAsOneUnusedFolio();
        read(0, 1);
        try (OpenFile again = engine.pageCache().open(memory, reader);
                OpenFile once = engine.pageCache().open(new MemoryFile(new byte[64 * PAGE]), reader)) {
            again.view((NR_PAGES - 1) * PAGE).close();
            assertEquals(0, once.file().space().populate(0, 64, 6));
            assertEquals(64 * PAGE, once.read(MemorySegment.ofArray(new byte[64 * PAGE]), 0));
            assertEquals(64, engine.pageCache().reclaim(1));
            assertEquals(0, once.nrCachedPages());
        }
        assertEquals(List.of("0:9"), folios());
        assertEquals(NR_PAGES, engine.accounting().lru().nrPages(LruList.ACTIVE_FILE));
    }

    /** One read of three times the memory there is: no byte is read from the file twice. */
    @Test
    void aReadLargerThanMemoryReadsTheFileOnce() throws IOException {
        long[] nrBytesRead = {0};
        MemoryFile counting = new MemoryFile(new byte[3 << 20]) {
            @Override
            public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
                int before = into.position();
                super.read(into, offsetBytes);
                nrBytesRead[0] += into.position() - before;
            }
        };
        Quire small = open(Quire.builder().capacityBytes(1 << 20));
        try (RcuReader own = small.newReader();
                OpenFile large = small.pageCache().open(counting, own)) {
            assertEquals(3 << 20, large.read(MemorySegment.ofArray(new byte[3 << 20]), 0));
        }
        assertEquals(3 << 20, nrBytesRead[0]);
    }

    @Test
    void evictingTakesPagesThatAreInTheRangeAsAWholeOrToTheEndOfTheFile() throws IOException {
        memory = new MemoryFile(new byte[10 * PAGE + 7]);
        try (OpenFile small = engine.pageCache().open(memory, reader)) {
            assertEquals(0, small.file().space().populate(0, 11, 0));
            assertEquals(0, small.evict(PAGE + 1, PAGE));
            assertEquals(2, small.evict(PAGE - 1, 2 * PAGE + 2));
            assertEquals(0, small.evict(10 * PAGE, 6));
            assertEquals(1, small.evict(10 * PAGE, 7));
            assertEquals(0, small.evict(20 * PAGE, 7));
            assertEquals(8, small.evict(0, Integer.MAX_VALUE));
            assertEquals(0, small.nrCachedPages());
        }
    }

    @Test
    void theRestIsWrittenBackBeforeItIsTaken() throws IOException {
        cacheAsOneUnusedFolio();
        byte[] change = new byte[] {1, 2, 3};
        file.write(ByteBuffer.wrap(change), 0);
        System.arraycopy(change, 0, content, 0, change.length);
        // The write used the first part; all is dirty, as the folio was.
        assertEquals(NR_PAGES - 8, engine.pageCache().reclaim(NR_PAGES - 8));
        assertEquals(List.of("0:3"), folios());
        file.sync();
        assertArrayEquals(content, memory.content());
    }

    @Test
    void anUnusedFolioIsTakenWhole() throws IOException {
        cacheAsOneUnusedFolio();
        assertEquals(NR_PAGES, engine.pageCache().reclaim(1));
        assertEquals(List.of(), folios());
    }

    @Test
    void whatWasUsedTwiceStaysLongest() throws IOException {
        for (int page = 0; page < NR_PAGES; page += 2) {
            assertEquals(0, file.file().space().populate(page, 1, 0));
        }
        read(10, 1);
        read(20, 1);
        read(10, 1);
        assertTrue(engine.pageCache().reclaim(NR_PAGES / 2 - 1) >= NR_PAGES / 2 - 1);
        assertEquals(List.of("10:0"), folios());
        assertEquals(1, engine.accounting().lru().nrPages(LruList.ACTIVE_FILE));
        assertEquals(1, engine.pageCache().reclaim(1));
        assertEquals(0, engine.pageCache().reclaim(1));
    }

    @Test
    void whatIsPinnedIsLeft() throws IOException {
        cacheAsOneUnusedFolio();
        try (FolioView view = file.view(0)) {
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(content[0], view.bytes().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
        }
        assertEquals(NR_PAGES, engine.pageCache().reclaim(NR_PAGES));
    }

    @Test
    void foliosOfFilesThatExistInMemoryOnlyAreLeft() throws IOException {
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(PAGE);
            space.populate(0, 1, 0);
            space.forEachFolio(
                    (index, order, folio) -> engine.accounting().lru().add(folio));
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(1, space.nrPages());
        }
    }

    @Test
    void partsAre64thsOfTheFolioOrPages() {
        assertEquals(1, FolioUse.allParts(0));
        assertEquals(0b1111, FolioUse.allParts(2));
        assertEquals(-1, FolioUse.allParts(6));
        assertEquals(-1, FolioUse.allParts(Geometry.MAX_ORDER));
        assertEquals(3, FolioUse.firstPageOf(3, 2));
        assertEquals(63, FolioUse.firstPageOf(63, 6));
        assertEquals(24, FolioUse.firstPageOf(3, 9));
        long folio = engine.folios().allocate(ORDER);
        FolioUse.touch(folio, ORDER, 0, 1);
        FolioUse.touch(folio, ORDER, 8 * PAGE - 1, 2);
        FolioUse.touch(folio, ORDER, 63 * 8 * PAGE, 8 * PAGE);
        assertEquals(0b11 | 1L << 63, FolioUse.takeUsedParts(folio, ORDER));
        FolioUse.touch(folio, ORDER, 0, (long) NR_PAGES * PAGE);
        assertEquals(-1, FolioUse.takeUsedParts(folio, ORDER));
        assertEquals(0, FolioUse.takeUsedParts(folio, ORDER));
        engine.folios().unpin(folio);
    }
}
