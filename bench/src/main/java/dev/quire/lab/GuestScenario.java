/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import java.util.List;

/**
 * What a guest, and its host, do with guest memory.
 *
 * @param name file or bundled name, for messages
 * @param title first comment of the file; empty if there is none
 * @param memoryBytes size of the memory, at most {@link #MAX_MEMORY_BYTES}
 * @param hugeOrder log2 pages of its huge pages: 9 or 18
 * @param operations the steps, repetitions written out
 */
record GuestScenario(String name, String title, long memoryBytes, int hugeOrder, List<GuestOperation> operations) {
    /** Most memory that an engine has room for twice: 32 TiB. */
    static final long MAX_MEMORY_BYTES = PageArena.MAX_PAGES * Geometry.PAGE_BYTES / 2;

    GuestScenario {
        operations = List.copyOf(operations);
    }

    long nrConversions() {
        return operations.stream()
                .filter(operation -> operation.kind().isConversion())
                .count();
    }

    long nrPages() {
        return memoryBytes >>> Geometry.PAGE_SHIFT;
    }

    /** An engine for one memory. Twice the size: what a hole has dropped stays in use for a grace period. */
    Quire newEngine() {
        return Quire.builder().capacityBytes(2 * memoryBytes).open();
    }

    GuestMemory newMemory(Quire engine, GuestSplitPolicy policy) {
        return engine.newGuestMemory(memoryBytes, hugeOrder, policy);
    }

    /** Something that is done with all of the memory. */
    GuestOperation all(GuestOperation.Kind kind) {
        return new GuestOperation(kind, 0, memoryBytes);
    }
}
