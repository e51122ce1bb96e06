/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.Readahead;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import java.util.ArrayList;
import java.util.List;

/**
 * A page cache in an engine of its own: reads bring folios in through {@link Readahead}, writes and allocations make
 * folios as large as they are themselves, truncations and holes split what they cut through. There are no files below
 * it and no contents; {@link VerifiedFilesTarget} has both.
 */
final class PageCacheTarget implements ReplayTarget {
    private static final long CAPACITY_BYTES = 1L << 38;

    private record CachedFile(AddressSpace space, Readahead readahead) {}

    private final ReplaySettings settings;
    private final SplitPolicy policy;
    private final MeasuredEngine measured;
    private final List<CachedFile> files = new ArrayList<>();

    PageCacheTarget(ReplaySettings settings) {
        this.settings = settings;
        policy = settings.policy();
        measured = new MeasuredEngine(settings, CAPACITY_BYTES);
    }

    @Override
    public int open(String fileName, long sizeBytes) {
        AddressSpace space = measured.engine().newAddressSpace();
        space.extend(sizeBytes);
        files.add(new CachedFile(space, new Readahead(space, settings.maxOrder())));
        return files.size() - 1;
    }

    @Override
    public void read(int file, long offsetBytes, long lengthBytes) {
        long start = firstPage(offsetBytes);
        require(files.get(file).readahead.read(start, endPage(offsetBytes + lengthBytes) - start));
    }

    @Override
    public void write(int file, long offsetBytes, long lengthBytes) {
        AddressSpace space = files.get(file).space;
        space.extend(offsetBytes + lengthBytes);
        populate(space, offsetBytes, lengthBytes);
    }

    @Override
    public void truncate(int file, long sizeBytes) {
        files.get(file).space.truncate(sizeBytes, policy);
    }

    @Override
    public void allocate(int file, long offsetBytes, long lengthBytes, boolean keepSize) {
        AddressSpace space = files.get(file).space;
        if (!keepSize) {
            space.extend(offsetBytes + lengthBytes);
        }
        populate(space, offsetBytes, lengthBytes);
    }

    @Override
    public void punchHole(int file, long offsetBytes, long lengthBytes) {
        files.get(file).space.punchHole(offsetBytes, lengthBytes, policy);
    }

    /** Nothing to do: the cache has no file below it, and what is dirty makes no difference to its layout. */
    @Override
    public void sync(int file) {}

    @Override
    public void remove(int file) {
        files.get(file).space.close();
    }

    @Override
    public Measurements measure() {
        return measured.measure(visitor -> {
            for (CachedFile file : files) {
                if (!file.space.isClosed()) {
                    file.space.forEachFolio(visitor);
                }
            }
        });
    }

    @Override
    public void close() {
        for (CachedFile file : files) {
            file.space.close();
        }
        measured.close();
    }

    private void populate(AddressSpace space, long offsetBytes, long lengthBytes) {
        long start = firstPage(offsetBytes);
        require(space.populate(start, endPage(offsetBytes + lengthBytes) - start, settings.maxOrder()));
    }

    private static void require(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("the page cache is full: result=" + Errno.name(result));
        }
    }

    private static long firstPage(long offsetBytes) {
        return offsetBytes >>> Geometry.PAGE_SHIFT;
    }

    private static long endPage(long endBytes) {
        return (endBytes + Geometry.PAGE_BYTES - 1) >>> Geometry.PAGE_SHIFT;
    }
}
