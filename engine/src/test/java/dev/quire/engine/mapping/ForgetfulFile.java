/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.io.IOException;

/** A file that, when a sync of it fails, has lost all that was written since the last one that did not. */
final class ForgetfulFile extends MemoryFile {
    private byte[] kept;
    private boolean failing;

    ForgetfulFile(byte[] content) {
        super(content);
        kept = content.clone();
    }

    /** Makes syncs fail from now on, or not. */
    synchronized void failSyncs(boolean failSyncs) {
        failing = failSyncs;
    }

    @Override
    public synchronized void sync() throws IOException {
        if (failing) {
            content(kept);
            throw new IOException("injected: sync");
        }
        kept = content();
    }
}
