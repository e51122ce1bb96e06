/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static dev.quire.lab.TraceText.close;
import static dev.quire.lab.TraceText.open;
import static dev.quire.lab.TraceText.remove;
import static dev.quire.lab.TraceText.truncate;
import static dev.quire.lab.TraceText.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Truncation, allocation, names: what a file is and how long it is. */
class TraceReaderFileTest {
    @Test
    void truncationByDescriptorAndByPath() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "ftruncate(3, 4427776) = 0",
                "truncate(\"a\", 10) = 0",
                "truncate(\"never-opened\", 20) = 0");
        assertEquals(
                List.of(truncate("a#0", 4427776), truncate("a#0", 10), truncate("never-opened#1", 20)),
                trace.transfers());
        assertEquals(10, trace.file(0).sizeBytes());
        assertTrue(trace.file(0).isSizeKnown());
    }

    @Test
    void truncatingOpenEmptiesTheFile() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "write(3, \"\"..., 9) = 9",
                "creat(\"a\", 0644) = 4",
                "write(3, \"\"..., 1) = 1");
        assertEquals(List.of(write("a#0", 0, 9), truncate("a#0", 0), write("a#0", 9, 1)), trace.transfers());
    }

    @Test
    void fallocateModes() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "fallocate(3, 0, 0, 2097152) = 0",
                "fallocate(3, FALLOC_FL_KEEP_SIZE, 4194304, 4096) = 0",
                "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 4096, 8192) = 0",
                "fallocate(3, FALLOC_FL_ZERO_RANGE, 2097152, 4096) = 0",
                "fallocate(3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_ZERO_RANGE, 0, 4096) = 0",
                "fallocate(3, FALLOC_FL_COLLAPSE_RANGE, 0, 4096) = 0");
        assertEquals(
                List.of(
                        "Allocate[file=a#0, offsetBytes=0, lengthBytes=2097152, keepSize=false]",
                        "Allocate[file=a#0, offsetBytes=4194304, lengthBytes=4096, keepSize=true]",
                        "PunchHole[file=a#0, offsetBytes=4096, lengthBytes=8192]",
                        "ZeroRange[file=a#0, offsetBytes=2097152, lengthBytes=4096, keepSize=false]",
                        "ZeroRange[file=a#0, offsetBytes=0, lengthBytes=4096, keepSize=true]"),
                trace.transfers());
        assertEquals(2101248, trace.file(0).sizeBytes());
        assertEquals(
                Map.of("fallocate(FALLOC_FL_COLLAPSE_RANGE)", 1L),
                trace.summary().unknownCalls());
    }

    @Test
    void syncCalls() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "fsync(3) = 0",
                "fdatasync(3) = 0",
                "sync_file_range(3, 0, 4096, SYNC_FILE_RANGE_WRITE) = 0");
        assertEquals(List.of("Sync[file=a#0]", "Sync[file=a#0]", "Sync[file=a#0]"), trace.transfers());
    }

    @Test
    void statusTellsSizeAndKind() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=803, ...}, AT_EMPTY_PATH) = 0",
                "newfstatat(AT_FDCWD, \"other\", {st_mode=S_IFREG|0644, st_size=9, ...}, 0) = 0",
                "fstat(5, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x88, 0), ...}) = 0",
                "write(5, \"\"..., 10) = 10",
                "fstat(3, {st_mode=S_IFREG|0644, st_size=900, ...}) = 0");
        assertEquals(List.of(open("a#0"), close("fd:5#1")), trace.operations());
        assertEquals(803, trace.file(0).initialSizeBytes());
        assertEquals(900, trace.file(0).sizeBytes());
        assertEquals(1, trace.summary().nrNonFileCalls());
    }

    @Test
    void aFileMadeAgainUnderItsNameIsAnotherFile() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR|O_CREAT, 0644) = 3",
                "write(3, \"\"..., 10) = 10",
                "close(3) = 0",
                "unlink(\"a\") = 0",
                "open(\"a\", O_RDWR|O_CREAT, 0644) = 3",
                "write(3, \"\"..., 10) = 10");
        assertEquals(
                List.of(
                        open("a#0"),
                        write("a#0", 0, 10),
                        close("a#0"),
                        remove("a#0"),
                        open("a#1"),
                        write("a#1", 0, 10)),
                trace.operations());
    }

    @Test
    void anUnlinkedFileLivesUntilItsLastDescriptorIsClosed() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR|O_CREAT|O_EXCL, 0600) = 3",
                "dup(3) = 4",
                "unlinkat(AT_FDCWD, \"a\", 0) = 0",
                "write(3, \"\"..., 10) = 10",
                "close(3) = 0",
                "write(4, \"\"..., 10) = 10",
                "close(4) = 0");
        assertEquals(
                List.of(open("a#0"), write("a#0", 0, 10), write("a#0", 10, 10), close("a#0"), remove("a#0")),
                trace.operations());
    }

    @Test
    void exclusiveCreationProvesThatAnOlderFileIsGone() {
        TraceText trace =
                TraceText.of("open(\"a\", O_RDWR) = 3", "close(3) = 0", "open(\"a\", O_RDWR|O_CREAT|O_EXCL, 0600) = 3");
        assertEquals(List.of(open("a#0"), close("a#0"), remove("a#0"), open("a#1")), trace.operations());
        assertTrue(trace.file(1).isSizeKnown());
    }

    @Test
    void renameKeepsTheFileAndDropsTheOneItReplaces() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "open(\"a.tmp\", O_WRONLY|O_CREAT|O_EXCL, 0600) = 4",
                "close(3) = 0",
                "rename(\"a.tmp\", \"a\") = 0",
                "write(4, \"\"..., 5) = 5",
                "open(\"a\", O_RDWR) = 3",
                "write(3, \"\"..., 7) = 7");
        assertEquals(
                List.of(
                        open("a#0"),
                        open("a#1"),
                        close("a#0"),
                        remove("a#0"),
                        write("a#1", 0, 5),
                        open("a#1"),
                        write("a#1", 0, 7)),
                trace.operations());
    }

    @Test
    void renamesThatExchangeOrMeanOneFile() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "open(\"b\", O_RDWR) = 4",
                "renameat2(AT_FDCWD, \"a\", AT_FDCWD, \"b\", RENAME_EXCHANGE) = 0",
                "truncate(\"a\", 1) = 0",
                "rename(\"a\", \"a\") = 0",
                "link(\"b\", \"c\") = 0",
                "rename(\"b\", \"c\") = 0",
                "truncate(\"c\", 2) = 0");
        assertEquals(List.of(truncate("a#1", 1), truncate("b#0", 2)), trace.transfers());
    }

    @Test
    void aHardLinkKeepsTheFileAlive() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "link(\"a\", \"b\") = 0",
                "close(3) = 0",
                "unlink(\"a\") = 0",
                "truncate(\"b\", 5) = 0",
                "unlink(\"b\") = 0");
        assertEquals(List.of(truncate("a#0", 5), remove("a#0")), trace.transfers());
    }

    @Test
    void temporaryFilesHaveNoNameUntilLinked() {
        TraceText trace = TraceText.of(
                "open(\"/tmp\", O_RDWR|O_TMPFILE, 0600) = 3",
                "write(3, \"\"..., 5) = 5",
                "linkat(3, \"\", AT_FDCWD, \"/tmp/kept\", AT_EMPTY_PATH) = 0",
                "close(3) = 0",
                "open(\"/tmp\", O_RDWR|O_TMPFILE, 0600) = 3",
                "close(3) = 0");
        assertEquals(
                List.of(
                        open("/tmp/kept#0"),
                        write("/tmp/kept#0", 0, 5),
                        close("/tmp/kept#0"),
                        open("/tmp#1"),
                        close("/tmp#1"),
                        remove("/tmp#1")),
                trace.operations());
    }

    @Test
    void memoryFilesGoWithTheirLastDescriptor() {
        TraceText trace = TraceText.of(
                "memfd_create(\"heap\", MFD_CLOEXEC) = 4",
                "ftruncate(4, 1572864000) = 0",
                "memfd_create(\"heap\", MFD_CLOEXEC) = 5",
                "close(4) = 0",
                "write(5, \"\"..., 3) = 3");
        assertEquals(
                List.of(
                        open("memfd:heap#0"),
                        truncate("memfd:heap#0", 1572864000),
                        open("memfd:heap#1"),
                        close("memfd:heap#0"),
                        remove("memfd:heap#0"),
                        write("memfd:heap#1", 0, 3)),
                trace.operations());
    }

    @Test
    void relativePathsFollowTheDirectory() {
        TraceText trace = TraceText.of(
                "open(\"/d/a\", O_RDWR) = 3",
                "chdir(\"/d\") = 0",
                "open(\"./a\", O_RDWR) = 4",
                "open(\"sub\", O_RDONLY|O_DIRECTORY) = 5",
                "openat(5, \"b\", O_RDWR) = 6",
                "fchdir(5) = 0",
                "truncate(\"../a\", 1) = 0",
                "truncate(\"b\", 2) = 0");
        assertEquals(List.of(truncate("/d/a#0", 1), truncate("/d/sub/b#1", 2)), trace.transfers());
    }
}
