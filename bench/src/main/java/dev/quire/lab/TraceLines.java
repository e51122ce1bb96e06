/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Lines of a byte stream that may hold anything: a line without end takes no more memory than the longest legal one.
 */
final class TraceLines {
    static final int MAX_LINE_BYTES = 1 << 20;
    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream input;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private int position;
    private int limit;
    private String line = "";
    private boolean tooLong;

    TraceLines(InputStream input) {
        this.input = input;
    }

    /**
     * Goes to the next line.
     *
     * @return false at the end of the input
     * @throws IOException if the input cannot be read
     */
    boolean advance() throws IOException {
        collected.reset();
        tooLong = false;
        boolean any = false;
        while (position < limit || fill()) {
            any = true;
            int end = endOfLine();
            collect(end);
            position = end + 1;
            if (end < limit) {
                break;
            }
        }
        line = collected.toString(StandardCharsets.UTF_8);
        return any;
    }

    private boolean fill() throws IOException {
        position = 0;
        limit = Math.max(0, input.read(buffer, 0, buffer.length));
        return limit > 0;
    }

    private int endOfLine() {
        int end = position;
        while (end < limit && buffer[end] != '\n') {
            end++;
        }
        return end;
    }

    private void collect(int end) {
        int length = end - position;
        if (collected.size() + length > MAX_LINE_BYTES) {
            tooLong = true;
            collected.reset();
        }
        if (!tooLong) {
            collected.write(buffer, position, length);
        }
    }

    /** The current line without its end; empty if it is too long. */
    String line() {
        return line;
    }

    boolean isTooLong() {
        return tooLong;
    }
}
