/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Truncations and holes of cached files: what they must leave, and what they take although a part of them fails. */
class PageCacheCutTest extends OpenFilesTest {
    private static final int NR_PAGES = 100;
    private static final byte ONES = 1;

    /** Plans nothing: of every folio all pages are left over. */
    private static final SplitPolicy PLANS_NOTHING =
            (plan, order, start, end, newOrder, allowedOrders) -> plan.reset(order);

    private static final SplitPolicy THROWS = (plan, order, start, end, newOrder, allowedOrders) -> {
        throw new IllegalStateException("no plan");
    };

    private static byte[] ones(int nrBytes) {
        byte[] ones = new byte[nrBytes];
        Arrays.fill(ones, ONES);
        return ones;
    }

    private static byte[] read(OpenFile file, int lengthBytes) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(lengthBytes);
        file.read(into, 0);
        return Arrays.copyOf(into.array(), into.position());
    }

    /** The file grows only when what was written beyond its end is written back; here a hole takes that away before. */
    @ParameterizedTest
    @ValueSource(ints = {0, 50, 99})
    void aHoleOverTheDirtyEndOfAFileKeepsItsSize(int firstPage) throws IOException {
        MemoryFile memory = new MemoryFile(new byte[0]);
        try (OpenFile file = engine.pageCache().open(memory, reader)) {
            punchEnd(file, firstPage);
        }
        assertArrayEquals(punched(firstPage), memory.content());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 50, 99})
    void aHoleOverTheDirtyEndOfAFileOfTheFileSystemKeepsItsSize(int firstPage, @TempDir Path folder)
            throws IOException {
        Path path = folder.resolve("file");
        try (OpenFile file = engine.pageCache().create(path, reader)) {
            punchEnd(file, firstPage);
        }
        assertArrayEquals(punched(firstPage), Files.readAllBytes(path));
    }

    private static void punchEnd(OpenFile file, int firstPage) throws IOException {
        file.write(ByteBuffer.wrap(ones(NR_PAGES * PAGE)), 0);
        file.punchHole((long) firstPage * PAGE, (long) NR_PAGES * PAGE);
        assertEquals(NR_PAGES * PAGE, file.sizeBytes());
        file.sync();
    }

    private static byte[] punched(int firstPage) {
        byte[] expected = ones(NR_PAGES * PAGE);
        Arrays.fill(expected, firstPage * PAGE, NR_PAGES * PAGE, (byte) 0);
        return expected;
    }

    @Test
    void aHoleInAFileThatCannotGrowChangesNothing() throws IOException {
        CallingFile calling = new CallingFile(new byte[0]);
        try (OpenFile file = engine.pageCache().open(calling, reader)) {
            file.write(ByteBuffer.wrap(ones(NR_PAGES * PAGE)), 0);
            calling.callAt(CallingFile.Request.RESIZE, () -> {
                throw new IOException("full");
            });
            assertThrows(IOException.class, () -> file.punchHole(0, NR_PAGES * PAGE));
            assertArrayEquals(ones(NR_PAGES * PAGE), read(file, NR_PAGES * PAGE + 1));
            file.sync();
            assertEquals(NR_PAGES * PAGE, calling.sizeBytes());
        }
    }

    @Test
    @SuppressWarnings("NullAway")
    void withoutAPolicyNothingIsCut() throws IOException {
        MemoryFile memory = new MemoryFile(ones(64 * PAGE));
        try (OpenFile file = engine.pageCache().open(memory, reader);
                AddressSpace space = engine.newAddressSpace()) {
            space.extend(64 * PAGE);
            space.populate(0, 64, 6);
            for (Executable call : new Executable[] {
                () -> file.truncate(PAGE, null),
                () -> file.punchHole(PAGE, PAGE, null),
                () -> space.truncate(PAGE, null),
                () -> space.punchHole(PAGE, PAGE, null)
            }) {
                assertEquals(
                        "policy", assertThrows(NullPointerException.class, call).getMessage());
            }
            assertEquals(64 * PAGE, file.sizeBytes());
            assertEquals(64 * PAGE, space.sizeBytes());
            assertEquals(64, space.nrPages());
        }
        assertArrayEquals(ones(64 * PAGE), memory.content());
    }

    /** The file is cut by then, so what is cached must follow: else its bytes come back when the file grows. */
    @Test
    void aPolicyWhosePlanIsRefusedIsToldAfterTheCut() throws IOException {
        assertCutsNevertheless(IllegalArgumentException.class, PLANS_NOTHING);
    }

    @Test
    void aPolicyThatThrowsIsToldAfterTheCut() throws IOException {
        assertCutsNevertheless(IllegalStateException.class, THROWS);
    }

    private void assertCutsNevertheless(Class<? extends Exception> thrown, SplitPolicy policy) throws IOException {
        MemoryFile memory = new MemoryFile(new byte[0]);
        try (OpenFile file = engine.pageCache().open(memory, reader)) {
            int nrPages = 2 * NR_PAGES;
            file.write(ByteBuffer.wrap(ones(nrPages * PAGE)), 0);
            byte[] expected = ones(nrPages * PAGE);
            assertThrows(thrown, () -> file.punchHole(10 * PAGE + 1, 5 * PAGE, policy));
            Arrays.fill(expected, 10 * PAGE + 1, 15 * PAGE + 1, (byte) 0);
            assertArrayEquals(expected, read(file, nrPages * PAGE));
            assertThrows(thrown, () -> file.truncate(3 * PAGE, policy));
            assertEquals(3 * PAGE, file.sizeBytes());
            file.forEachFolio((index, order, folio) -> {
                assertEquals(0, index, "the folio across the end, and none beyond it");
                assertFalse(PageFlag.LOCKED.isSet(PageStruct.flagsAcquire(folio)));
            });
            file.truncate((long) nrPages * PAGE);
            Arrays.fill(expected, 3 * PAGE, nrPages * PAGE, (byte) 0);
            assertArrayEquals(expected, read(file, nrPages * PAGE));
            file.sync();
            assertArrayEquals(expected, memory.content());
        }
    }
}
