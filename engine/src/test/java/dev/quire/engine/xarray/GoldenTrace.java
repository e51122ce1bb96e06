/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** A golden trace on disk, plain or compressed with gzip; README.md beside the bundled ones describes the format. */
record GoldenTrace(Path file) {
    private static final String BUNDLED = "golden";

    /** The traces of the folder that {@code -Dquire.golden.xarray} names, else those bundled with the tests. */
    static List<GoldenTrace> all() {
        String folder = System.getProperty("quire.golden.xarray");
        return in(folder == null ? bundledFolder() : Path.of(folder));
    }

    private static Path bundledFolder() {
        try {
            return Path.of(GoldenTrace.class.getResource(BUNDLED).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("resources are not in a folder", e);
        }
    }

    private static List<GoldenTrace> in(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(GoldenTrace::isTrace)
                    .sorted()
                    .map(GoldenTrace::new)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isTrace(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".trace") || name.endsWith(".trace.gz");
    }

    String name() {
        return file.getFileName().toString();
    }

    /** All lines, comments included, so that a line's place in the list is its number in the file. */
    List<String> lines() {
        try (InputStream bytes = open()) {
            return new String(bytes.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private InputStream open() throws IOException {
        InputStream stored = new BufferedInputStream(Files.newInputStream(file));
        return name().endsWith(".gz") ? new GZIPInputStream(stored) : stored;
    }
}
