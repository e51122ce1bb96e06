/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.pagetable.LargeFolioOrders;
import java.util.Objects;

/**
 * What the anonymous memory of a trace is replayed with.
 *
 * @param largeFolios which folios faults bring in
 * @param touchPercent how much of a range is touched when it becomes writable, 0 to 100, rounded up to whole pages
 * @param budgetBytes bytes of folios above which partly mapped ones are split, or {@link #NO_BUDGET}
 */
public record MemorySettings(LargeFolioOrders largeFolios, int touchPercent, long budgetBytes) {
    /** Nothing is split. */
    public static final long NO_BUDGET = 0;

    /** 2 MiB folios wherever they fit, everything touched, no limit. */
    public static final MemorySettings DEFAULT = new MemorySettings(LargeFolioOrders.ALWAYS_2_MIB, 100, NO_BUDGET);

    private static final int WHOLE = 100;

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public MemorySettings {
        Objects.requireNonNull(largeFolios, "largeFolios");
        if (touchPercent < 0 || touchPercent > WHOLE) {
            throw new IllegalArgumentException(
                    "touchPercent out of range: touchPercent=" + touchPercent + ", min=0, max=" + WHOLE);
        }
        if (budgetBytes < 0) {
            throw new IllegalArgumentException("budgetBytes out of range: budgetBytes=" + budgetBytes + ", min=0");
        }
    }
}
