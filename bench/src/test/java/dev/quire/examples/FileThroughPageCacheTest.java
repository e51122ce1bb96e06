/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileThroughPageCacheTest {
    @Test
    void doesWhatItSays(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("file");
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            FileThroughPageCache.main(new String[] {path.toString()});
        } finally {
            System.setOut(out);
        }
        assertEquals(
                List.of("folio, 194304 bytes in place", "page 0, order 8", "page 512, order 8", "512 pages evicted"),
                printed.toString(StandardCharsets.UTF_8).lines().toList());
        byte[] expected = "folio".repeat(1 << 20).substring(0, 3 << 20).getBytes(StandardCharsets.US_ASCII);
        Arrays.fill(expected, 1 << 20, 2 << 20, (byte) 0);
        assertArrayEquals(expected, Files.readAllBytes(path));
    }

    @Test
    void theReadmeQuotesIt() throws IOException {
        String source = Files.readString(Path.of("src/main/java/dev/quire/examples/FileThroughPageCache.java"));
        int start = source.indexOf("        try (Quire");
        String quoted = source.substring(start, source.indexOf("\n        }\n", start) + 10)
                .stripIndent();
        assertTrue(Files.readString(Path.of("../README.md")).contains("```java\n" + quoted.strip() + "\n```"), quoted);
    }
}
