/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.Console;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * A bar that shows how much of a known amount of work is done. It appears only if the work takes longer than a second,
 * and disappears when closed.
 */
final class ProgressBar implements LongConsumer, AutoCloseable {
    private static final long DELAY_NANOS = 1_000_000_000L;
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final int WIDTH = 40;

    private final PrintStream terminal;
    private final boolean shown;
    private final LongSupplier clockNanos;
    private final long totalBytes;
    private final long startNanos;
    private long doneBytes;
    private long drawnNanos;
    private boolean drawn;

    ProgressBar(PrintStream terminal, boolean shown, LongSupplier clockNanos, long totalBytes) {
        this.terminal = terminal;
        this.shown = shown;
        this.clockNanos = clockNanos;
        this.totalBytes = totalBytes;
        this.startNanos = clockNanos.getAsLong();
    }

    /** A bar on the standard error stream; it stays hidden unless a person is watching. */
    static ProgressBar onTerminal(long totalBytes) {
        boolean watched =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        return new ProgressBar(System.err, watched, System::nanoTime, totalBytes);
    }

    /** Bytes were done. */
    @Override
    public void accept(long bytes) {
        doneBytes += bytes;
        if (!shown) {
            return;
        }
        long now = clockNanos.getAsLong();
        if (now - startNanos > DELAY_NANOS && (!drawn || now - drawnNanos > REDRAW_NANOS)) {
            draw();
            drawn = true;
            drawnNanos = now;
        }
    }

    private void draw() {
        double share = totalBytes <= 0 ? 1 : Math.min(1, (double) doneBytes / totalBytes);
        int filled = (int) (share * WIDTH);
        terminal.print("\r[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] " + (int) (share * 100) + " %");
        terminal.flush();
    }

    /** Erases the bar. */
    @Override
    public void close() {
        if (drawn) {
            terminal.print("\r" + " ".repeat(WIDTH + 8) + "\r");
            terminal.flush();
            drawn = false;
        }
    }
}
