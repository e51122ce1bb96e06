/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private static final long MILLISECOND = 1_000_000;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final AtomicLong clockNanos = new AtomicLong(42);

    private String output() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shortWorkShowsNothing() {
        try (ProgressBar bar = new ProgressBar(terminal, true, clockNanos::get, 100)) {
            bar.accept(50);
            clockNanos.addAndGet(999 * MILLISECOND);
            bar.accept(50);
        }
        assertEquals("", output());
    }

    @Test
    void longWorkShowsABarThatDisappears() {
        try (ProgressBar bar = new ProgressBar(terminal, true, clockNanos::get, 100)) {
            clockNanos.addAndGet(1001 * MILLISECOND);
            bar.accept(25);
            bar.accept(25);
            clockNanos.addAndGet(101 * MILLISECOND);
            bar.accept(25);
        }
        assertEquals(
                "\r[##########                              ] 25 %"
                        + "\r[##############################          ] 75 %"
                        + "\r" + " ".repeat(48) + "\r",
                output());
    }

    @Test
    void nothingIsShownWhereNobodyLooks() {
        try (ProgressBar bar = new ProgressBar(terminal, false, clockNanos::get, 100)) {
            clockNanos.addAndGet(5000 * MILLISECOND);
            bar.accept(50);
        }
        assertEquals("", output());
    }
}
