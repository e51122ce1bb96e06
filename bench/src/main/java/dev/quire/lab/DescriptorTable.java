/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The open descriptors of one process, shared by its threads. */
final class DescriptorTable {
    private record Slot(OpenFile open, boolean closeOnExec) {}

    private final Map<Integer, Slot> slots = new TreeMap<>();
    private int nrThreads;

    Optional<OpenFile> get(int descriptor) {
        Slot slot = slots.get(descriptor);
        return slot == null ? Optional.empty() : Optional.of(slot.open());
    }

    /**
     * Makes a descriptor refer to something.
     *
     * @return what it referred to before, if that lost its last descriptor
     */
    Optional<OpenFile> put(int descriptor, OpenFile open, boolean closeOnExec) {
        OpenFile shared = open.share();
        Slot previous = slots.put(descriptor, new Slot(shared, closeOnExec));
        return previous == null || !previous.open().release() ? Optional.empty() : Optional.of(previous.open());
    }

    /**
     * Removes a descriptor.
     *
     * @return what it referred to, if that lost its last descriptor
     */
    Optional<OpenFile> remove(int descriptor) {
        Slot slot = slots.remove(descriptor);
        return slot == null || !slot.open().release() ? Optional.empty() : Optional.of(slot.open());
    }

    void setCloseOnExec(int descriptor, boolean closeOnExec) {
        slots.computeIfPresent(descriptor, (number, slot) -> new Slot(slot.open(), closeOnExec));
    }

    /** Descriptors from {@code first} to {@code last}, both included. */
    List<Integer> between(long first, long last) {
        List<Integer> found = new ArrayList<>();
        for (int descriptor : slots.keySet()) {
            if (descriptor >= first && descriptor <= last) {
                found.add(descriptor);
            }
        }
        return found;
    }

    /** Descriptors that {@code execve} closes. */
    List<Integer> closedOnExec() {
        List<Integer> found = new ArrayList<>();
        slots.forEach((descriptor, slot) -> {
            if (slot.closeOnExec()) {
                found.add(descriptor);
            }
        });
        return found;
    }

    /** A table of its own for a new process: other descriptors, the same open files. */
    DescriptorTable copy() {
        DescriptorTable copy = new DescriptorTable();
        slots.forEach((descriptor, slot) -> copy.put(descriptor, slot.open(), slot.closeOnExec()));
        return copy;
    }

    void join() {
        nrThreads++;
    }

    /**
     * A thread stops using the table.
     *
     * @return true if it was the last one
     */
    boolean leave() {
        return --nrThreads == 0;
    }

    boolean isShared() {
        return nrThreads > 1;
    }
}
