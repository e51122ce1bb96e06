/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static dev.quire.lab.TraceText.read;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything that strace's options print around a call, lines that hold no call, and lines that make no sense. */
class TraceReaderFormatTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "%s",
                "789   %s",
                "[pid   789] %s",
                "23:59:45 %s",
                "789   23:59:45.123456 %s",
                "789   1795299099.631268 %s",
                "1795299099 %s",
                "789 1795299099 %s",
                "     0.000114 %s",
                "789        0.000114 %s",
                "[pid   789]      0.000114 %s",
                "23:59:45.789703 (+     0.000123) %s",
                "[   0] %s",
                "[00007f63b09162ad] %s",
                "3930  23:59:45 [   0] [00007f63b09162ad] %s",
                "%s <0.000041>",
                "%s\r",
                "%s (INJECTED)"
            })
    void columnsAroundTheCall(String format) {
        TraceText trace = TraceText.of(String.format(format, "read(5</tmp/a>, \"x\"..., 100)       = 50"));
        assertEquals(List.of(read("/tmp/a#0", 0, 50)), trace.operations());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void durationIsNotTakenForTheNameOfADescriptor() {
        TraceText trace =
                TraceText.of("open(\"a\", O_RDONLY) = 3 <0.000041>", "open(\"b\", O_RDONLY) = 4<b> <0.000041>");
        assertEquals(List.of("Open[file=a#0]", "Open[file=b#1]"), trace.operations());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void linesWithoutACallAreSkipped() {
        TraceText trace = TraceText.of(
                "",
                "789 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3833, si_uid=0} ---",
                "789 +++ exited with 0 +++",
                " > /lib/libc.so.6(read+0x1d) [0xf82ad]",
                "strace: Process 4017 attached");
        assertEquals(List.of(), trace.operations());
        assertEquals(0, trace.summary().nrMalformedLines());
        assertEquals(5, trace.summary().nrLines());
    }

    @Test
    void unknownCallsAreCountedByName() {
        TraceText trace = TraceText.of(
                "futex(0x7f, FUTEX_WAKE_PRIVATE, 1) = 0",
                "getpid() = 789",
                "futex(0x7f, FUTEX_WAIT_PRIVATE, 1<<3, NULL) = 0",
                "select(0, NULL, NULL, NULL, {tv_sec=0, tv_usec=100}) = 0 (Timeout)",
                "poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])");
        assertEquals(
                Map.of("futex", 2L, "getpid", 1L, "select", 1L, "poll", 1L),
                trace.summary().unknownCalls());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void malformedLinesAreReportedWithFileAndLineAndSkipped() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDONLY) = 3",
                "this is not a call",
                "read(3, \"unclosed, 10) = 10",
                "read(3, \"x\"..., 10",
                "read(3, \"x\"..., 10) == 10",
                "read(3, \"x\"...) = 10",
                "read(3, \"x\"..., ten) = 10",
                "read(3, \"x\"..., 10) = 11",
                "read(3, \"x\"..., 10) = 99999999999999999999",
                "pread64(3, \"x\"..., 10, -5) = 10",
                "pread64(3, \"x\"..., 10, 9223372036854775800) = 10",
                "read(3</tmp/a, \"x\"..., 10) = 10",
                "fallocate(3, 0, 0, 0) = 0",
                "<... read resumed>\"x\", 10) = 10",
                "<... read",
                "99999999999 read(3, \"x\", 1) = 1",
                "read(3, \"x\"..., 4) = 4");
        assertEquals(List.of(read("a#0", 0, 1), read("a#0", 1, 4)), trace.transfers());
        assertEquals(
                List.of(
                        "test.strace:2: no call on this line",
                        "test.strace:3: string is not closed",
                        "test.strace:4: argument list is not closed",
                        "test.strace:5: no result after the arguments of read",
                        "test.strace:6: argument 3 of read is missing",
                        "test.strace:7: not a number: ten",
                        "test.strace:8: result of read is out of range: 11, asked for 10",
                        "test.strace:9: not a number: 99999999999999999999",
                        "test.strace:10: argument 4 of pread64 is out of range: -5",
                        "test.strace:11: end of pread64 is out of range: offset 9223372036854775800",
                        "test.strace:12: name of a descriptor is not closed",
                        "test.strace:13: range of fallocate is out of range: offset 0, length 0",
                        "test.strace:14: read is resumed but was not begun",
                        "test.strace:15: \"<...\" without \"resumed>\""),
                trace.malformedLines());
    }

    @Test
    void onlyTheFirstMalformedLinesAreKept() {
        TraceText trace = TraceText.ofRawText("nonsense\n".repeat(50));
        assertEquals(50, trace.summary().nrMalformedLines());
        assertEquals(
                TraceSummary.MAX_MALFORMED_LINES_KEPT,
                trace.summary().malformedLines().size());
    }

    @Test
    void aLineWithoutEndIsCutShort() {
        TraceText trace = TraceText.ofRawText(
                "x".repeat(3 * TraceLines.MAX_LINE_BYTES) + "\nopen(\"a\", O_RDONLY) = 3\nread(3, \"x\", 1) = 1");
        assertEquals(List.of(read("a#0", 0, 1)), trace.transfers());
        assertEquals(List.of("test.strace:1: line is longer than 1048576 bytes"), trace.malformedLines());
    }

    @Test
    void memoryCallsAreKeptAsTypedOperations() {
        TraceText trace = TraceText.of(
                "7 open(\"a\", O_RDONLY) = 3",
                "7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000",
                "7 mmap(0x10000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 3, 0x2000) = 0x10000",
                "7 munmap(0x10000, 4096) = 0",
                "7 mremap(0x20000, 4096, 8192, MREMAP_MAYMOVE) = 0x30000",
                "7 mprotect(0x10000, 16384, PROT_NONE) = 0",
                "7 madvise(0xffffffff80000000, 8192, MADV_DONTNEED) = 0",
                "7 brk(NULL)       = 0x55000",
                "7 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 1, 0) = -1 ENODEV (No such device)");
        assertEquals(
                List.of(
                        "Open[file=a#0]",
                        "Map[pid=7, address=139637976731648, lengthBytes=8192, protection=PROT_READ|PROT_WRITE,"
                                + " flags=MAP_PRIVATE|MAP_ANONYMOUS, file=Optional.empty, offsetBytes=0]",
                        "Map[pid=7, address=65536, lengthBytes=4096, protection=PROT_READ,"
                                + " flags=MAP_SHARED|MAP_FIXED, file=Optional[a#0], offsetBytes=8192]",
                        "Unmap[pid=7, address=65536, lengthBytes=4096]",
                        "Remap[pid=7, oldAddress=131072, oldLengthBytes=4096, newAddress=196608, newLengthBytes=8192]",
                        "Protect[pid=7, address=65536, lengthBytes=16384, protection=PROT_NONE]",
                        "Advise[pid=7, address=-2147483648, lengthBytes=8192, advice=MADV_DONTNEED]",
                        "Break[pid=7, address=348160]"),
                trace.operations());
        assertEquals(7, trace.summary().nrMemoryCalls());
        assertEquals(2, trace.summary().count(TraceOperation.Map.class));
    }
}
