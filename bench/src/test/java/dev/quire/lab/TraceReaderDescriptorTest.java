/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static dev.quire.lab.TraceText.close;
import static dev.quire.lab.TraceText.execute;
import static dev.quire.lab.TraceText.open;
import static dev.quire.lab.TraceText.read;
import static dev.quire.lab.TraceText.remove;
import static dev.quire.lab.TraceText.truncate;
import static dev.quire.lab.TraceText.write;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which file a descriptor means, with and without printed names. */
class TraceReaderDescriptorTest {
    @Test
    void copiesShareThePosition() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "dup(3) = 4",
                "dup2(3, 5) = 5",
                "dup3(3, 6, O_CLOEXEC) = 6",
                "fcntl(3, F_DUPFD, 0) = 7",
                "fcntl(3, F_DUPFD_CLOEXEC, 0) = 8",
                "write(3, \"\"..., 1) = 1",
                "write(4, \"\"..., 1) = 1",
                "write(5, \"\"..., 1) = 1",
                "write(6, \"\"..., 1) = 1",
                "write(7, \"\"..., 1) = 1",
                "write(8, \"\"..., 1) = 1");
        assertEquals(
                List.of(
                        write("a#0", 0, 1),
                        write("a#0", 1, 1),
                        write("a#0", 2, 1),
                        write("a#0", 3, 1),
                        write("a#0", 4, 1),
                        write("a#0", 5, 1)),
                trace.transfers());
    }

    @Test
    void aSecondOpenHasItsOwnPosition() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "open(\"a\", O_RDWR) = 4",
                "write(3, \"\"..., 9) = 9",
                "read(4, \"\"..., 5) = 5");
        assertEquals(List.of(write("a#0", 0, 9), read("a#0", 0, 5)), trace.transfers());
    }

    @Test
    void dup2ClosesWhatItReplacesButNotItself() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "open(\"b\", O_RDWR) = 4",
                "dup2(3, 3) = 3",
                "dup2(3, 4) = 4",
                "write(4, \"\"..., 5) = 5");
        assertEquals(List.of(open("a#0"), open("b#1"), close("b#1"), write("a#0", 0, 5)), trace.operations());
    }

    @Test
    void descriptorsWithoutVisibleOpenAreFilesByNumber() {
        TraceText trace = TraceText.of(
                "ftruncate(6, 32768) = 0", "write(6, \"\"..., 5) = 5", "close(6) = 0", "write(6, \"\"..., 5) = 5");
        assertEquals(
                List.of(truncate("fd:6#0", 32768), write("fd:6#0", 0, 5), close("fd:6#0"), write("fd:6#1", 0, 5)),
                trace.operations());
    }

    @Test
    void standardStreamsWithoutNameAreNotFiles() {
        TraceText trace =
                TraceText.of("read(0, \"y\\n\", 1024) = 2", "write(1, \"hi\", 2) = 2", "write(2, \"\"..., 2) = 2");
        assertEquals(List.of(), trace.operations());
        assertEquals(3, trace.summary().nrNonFileCalls());
    }

    @Test
    void redirectedStandardStreamsAreFiles() {
        TraceText trace = TraceText.of(
                "open(\"out\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3",
                "dup2(3, 1) = 1",
                "close(3) = 0",
                "write(1, \"hi\", 2) = 2",
                "write(2</tmp/err>, \"oh\", 2) = 2");
        assertEquals(List.of(truncate("out#0", 0), write("out#0", 0, 2), write("/tmp/err#1", 0, 2)), trace.transfers());
    }

    @Test
    void socketsPipesAndOtherObjectsAreNotFiles() {
        TraceText trace = TraceText.of(
                "socket(AF_UNIX, SOCK_STREAM, 0) = 3",
                "pipe([4, 5]) = 0",
                "pipe2([6, 7], O_CLOEXEC) = 0",
                "socketpair(AF_UNIX, SOCK_STREAM, 0, [8, 9]) = 0",
                "accept4(3, NULL, NULL, SOCK_CLOEXEC) = 10",
                "eventfd2(0, EFD_CLOEXEC) = 11",
                "epoll_create1(EPOLL_CLOEXEC) = 12",
                "timerfd_create(CLOCK_MONOTONIC, 0) = 13",
                "open(\"/dev/null\", O_RDWR) = 14",
                "open(\"/proc/self/stat\", O_RDONLY) = 15",
                "open(\"/sys/kernel/mm/transparent_hugepage/enabled\", O_RDONLY) = 16",
                "open(\"d\", O_RDONLY|O_DIRECTORY) = 17",
                "open(\"p\", O_PATH) = 18",
                "write(3, \"x\", 1) = 1",
                "read(4, \"x\", 1) = 1",
                "write(7, \"x\", 1) = 1",
                "write(8, \"x\", 1) = 1",
                "write(10, \"x\", 1) = 1",
                "write(11, \"x\"..., 8) = 8",
                "read(13, \"x\"..., 8) = 8",
                "write(14, \"x\", 1) = 1",
                "read(15, \"x\"..., 100) = 10",
                "read(16, \"x\"..., 100) = 10",
                "fsync(17) = 0");
        assertEquals(List.of(), trace.operations());
        assertEquals(11, trace.summary().nrNonFileCalls());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void printedNamesOfObjectsAreNotFiles() {
        TraceText trace = TraceText.of(
                "write(1</dev/pts/0>, \"x\", 1) = 1",
                "write(1</dev/pts/0<char 136:0>>, \"x\", 1) = 1",
                "write(1<null>, \"x\", 1) = 1",
                "read(7<socket:[42544]>, \"x\", 1) = 1",
                "read(8<pipe:[23689]>, \"x\", 1) = 1",
                "read(9<TCP:[127.0.0.1:6379->127.0.0.1:43210]>, \"x\", 1) = 1",
                "read(10<UNIX-STREAM:[123->456,\"/run/x\"]>, \"x\", 1) = 1",
                "read(11<anon_inode:[eventfd]>, \"x\"..., 8) = 8",
                "read(12<anon_inode:inotify>, \"x\"..., 8) = 8",
                "read(13</proc/789/status>, \"x\"..., 8) = 8",
                "read(14</dev/sda<block 8:0>>, \"x\"..., 8) = 8",
                "write(15</dev/shm/ring>, \"x\", 1) = 1");
        assertEquals(List.of(write("/dev/shm/ring#0", 0, 1)), trace.operations());
        assertEquals(11, trace.summary().nrNonFileCalls());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void printedNamesAreAuthoritative() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD</w>, \"link\", O_RDWR) = 3</w/target>",
                "write(3</w/target>, \"x\", 1) = 1",
                "write(3</w/other>, \"x\", 1) = 1",
                "write(3<pipe:[1]>, \"x\", 1) = 1",
                "write(4</w/target>, \"x\", 1) = 1");
        assertEquals(
                List.of(
                        open("/w/target#0"),
                        write("/w/target#0", 0, 1),
                        close("/w/target#0"),
                        write("/w/other#1", 0, 1),
                        close("/w/other#1"),
                        write("/w/target#0", 0, 1)),
                trace.operations());
    }

    @Test
    void printedNamesHaveTheirEscapesResolved() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD</w>, \"a b<c>\\\"\\303\\274\", O_RDWR) = 3</w/a b\\74c\\76\\\"\\303\\274>",
                "write(3</w/a b\\74c\\76\\\"\\303\\274>, \"x\", 1) = 1",
                "unlink(\"a b<c>\\\"\\303\\274\") = 0",
                "close(3</w/a b\\74c\\76\\\"\\303\\274>(deleted)) = 0");
        String name = "/w/a b<c>\"\u00fc#0";
        assertEquals(List.of(open(name), write(name, 0, 1), close(name), remove(name)), trace.operations());
    }

    @Test
    void deletedFilesAreToldByTheirPrintedName() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD</w>, \"t\", O_RDWR) = 6</w/t>",
                "pwrite64(6</w/t>(deleted), \"x\", 1, 0) = 1",
                "openat(AT_FDCWD</w>, \"t\", O_RDWR|O_CREAT, 0600) = 7</w/t>",
                "pwrite64(7</w/t>, \"x\", 1, 5) = 1",
                "pwrite64(6</w/t (deleted)>, \"x\", 1, 0) = 1",
                "close(6</w/t>(deleted)) = 0",
                "memfd_create(\"h\", 0) = 8</memfd:h>(deleted)",
                "pwrite64(8</memfd:h>(deleted), \"x\", 1, 0) = 1",
                "close(8</memfd:h>(deleted)) = 0");
        assertEquals(
                List.of(
                        open("/w/t#0"),
                        write("/w/t#0", 0, 1),
                        open("/w/t#1"),
                        write("/w/t#1", 5, 1),
                        write("/w/t#0", 0, 1),
                        close("/w/t#0"),
                        remove("/w/t#0"),
                        open("/memfd:h#2"),
                        write("/memfd:h#2", 0, 1),
                        close("/memfd:h#2"),
                        remove("/memfd:h#2")),
                trace.operations());
    }

    @Test
    void renamedFilesKeepTheirPosition() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD</w>, \"a\", O_RDWR) = 3</w/a>",
                "write(3</w/a>, \"x\", 1) = 1",
                "rename(\"a\", \"z\") = 0",
                "write(3</w/z>, \"x\", 1) = 1");
        assertEquals(List.of(open("/w/z#0"), write("/w/z#0", 0, 1), write("/w/z#0", 1, 1)), trace.operations());
    }

    @Test
    void execClosesMarkedDescriptors() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR|O_CLOEXEC) = 3",
                "open(\"b\", O_RDWR) = 4",
                "open(\"c\", O_RDWR) = 5",
                "fcntl(5, F_SETFD, FD_CLOEXEC) = 0",
                "execve(\"/bin/x\", [\"x\"], 0x7ffe /* 12 vars */) = 0",
                "write(4, \"x\", 1) = 1",
                "write(3, \"x\", 1) = 1");
        assertEquals(
                List.of(
                        open("a#0"),
                        open("b#1"),
                        open("c#2"),
                        close("a#0"),
                        close("c#2"),
                        execute(0),
                        write("b#1", 0, 1),
                        write("fd:3#3", 0, 1)),
                trace.operations());
    }

    @Test
    void dup2OntoItselfKeepsTheMarkForExec() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR|O_CLOEXEC) = 3",
                "dup2(3, 3) = 3",
                "execve(\"/bin/x\", [\"x\"], 0x7ffe /* 12 vars */) = 0");
        assertEquals(List.of(open("a#0"), close("a#0"), execute(0)), trace.operations());
    }

    @Test
    void aNameThatIsBackBelongsToAnotherFile() {
        TraceText trace = TraceText.of(
                "openat(AT_FDCWD</w>, \"a\", O_RDWR) = 3</w/a>",
                "unlink(\"a\") = 0",
                "write(3</w/a>, \"x\", 1) = 1",
                "memfd_create(\"h\", 0) = 4</memfd:h>(deleted)",
                "close(4</memfd:h>(deleted)) = 0",
                "write(9</memfd:h>(deleted), \"x\", 1) = 1");
        assertEquals(
                List.of(remove("/w/a#0"), write("/w/a#1", 0, 1), remove("/memfd:h#2"), write("/memfd:h#3", 0, 1)),
                trace.transfers());
    }

    @Test
    void closeRangeClosesOrMarks() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "open(\"b\", O_RDWR) = 4",
                "open(\"c\", O_RDWR) = 5",
                "close_range(5, 4294967295, CLOSE_RANGE_CLOEXEC) = 0",
                "close_range(4, 4, 0) = 0",
                "execve(\"/bin/x\", [\"x\"], 0x7ffe /* 12 vars */) = 0");
        assertEquals(
                List.of(open("a#0"), open("b#1"), open("c#2"), close("b#1"), close("c#2"), execute(0)),
                trace.operations());
    }
}
