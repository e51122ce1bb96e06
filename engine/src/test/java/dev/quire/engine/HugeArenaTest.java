/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An arena far larger than the machine costs what is used of it. */
class HugeArenaTest extends WholeEngineTest {
    private static final long ONE_TEBIBYTE = 1L << 40;
    private static final Path STATUS = Path.of("/proc/self/status");

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void oneTebibyteSplitsAGibibyteAtOnePageInLittleMemory(HeadMapKind headMap) throws IOException {
        assumeTrue(Files.exists(STATUS), "resident memory is read from " + STATUS);
        long before = residentBytes();
        Quire engine = open(Quire.builder().capacityBytes(ONE_TEBIBYTE).headMap(headMap));
        assertEquals(ONE_TEBIBYTE / 4096, engine.zone().nrFreePages());
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(1L << 30);
            long folio = engine.folios().allocate(18);
            assertEquals(0, space.add(folio, 0));
            engine.folios().lock(folio);
            assertEquals(0, engine.splitter().splitNonUniform(folio, folio + 77_777L * PageStruct.BYTES, 0));
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            assertEquals(19, FolioLayout.count(space));
            checkFolios(engine, space);
        }
        long grownBytes = residentBytes() - before;
        assertTrue(grownBytes < 64L << 20, "resident memory grew by " + (grownBytes >> 20) + " MiB");
    }

    /** Resident memory that is not the Java heap's: anonymous and file pages of the process less the heap in use. */
    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new AssertionError("no VmRSS in " + STATUS);
    }
}
