/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceLinesTest {
    private static TraceLines lines(String text) {
        return new TraceLines(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<String> all(String text) throws IOException {
        TraceLines lines = lines(text);
        List<String> all = new ArrayList<>();
        while (lines.advance()) {
            all.add(lines.line());
        }
        return all;
    }

    @Test
    void linesEndAtNewlinesOrAtTheEnd() throws IOException {
        assertEquals(List.of(), all(""));
        assertEquals(List.of(""), all("\n"));
        assertEquals(List.of("a", "", "b"), all("a\n\nb\n"));
        assertEquals(List.of("a", "b"), all("a\nb"));
    }

    @Test
    void linesMayBeLongerThanTheBuffer() throws IOException {
        String line = "x".repeat(200_000);
        assertEquals(List.of(line, line, "y"), all(line + "\n" + line + "\ny"));
    }

    @Test
    void linesThatAreTooLongAreEmptyAndMarked() throws IOException {
        TraceLines lines = lines(
                "x".repeat(TraceLines.MAX_LINE_BYTES) + "\n" + "x".repeat(TraceLines.MAX_LINE_BYTES + 1) + "\nshort\n");
        assertTrue(lines.advance());
        assertFalse(lines.isTooLong());
        assertEquals(TraceLines.MAX_LINE_BYTES, lines.line().length());
        assertTrue(lines.advance());
        assertTrue(lines.isTooLong());
        assertEquals("", lines.line());
        assertTrue(lines.advance());
        assertFalse(lines.isTooLong());
        assertEquals("short", lines.line());
        assertFalse(lines.advance());
    }
}
