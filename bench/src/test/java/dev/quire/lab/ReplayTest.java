/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayTest {
    private static final ReplaySettings RANGE = new ReplaySettings(SplitPolicies.RANGE, 9, HeadMapKind.HEAD_BITS);

    @TempDir
    private Path directory;

    private TraceSource source(String... lines) throws IOException {
        return TraceSource.file(Files.write(directory.resolve("t.strace"), List.of(lines)));
    }

    private List<String> replay(String... lines) throws IOException {
        List<String> calls = new ArrayList<>();
        new Replay(source(lines), RecordingTarget.recordingTo(calls), bytes -> {}).run(RANGE, 1);
        assertEquals("create RANGE 9 HEAD_BITS", calls.getFirst());
        assertEquals(List.of("measure", "close"), calls.subList(calls.size() - 2, calls.size()));
        return calls.subList(1, calls.size() - 2);
    }

    @Test
    void everyFileOperationReachesTheTarget() throws IOException {
        assertEquals(
                List.of(
                        "open a 0",
                        "truncate 100 0",
                        "write 100 0 5000",
                        "read 100 0 10",
                        "truncate 100 4096",
                        "allocate 100 8192 4096 false",
                        "allocate 100 12288 4096 true",
                        "punchHole 100 0 4096",
                        "sync 100",
                        "remove 100"),
                replay(
                        "open(\"a\", O_RDWR|O_TRUNC) = 3",
                        "write(3, \"x\"..., 5000) = 5000",
                        "pread64(3, \"x\"..., 10, 0) = 10",
                        "ftruncate(3, 4096) = 0",
                        "fallocate(3, 0, 8192, 4096) = 0",
                        "fallocate(3, FALLOC_FL_KEEP_SIZE, 12288, 4096) = 0",
                        "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 4096) = 0",
                        "fsync(3) = 0",
                        "unlink(\"a\") = 0",
                        "close(3) = 0",
                        "brk(NULL) = 0x1000"));
    }

    @Test
    void filesHaveTheSizeThatTheWholeTraceTells() throws IOException {
        assertEquals(
                List.of(
                        "open a 9000",
                        "read 100 0 4096",
                        "write 100 9000 1000",
                        "read 100 9500 500",
                        "open b 300",
                        "read 101 100 200"),
                replay(
                        "open(\"a\", O_RDWR) = 3",
                        "open(\"b\", O_RDWR) = 4",
                        "open(\"never-used\", O_RDWR) = 5",
                        "read(3, \"x\"..., 4096) = 4096",
                        "lseek(3, 0, SEEK_END) = 9000",
                        "write(3, \"x\"..., 1000) = 1000",
                        "pread64(3, \"x\"..., 1000, 9500) = 500",
                        "pread64(4, \"x\"..., 200, 100) = 200"));
    }

    @Test
    void nothingIsReadPastTheEnd() throws IOException {
        assertEquals(
                List.of("open a 0", "truncate 100 0", "truncate 100 5000", "read 100 4000 1000", "read 100 0 5000"),
                replay(
                        "open(\"a\", O_RDWR|O_TRUNC) = 3",
                        "pread64(3, \"x\"..., 1000, 4000) = 1000",
                        "pread64(3, \"x\"..., 5000, 0) = 5000"));
    }

    @Test
    void zeroRangesAreHolesThatMayGrowTheFile() throws IOException {
        assertEquals(
                List.of(
                        "open a 0",
                        "punchHole 100 0 8192",
                        "truncate 100 8192",
                        "punchHole 100 4096 4096",
                        "punchHole 100 8192 4096"),
                replay(
                        "open(\"a\", O_RDWR) = 3",
                        "fallocate(3, FALLOC_FL_ZERO_RANGE, 0, 8192) = 0",
                        "fallocate(3, FALLOC_FL_ZERO_RANGE, 4096, 4096) = 0",
                        "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_ZERO_RANGE, 8192, 4096) = 0"));
    }

    @Test
    void aFileMadeAgainIsOpenedAgain() throws IOException {
        assertEquals(
                List.of("open a 0", "write 100 0 5", "remove 100", "open a 0", "write 101 0 5"),
                replay(
                        "creat(\"x\", 0600) = -1 EACCES (Permission denied)",
                        "open(\"a\", O_RDWR|O_CREAT, 0600) = 3",
                        "write(3, \"x\"..., 5) = 5",
                        "close(3) = 0",
                        "unlink(\"a\") = 0",
                        "open(\"a\", O_RDWR|O_CREAT, 0600) = 3",
                        "write(3, \"x\"..., 5) = 5"));
    }

    @Test
    void eachRunReadsTheTraceAnew() throws IOException {
        AtomicLong bytesRead = new AtomicLong();
        List<String> calls = new ArrayList<>();
        TraceSource source = source(
                "open(\"a\", O_RDWR) = 3", "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 4096) = 0");
        Replay replay = new Replay(source, RecordingTarget.recordingTo(calls), bytesRead::addAndGet);
        ReplayResult result = replay.run(RANGE, 3);
        assertEquals(4 * source.sizeBytes(), bytesRead.get());
        assertEquals(3, calls.stream().filter("measure"::equals).count());
        assertEquals(1, result.nrOperations());
        assertEquals(1, result.measurements().nrSplits());
    }

    @Test
    void latenciesOfAllRunsAreMerged() throws IOException {
        String[] lines = {
            "open(\"a\", O_RDWR) = 3", "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 4096) = 0"
        };
        Replay replay = new Replay(source(lines), RecordingTarget.recordingTo(new ArrayList<>()), bytes -> {});
        Measurements measurements = replay.run(RANGE, 2).measurements();
        assertEquals(1000, measurements.splitLatencies().nanosAt(50));
        // HdrHistogram keeps three digits: 5000 stands for 5000 to 5003.
        assertEquals(5003, measurements.splitLatencies().nanosAt(100));
    }

    @Test
    void failuresNamePolicyAndLine() throws IOException {
        TraceSource source = source("open(\"a\", O_RDWR) = 3", "", "write(3, \"x\"..., 5) = 5");
        Replay replay = new Replay(source, RecordingTarget.failingAt("write 100 0 5"), bytes -> {});
        LabException failure = assertThrows(LabException.class, () -> replay.run(RANGE, 1));
        assertEquals(
                source.name() + ":3: RANGE: Write[file=a#0, offsetBytes=0, lengthBytes=5] failed:"
                        + " java.lang.IllegalStateException: out of pages",
                failure.getMessage());
    }

    @Test
    void runsThatDifferAreReported() throws IOException {
        List<Long> holes = new ArrayList<>();
        ReplayTarget.Factory changing = settings -> {
            holes.add(0L);
            RecordingTarget target = new RecordingTarget(settings, new ArrayList<>(), "");
            if (holes.size() > 1) {
                target.punchHole(100, 0, 4096);
            }
            return target;
        };
        Replay replay = new Replay(source("open(\"a\", O_RDWR) = 3"), changing, bytes -> {});
        assertThrows(LabException.class, () -> replay.run(RANGE, 2));
    }

    @Test
    void badSettingsAreRefused() throws IOException {
        Replay replay = new Replay(source(""), RecordingTarget.failingAt(""), bytes -> {});
        assertThrows(IllegalArgumentException.class, () -> replay.run(RANGE, 0));
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> new ReplaySettings(SplitPolicies.RANGE, 19, HeadMapKind.HEAD_BITS));
        assertEquals("order out of range: order=19, max=18", refused.getMessage());
    }

    @Test
    void theBundledTracePunchesItsHoles() throws IOException {
        List<String> calls = new ArrayList<>();
        Replay replay =
                new Replay(TraceSource.bundled("dig-holes.strace.gz"), RecordingTarget.recordingTo(calls), bytes -> {});
        ReplayResult result = replay.run(RANGE, 1);
        assertEquals(22_753 + 843, result.nrOperations());
        assertEquals(
                843,
                calls.stream().filter(call -> call.startsWith("punchHole ")).count());
        assertEquals(1, calls.stream().filter("open img 93176021"::equals).count());
        assertEquals(
                0, calls.stream().filter(call -> call.startsWith("truncate ")).count());
    }
}
