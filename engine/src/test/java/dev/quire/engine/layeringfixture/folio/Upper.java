/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.layeringfixture.folio;

import dev.quire.engine.layeringfixture.memory.ReachesUp;

/** Uses a layer below its own, as it may. */
public final class Upper {
    private Upper() {}

    static ReachesUp lower() {
        return new ReachesUp();
    }
}
