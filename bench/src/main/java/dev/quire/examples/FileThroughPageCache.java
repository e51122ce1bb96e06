/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.examples;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.FolioView;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Writes a file through the page cache, looks at its bytes in place, and cuts pieces out of it. */
public final class FileThroughPageCache {
    private FileThroughPageCache() {}

    /**
     * Runs the example.
     *
     * @param arguments path of a file to write
     * @throws IOException if the file cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[0]);
        try (Quire quire = Quire.builder().capacityBytes(1L << 30).open(); // memory of all cached files together
                RcuReader reader = quire.newReader(); // one per thread
                OpenFile file = quire.pageCache().create(path, reader)) { // one per thread and file
            file.write(ByteBuffer.wrap("folio".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII)), 0);
            try (FolioView view = file.view(4_000_000)) { // the folio itself, nothing is copied
                String word = StandardCharsets.US_ASCII
                        .decode(view.bytes().asSlice(0, 5).asByteBuffer())
                        .toString();
                System.out.println(word + ", " + view.bytes().byteSize() + " bytes in place");
            }
            file.punchHole(1 << 20, 1 << 20); // splits the folio around it
            file.truncate(3 << 20);
            file.sync(); // now the file has it
            file.forEachFolio((index, order, folio) -> System.out.println("page " + index + ", order " + order));
            System.out.println(file.evict(0, file.sizeBytes()) + " pages evicted");
        }
    }
}
