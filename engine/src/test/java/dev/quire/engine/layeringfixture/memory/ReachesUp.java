/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.layeringfixture.memory;

import dev.quire.engine.layeringfixture.Root;
import dev.quire.engine.layeringfixture.folio.Upper;

/** Uses the layers above its own, which it may not: one as an array's element, one in a signature only. */
public final class ReachesUp {
    static Upper[] uppers() {
        return new Upper[0];
    }

    static void use(Root root) {}
}
