/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.FileMapping;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;

/** A page of a state's own file, as a process sees it through a writable mapping. */
final class MappedPage {
    /** In place of a stamp: the fault was refused. */
    static final long REFUSED = -1;

    /** Maps the first page of a file. */
    @FunctionalInterface
    interface Map {
        FileMapping at(PageTables tables, long address) throws IOException;
    }

    /** Processes that share the states among them: many, as one copies its list of regions whenever one is added. */
    static final class Processes {
        private static final int NR_PROCESSES = 1 << 7;

        private final Quire quire;
        private final ThreadLocal<RcuReader> readers;
        private final List<PageTables> processes;

        Processes(Quire quire, ThreadLocal<RcuReader> readers) {
            this.quire = quire;
            this.readers = readers;
            processes =
                    Stream.generate(quire::newPageTables).limit(NR_PROCESSES).toList();
        }

        /** Maps the page of a slot. */
        MappedPage map(int slot, Map map) {
            return new MappedPage(this, slot, map);
        }
    }

    private final Quire quire;
    private final ThreadLocal<RcuReader> readers;
    private final PageTables tables;
    private final long address;
    private final FileMapping mapping;

    private MappedPage(Processes processes, int slot, Map map) {
        quire = processes.quire;
        readers = processes.readers;
        tables = processes.processes.get(slot & (Processes.NR_PROCESSES - 1));
        // From the second page on: a state without a slot has the number -1.
        address = (slot + 1L) * Geometry.PAGE_BYTES;
        try {
            mapping = map.at(tables, address);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks for leave to write; false if that is refused. */
    boolean faultForWriting() {
        return mapping.fault(tables, address, true);
    }

    /**
     * Pins the page and writes a stamp to it, after a while.
     *
     * @param saysSo whether it says so when it unpins, or trusts the leave to write
     * @return false if the fault is refused
     */
    boolean write(long stamp, boolean saysSo) {
        PageWalker walker = tables.newWalker(readers.get());
        long page = walker.pinOrFault(address, true, mapping);
        if (page == PageWalker.NOT_PINNED) {
            return false;
        }
        // Who has pinned a page takes its time.
        SlowFile.transfer();
        NativeMemory.setLong(quire.arena().frameOf(page), stamp);
        if (saysSo) {
            mapping.unpinWritten(page);
        } else {
            walker.unpin(page);
        }
        return true;
    }

    /** The page's stamp, or {@link #REFUSED}. */
    long read() {
        PageWalker walker = tables.newWalker(readers.get());
        long page = walker.pinOrFault(address, false, mapping);
        if (page == PageWalker.NOT_PINNED) {
            return REFUSED;
        }
        long stamp = NativeMemory.getLong(quire.arena().frameOf(page));
        walker.unpin(page);
        return stamp;
    }
}
