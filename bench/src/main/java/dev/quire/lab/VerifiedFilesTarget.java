/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The engine's page cache over temporary files, and each of them once more as a plain file: every byte that is read,
 * and at the end, or when it is removed, every byte of every file, must be that of the plain one. Traces hold no
 * contents, so bytes are made up: each write has its own.
 *
 * <p>The cache has little memory, so that folios are written back, evicted and read again.
 */
final class VerifiedFilesTarget implements ReplayTarget {
    private static final long CAPACITY_BYTES = 32L << 20;

    private final ReplaySettings settings;
    private final MeasuredEngine measured;
    private final RcuReader reader;
    private final Path folder;
    private final List<VerifiedFile> files = new ArrayList<>();

    VerifiedFilesTarget(ReplaySettings settings) {
        this(settings, Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** Makes a target whose files are in a new folder in a folder. */
    VerifiedFilesTarget(ReplaySettings settings, Path parent) {
        this.settings = settings;
        measured = new MeasuredEngine(settings, Math.max(CAPACITY_BYTES, 4 * Geometry.bytesIn(settings.maxOrder())));
        reader = measured.engine().newReader();
        try {
            folder = Files.createTempDirectory(parent, "quire-replay");
        } catch (IOException e) {
            reader.close();
            measured.close();
            throw new UncheckedIOException(e);
        }
    }

    /** What may fail because of the disk. */
    @FunctionalInterface
    private interface FileOperation {
        void run(VerifiedFile file) throws IOException;
    }

    private void with(int file, FileOperation operation) {
        try {
            operation.run(files.get(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int open(String fileName, long sizeBytes) {
        int number = files.size();
        try {
            files.add(new VerifiedFile(measured.engine().pageCache(), reader, folder, number, sizeBytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return number;
    }

    @Override
    public void read(int file, long offsetBytes, long lengthBytes) {
        with(file, each -> each.read(offsetBytes, lengthBytes));
    }

    @Override
    public void write(int file, long offsetBytes, long lengthBytes) {
        with(file, each -> each.write(offsetBytes, lengthBytes));
    }

    @Override
    public void truncate(int file, long sizeBytes) {
        with(file, each -> each.truncate(sizeBytes, settings.policy()));
    }

    /** Reserves nothing, as the cache cannot: the file grows. */
    @Override
    public void allocate(int file, long offsetBytes, long lengthBytes, boolean keepSize) {
        with(file, each -> {
            if (!keepSize && each.sizeBytes() < offsetBytes + lengthBytes) {
                each.truncate(offsetBytes + lengthBytes, settings.policy());
            }
        });
    }

    @Override
    public void punchHole(int file, long offsetBytes, long lengthBytes) {
        with(file, each -> each.punchHole(offsetBytes, lengthBytes, settings.policy()));
    }

    @Override
    public void sync(int file) {
        with(file, VerifiedFile::sync);
    }

    @Override
    public void remove(int file) {
        with(file, VerifiedFile::remove);
    }

    /** Measures, then compares all files. */
    @Override
    public Measurements measure() {
        Measurements measurements = measured.measure(visitor -> {
            for (int file = 0; file < files.size(); file++) {
                with(file, each -> each.forEachFolio(visitor));
            }
        });
        for (int file = 0; file < files.size(); file++) {
            with(file, VerifiedFile::requireSameAtEnd);
        }
        return measurements;
    }

    /** Closes everything and removes the folder with all that is in it, whatever of that fails; then says so. */
    @Override
    public void close() {
        List<Closeable> all = new ArrayList<>(files);
        all.add(reader::close);
        all.add(measured::close);
        all.add(this::deleteFolder);
        List<Exception> failures = new ArrayList<>();
        for (Closeable each : all) {
            try {
                each.close();
            } catch (IOException | RuntimeException e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            Exception first = failures.removeFirst();
            failures.forEach(first::addSuppressed);
            throw first instanceof RuntimeException unchecked
                    ? unchecked
                    : new UncheckedIOException((IOException) first);
        }
    }

    /** A file that could not be made as a whole, or not be closed, has left something there. */
    private void deleteFolder() throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder)) {
            for (Path file : left) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
