/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.List;

/**
 * What a guest, and its host, do with guest memory.
 *
 * @param name file or bundled name, for messages
 * @param title first comment of the file; empty if there is none
 * @param memoryBytes size of the memory
 * @param hugeOrder log2 pages of its huge pages: 9 or 18
 * @param operations the steps, repetitions written out
 */
record GuestScenario(String name, String title, long memoryBytes, int hugeOrder, List<GuestOperation> operations) {
    GuestScenario {
        operations = List.copyOf(operations);
    }

    long nrConversions() {
        return operations.stream()
                .filter(operation -> operation.kind().isConversion())
                .count();
    }
}
