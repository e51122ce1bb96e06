/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** Maps what a walk did not find (handle_mm_fault). */
@FunctionalInterface
public interface FaultHandler {
    /**
     * Maps the page that belongs at an address, for example with {@link PageTables#map}; EEXIST from there is as good,
     * as somebody else was faster. Called outside of read sections and without locks.
     *
     * @param tables where to map
     * @param address virtual address that was to be used
     * @param forWriting whether the page must be writable
     * @return whether to look again; false if nothing can be mapped there
     */
    boolean fault(PageTables tables, long address, boolean forWriting);
}
