/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static dev.quire.lab.TraceText.read;
import static dev.quire.lab.TraceText.truncate;
import static dev.quire.lab.TraceText.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TraceReaderTransferTest {
    @Test
    void readsAndWritesMoveThePosition() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "read(3, \"xyz\"..., 4096) = 4096",
                "write(3, \"xyz\"..., 100) = 100",
                "readv(3, [{iov_base=\"a)b\", iov_len=3}, {iov_base=\"c\", iov_len=1}], 2) = 4",
                "writev(3, [{iov_base=\"\\\"]\", iov_len=2}], 1) = 2");
        assertEquals(
                List.of(read("a#0", 0, 4096), write("a#0", 4096, 100), read("a#0", 4196, 4), write("a#0", 4200, 2)),
                trace.transfers());
    }

    @Test
    void positionedTransfersLeaveThePositionAlone() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "pread64(3, \"\"..., 784, 64) = 784",
                "pwrite64(3, \"\"..., 8, 1000) = 8",
                "preadv(3, [{iov_base=\"\"..., iov_len=5}], 1, 20) = 5",
                "pwritev(3, [{iov_base=\"\"..., iov_len=5}], 1, 30) = 5",
                "pwritev2(3, [{iov_base=\"\"..., iov_len=6}], 1, 40, RWF_DSYNC) = 6",
                "preadv2(3, [{iov_base=\"\"..., iov_len=7}], 1, 50, 0) = 7",
                "read(3, \"\"..., 1) = 1");
        assertEquals(
                List.of(
                        read("a#0", 64, 784),
                        write("a#0", 1000, 8),
                        read("a#0", 20, 5),
                        write("a#0", 30, 5),
                        write("a#0", 40, 6),
                        read("a#0", 50, 7),
                        read("a#0", 0, 1)),
                trace.transfers());
    }

    @Test
    void secondVersionOfVectorCallsUsesThePositionIfTheOffsetIsMinusOne() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "pwritev2(3, [{iov_base=\"\"..., iov_len=6}], 1, -1, 0) = 6",
                "preadv2(3, [{iov_base=\"\"..., iov_len=7}], 1, -1, 0) = 7");
        assertEquals(List.of(write("a#0", 0, 6), read("a#0", 6, 7)), trace.transfers());
    }

    @Test
    void lengthsAreThoseOfTheResult() {
        TraceText trace =
                TraceText.of("open(\"a\", O_RDONLY) = 3", "read(3, \"\"..., 4096) = 526", "read(3, \"\", 4096) = 0");
        assertEquals(List.of(read("a#0", 0, 526)), trace.transfers());
        assertEquals(526, trace.file(0).sizeBytes());
        assertTrue(trace.file(0).isSizeKnown());
    }

    @Test
    void fullReadsOnlyTellALowerBound() {
        TraceText trace = TraceText.of("open(\"a\", O_RDONLY) = 3", "pread64(3, \"\"..., 10, 90) = 10");
        assertEquals(100, trace.file(0).sizeBytes());
        assertEquals(100, trace.file(0).initialSizeBytes());
        assertFalse(trace.file(0).isSizeKnown());
    }

    @Test
    void anEmptyReadBeyondTheBoundDoesNotTellTheSize() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDONLY) = 3", "pread64(3, \"\"..., 10, 90) = 10", "pread64(3, \"\", 10, 500) = 0");
        assertEquals(100, trace.file(0).sizeBytes());
        assertFalse(trace.file(0).isSizeKnown());
    }

    @Test
    void failedCallsDoNothing() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD, \"a\", O_RDWR) = 3",
                "read(3, 0x7ffe, 10) = -1 EIO (Input/output error)",
                "openat(AT_FDCWD, \"b\", O_RDONLY) = -1 ENOENT (No such file or directory)",
                "read(3, \"\"..., 5) = 5");
        assertEquals(List.of(read("a#0", 0, 5)), trace.transfers());
        assertEquals(2, trace.summary().nrFailedCalls());
    }

    @Test
    void seekSetsThePositionFromItsResult() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "lseek(3, 100, SEEK_SET) = 100",
                "lseek(3, -10, SEEK_CUR) = 90",
                "write(3, \"\"..., 5) = 5",
                "_llseek(3, 0, [7], SEEK_SET) = 0",
                "write(3, \"\"..., 5) = 5");
        assertEquals(List.of(write("a#0", 90, 5), write("a#0", 7, 5)), trace.transfers());
    }

    @Test
    void seekFromTheEndTellsTheSize() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3", "lseek(3, -24, SEEK_END) = 1000", "write(3, \"\"..., 100) = 100");
        assertEquals(List.of(write("a#0", 1000, 100)), trace.transfers());
        assertEquals(1024, trace.file(0).initialSizeBytes());
        assertEquals(1100, trace.file(0).sizeBytes());
    }

    @Test
    void seekForHolesTellsALowerBound() {
        TraceText trace = TraceText.of(
                "open(\"img\", O_RDWR) = 3",
                "lseek(3, 0, SEEK_DATA) = 0",
                "lseek(3, 0, SEEK_HOLE) = 93176021",
                "lseek(3, 93176021, SEEK_DATA) = -1 ENXIO (No such device or address)",
                "lseek(3, 0, SEEK_SET) = 0",
                "read(3, \"\"..., 10) = 10");
        assertEquals(List.of(read("img#0", 0, 10)), trace.transfers());
        assertEquals(93176021, trace.file(0).sizeBytes());
        assertFalse(trace.file(0).isSizeKnown());
    }

    @Test
    void appendingWritesGoToTheEndWhateverTheOffset() {
        TraceText trace = TraceText.of(
                "open(\"log\", O_WRONLY|O_CREAT|O_APPEND, 0644) = 3",
                "fstat(3, {st_mode=S_IFREG|0644, st_size=5000, ...}) = 0",
                "write(3, \"\"..., 10) = 10",
                "pwrite64(3, \"\"..., 10, 0) = 10",
                "fcntl(3, F_SETFL, O_WRONLY) = 0",
                "pwrite64(3, \"\"..., 10, 0) = 10",
                "fcntl(3, F_SETFL, O_WRONLY|O_APPEND) = 0",
                "write(3, \"\"..., 1) = 1");
        assertEquals(
                List.of(
                        write("log#0", 5000, 10),
                        write("log#0", 5010, 10),
                        write("log#0", 0, 10),
                        write("log#0", 5020, 1)),
                trace.transfers());
    }

    @Test
    void sendFileReadsAndWrites() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDONLY) = 3",
                "open(\"b\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 4",
                "sendfile(4, 3, NULL, 4096) = 600",
                "sendfile(4, 3, [100] => [150], 50) = 50",
                "read(3, \"\"..., 1) = 1");
        assertEquals(
                List.of(
                        truncate("b#1", 0),
                        read("a#0", 0, 600),
                        write("b#1", 0, 600),
                        read("a#0", 100, 50),
                        write("b#1", 600, 50),
                        read("a#0", 600, 1)),
                trace.transfers());
    }

    @Test
    void copyFileRangeReadsAndWrites() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDONLY) = 3",
                "open(\"b\", O_RDWR) = 4",
                "copy_file_range(3, NULL, 4, [4096], 9223372035781033984, 0) = 1000",
                "copy_file_range(3, NULL, 4, NULL, 9223372035781033984, 0) = 10");
        assertEquals(
                List.of(read("a#0", 0, 1000), write("b#1", 4096, 1000), read("a#0", 1000, 10), write("b#1", 0, 10)),
                trace.transfers());
    }

    @Test
    void sendingAFileToASocketOnlyReads() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDONLY) = 3",
                "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4",
                "sendfile(4, 3, NULL, 4096) = 600");
        assertEquals(List.of(read("a#0", 0, 600)), trace.transfers());
        assertEquals(1, trace.summary().nrNonFileCalls());
    }

    @Test
    void eachOperationCarriesTheLineItsCallEndedOn() {
        TraceText trace = TraceText.of("open(\"a\", O_RDWR|O_TRUNC) = 3", "", "read(3, \"\", 1) = 0", "close(3) = 0");
        assertEquals(List.of(1L, 1L, 4L), trace.lineNumbers());
        assertEquals(4, trace.summary().nrLines());
    }
}
