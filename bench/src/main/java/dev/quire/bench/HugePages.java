/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;

/** Tells whether the system followed the advice to put an engine's metadata into huge pages. */
final class HugePages {
    private static final double BYTES_PER_MIB = 1 << 20;

    private HugePages() {}

    /** Prints how much metadata is in huge pages now. To be called when the benchmark's memory has been touched. */
    static void report(Quire engine) {
        System.out.println("# Huge pages behind metadata: " + grantedMib(engine) + " MiB");
    }

    /** Metadata that is in huge pages now, in MiB; below 0 if the system does not tell. */
    static double grantedMib(Quire engine) {
        return engine.arena().hugeMetadataBytes() / BYTES_PER_MIB;
    }
}
