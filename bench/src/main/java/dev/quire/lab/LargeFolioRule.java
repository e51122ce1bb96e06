/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.pagetable.LargeFolioOrders;

/** The rules for folios of anonymous memory that can be chosen by name. */
enum LargeFolioRule {
    /** Pages alone. */
    NONE,
    /** 2 MiB wherever they fit. */
    ALWAYS_2_MIB,
    /** 2 MiB where the program asks for them. */
    ADVISED_2_MIB,
    /** The largest of 16 KiB to 2 MiB that fits. */
    ALL;

    LargeFolioOrders orders() {
        return switch (this) {
            case NONE -> LargeFolioOrders.NONE;
            case ALWAYS_2_MIB -> LargeFolioOrders.ALWAYS_2_MIB;
            case ADVISED_2_MIB -> LargeFolioOrders.ADVISED_2_MIB;
            case ALL -> LargeFolioOrders.ALL;
        };
    }
}
