/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import java.util.zip.GZIPInputStream;

/**
 * Where a trace comes from. It can be read any number of times: the lab reads it once to learn the sizes of files and
 * once for each policy.
 */
public final class TraceSource {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int GZIP_MAGIC_1 = 0x1f;
    private static final int GZIP_MAGIC_2 = 0x8b;

    /** Opens the raw bytes. */
    @FunctionalInterface
    private interface Opener {
        InputStream open() throws IOException;
    }

    private final String name;
    private final long sizeBytes;
    private final Opener opener;

    private TraceSource(String name, long sizeBytes, Opener opener) {
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.opener = opener;
    }

    /**
     * A file on disk.
     *
     * @param path text, or text compressed by gzip
     * @return the source
     * @throws IOException if the file's size cannot be read
     */
    public static TraceSource file(Path path) throws IOException {
        return new TraceSource(path.toString(), Files.size(path), () -> Files.newInputStream(path));
    }

    /**
     * A trace that ships with the lab.
     *
     * @param resourceName name of a resource beside this class, such as {@code dig-holes.strace.gz}
     * @return the source
     * @throws IOException if there is no such resource
     */
    public static TraceSource bundled(String resourceName) throws IOException {
        try (InputStream found = openBundled(resourceName)) {
            return new TraceSource(resourceName, found.readAllBytes().length, () -> openBundled(resourceName));
        }
    }

    private static InputStream openBundled(String resourceName) throws IOException {
        InputStream found = TraceSource.class.getResourceAsStream(resourceName);
        if (found == null) {
            throw new FileNotFoundException("no bundled trace of this name: " + resourceName);
        }
        return found;
    }

    /**
     * Name for messages.
     *
     * @return path or resource name
     */
    public String name() {
        return name;
    }

    /**
     * Size of the source as it is stored.
     *
     * @return bytes, compressed if the source is
     */
    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * Opens the source as text, whether it is compressed or not: its first bytes tell.
     *
     * @param progress is told how many stored bytes each read took
     * @return the text, to be closed by the caller
     * @throws IOException if the source cannot be read or is no whole gzip file
     */
    public InputStream open(LongConsumer progress) throws IOException {
        BufferedInputStream stored =
                new BufferedInputStream(new CountingInputStream(opener.open(), progress), BUFFER_BYTES);
        try {
            stored.mark(2);
            boolean compressed = stored.read() == GZIP_MAGIC_1 && stored.read() == GZIP_MAGIC_2;
            stored.reset();
            return compressed ? new GZIPInputStream(stored, BUFFER_BYTES) : stored;
        } catch (IOException e) {
            stored.close();
            throw e;
        }
    }

    private static final class CountingInputStream extends FilterInputStream {
        private final LongConsumer progress;

        CountingInputStream(InputStream input, LongConsumer progress) {
            super(input);
            this.progress = progress;
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            if (value >= 0) {
                progress.accept(1);
            }
            return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            if (count > 0) {
                progress.accept(count);
            }
            return count;
        }
    }
}
