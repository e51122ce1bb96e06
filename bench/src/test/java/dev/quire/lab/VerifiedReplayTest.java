/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Traces on real files through the page cache, compared byte for byte with plain files; and that a difference is
 * noticed.
 */
class VerifiedReplayTest {
    private final Quire engine = Quire.builder().capacityBytes(64 << 20).open();
    private final RcuReader reader = engine.newReader();

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        reader.close();
        engine.close();
    }

    @ParameterizedTest
    @CsvSource({
        "dig-holes.strace.gz, RANGE, 23596",
        "sqlite.strace.gz, UNIFORM, 54012",
        "zgc.strace.gz, NON_UNIFORM, 234"
    })
    void everyByteIsThatOfAPlainFile(String trace, SplitPolicies policy, long nrOperations) throws IOException {
        Replay replay = new Replay(TraceSource.bundled(trace), VerifiedFilesTarget::new, bytes -> {});
        ReplayResult result = replay.run(new ReplaySettings(policy, 9, HeadMapKind.HEAD_BITS), 1);
        assertEquals(nrOperations, result.nrOperations());
    }

    @Test
    void allIsClosedAndRemovedButWhatCannotBe() throws IOException {
        ReplaySettings settings = new ReplaySettings(SplitPolicies.RANGE, 9, HeadMapKind.HEAD_BITS);
        VerifiedFilesTarget target = new VerifiedFilesTarget(settings, folder);
        target.open("first", 10_000);
        target.open("second", 10_000);
        Path own = onlyFileIn(folder);
        Files.delete(own.resolve("plain-0"));
        Files.createDirectories(own.resolve("plain-0").resolve("more"));
        UncheckedIOException failure = assertThrows(UncheckedIOException.class, target::close);
        assertInstanceOf(DirectoryNotEmptyException.class, failure.getCause());
        assertEquals(own.resolve("plain-0"), onlyFileIn(own));
    }

    @Test
    void nothingStaysIfAFileCannotBeMade() throws IOException {
        ReplaySettings settings = new ReplaySettings(SplitPolicies.RANGE, 9, HeadMapKind.HEAD_BITS);
        VerifiedFilesTarget target = new VerifiedFilesTarget(settings, folder);
        Files.createFile(onlyFileIn(folder).resolve("cached-0"));
        assertThrows(UncheckedIOException.class, () -> target.open("first", 10_000));
        target.close();
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    private static Path onlyFileIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertEquals(1, all.size(), all::toString);
            return all.getFirst();
        }
    }

    private VerifiedFile newFile(long sizeBytes) throws IOException {
        return new VerifiedFile(engine.pageCache(), reader, folder, 0, sizeBytes);
    }

    private void flipByte(String fileName, long offsetBytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(folder.resolve(fileName), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, offsetBytes);
            one.clear().put(0, (byte) ~one.get(0));
            channel.write(one, offsetBytes);
        }
    }

    @Test
    void aReadOfAnotherByteIsFound() throws IOException {
        VerifiedFile file = newFile(300_000);
        flipByte("cached-0", 290_001);
        file.read(0, 290_001);
        assertEquals(
                "wrong bytes: file=0, offsetBytes=290001, found=10000 bytes, expected=10000 bytes",
                assertThrows(IllegalStateException.class, () -> file.read(290_000, 10_000))
                        .getMessage());
        file.close();
    }

    @Test
    void aLostWriteIsFoundAtTheEnd() throws IOException {
        VerifiedFile file = newFile(10_000);
        file.write(9_000, 5_000);
        file.sync();
        flipByte("cached-0", 13_999);
        assertEquals(
                "wrong byte on disk: file=0, offsetBytes=13999",
                assertThrows(IllegalStateException.class, file::requireSameAtEnd)
                        .getMessage());
        file.close();
    }

    @Test
    void aLostWriteIsFoundWhenTheFileIsRemoved() throws IOException {
        VerifiedFile file = newFile(10_000);
        file.write(9_000, 5_000);
        file.sync();
        flipByte("cached-0", 13_999);
        assertEquals(
                "wrong byte on disk: file=0, offsetBytes=13999",
                assertThrows(IllegalStateException.class, file::remove).getMessage());
        file.close();
        VerifiedFile same = newFile(10_000);
        same.write(9_000, 5_000);
        same.remove();
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aSizeThatDiffersIsFoundAtTheEnd() throws IOException {
        VerifiedFile file = newFile(10_000);
        flipByte("plain-0", 10_000);
        assertEquals(
                "wrong size: file=0, found=10000, expected=10001",
                assertThrows(IllegalStateException.class, file::requireSameAtEnd)
                        .getMessage());
        file.close();
    }

    @Test
    void truncationsHolesAndWritesAreTheSameOnBoth() throws IOException {
        VerifiedFile file = newFile(3_000_000);
        file.read(0, 3_000_000);
        file.write(1_234_567, 700_000);
        file.punchHole(500_001, 1_000_000, SplitPolicies.RANGE);
        file.read(0, 3_000_000);
        file.truncate(2_000_001, SplitPolicies.NON_UNIFORM);
        file.truncate(2_500_000, SplitPolicies.NON_UNIFORM);
        file.requireSameAtEnd();
        file.close();
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }
}
