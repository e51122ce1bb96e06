/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** An engine with a file of zeroes of 1024 pages, and a process that shows nothing yet. */
@SuppressWarnings("NullAway.Init")
abstract class FileMappingFixture extends WholeEngineTest {
    static final int PAGE = 4096;
    static final long BASE = 1L << 40;
    static final int NR_PAGES = 1024;

    Quire engine;
    Folios folios;
    RcuReader reader;
    PageTables tables;
    PageWalker walker;
    MemoryFile memory;
    OpenFile file;

    @BeforeEach
    final void openEngine() throws IOException {
        engine = open(Quire.builder().capacityBytes(64 << 20).pageCacheOrder(9));
        folios = engine.folios();
        reader = engine.newReader();
        tables = engine.newPageTables();
        walker = tables.newWalker(reader);
        memory = new MemoryFile(new byte[NR_PAGES * PAGE]);
        file = engine.pageCache().open(memory, reader);
    }

    @AfterEach
    final void closeEngine() throws IOException {
        file.close();
        tables.close();
        reader.close();
        assertTrue(memory.isClosed());
    }

    /** Fills pages of the file, in one folio if they are a power of two, and aligned; page k has k % 255 + 1. */
    final void write(int firstPage, int nrPages) throws IOException {
        byte[] bytes = new byte[nrPages * PAGE];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) valueOf(firstPage + at / PAGE);
        }
        assertEquals(bytes.length, file.write(MemorySegment.ofArray(bytes), (long) firstPage * PAGE));
    }

    static int valueOf(int page) {
        return page % 255 + 1;
    }

    /** The byte at an address, as a process reads it; -1 for a fault that is refused. */
    final int read(FileMapping mapping, long address) {
        long page = walker.pinOrFault(address, false, mapping);
        if (page == PageWalker.NOT_PINNED) {
            return -1;
        }
        int value = Byte.toUnsignedInt(NativeMemory.getByte(engine.arena().frameOf(page) + address % PAGE));
        walker.unpin(page);
        return value;
    }

    /** Writes a byte at an address as a process does; false for a fault that is refused. */
    final boolean write(FileMapping mapping, long address, int value) {
        long page = walker.pinOrFault(address, true, mapping);
        if (page == PageWalker.NOT_PINNED) {
            return false;
        }
        NativeMemory.setByte(engine.arena().frameOf(page) + address % PAGE, (byte) value);
        mapping.unpinWritten(page);
        return true;
    }

    /** Whether what is mapped at an address may be written to. */
    final boolean isWritable(long address) {
        long entry = walker.entry(address);
        return PageTableEntry.isPresent(entry) && PageTableEntry.isWritable(entry);
    }

    /** Leaves of a mapping as "page" or, if large, "page/order". */
    final List<String> leaves(FileMapping mapping) {
        List<String> leaves = new ArrayList<>();
        long end = mapping.address() + mapping.nrPages() * PAGE;
        walker.forEachLeaf(mapping.address(), end, (address, order, entry) -> {
            assertTrue(PageTableEntry.isPresent(entry));
            assertFalse(PageTableEntry.isWritable(entry) && !mapping.isWritable());
            long page = mapping.firstIndex() + (address - mapping.address()) / PAGE;
            leaves.add(order == 0 ? Long.toString(page) : page + "/" + order);
        });
        return leaves;
    }

    static List<String> pages(int first, int end) {
        return IntStream.range(first, end).mapToObj(Integer::toString).toList();
    }

    final long pin(long index) {
        return file.file().space().newLookup(reader).pin(index);
    }
}
