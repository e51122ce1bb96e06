/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceSourceTest {
    private static final byte[] TEXT = "read(3, \"x\", 1) = 1\n".repeat(10_000).getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path directory;

    private static byte[] compressed() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(TEXT);
        }
        return bytes.toByteArray();
    }

    private byte[] readBack(byte[] stored, AtomicLong progress) throws IOException {
        Path path = Files.write(directory.resolve("trace"), stored);
        TraceSource source = TraceSource.file(path);
        assertEquals(stored.length, source.sizeBytes());
        try (InputStream text = source.open(progress::addAndGet)) {
            return text.readAllBytes();
        }
    }

    @Test
    void plainTextIsReadAsItIs() throws IOException {
        AtomicLong progress = new AtomicLong();
        assertTrue(Arrays.equals(TEXT, readBack(TEXT, progress)));
        assertEquals(TEXT.length, progress.get());
    }

    @Test
    void gzipIsToldByItsFirstBytesAndProgressCountsStoredBytes() throws IOException {
        AtomicLong progress = new AtomicLong();
        byte[] stored = compressed();
        assertTrue(Arrays.equals(TEXT, readBack(stored, progress)));
        assertEquals(stored.length, progress.get());
    }

    @Test
    void shortInputsAreText() throws IOException {
        assertEquals(0, readBack(new byte[0], new AtomicLong()).length);
        assertEquals(1, readBack(new byte[] {0x1f}, new AtomicLong()).length);
    }

    @Test
    void cutGzipIsAnError() throws IOException {
        byte[] stored = compressed();
        byte[] cut = Arrays.copyOf(stored, stored.length / 2);
        assertThrows(EOFException.class, () -> readBack(cut, new AtomicLong()));
    }

    @Test
    void unknownResourceIsAnError() {
        assertThrows(FileNotFoundException.class, () -> TraceSource.bundled("no-such.strace.gz"));
    }
}
