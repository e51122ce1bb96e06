/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static dev.quire.lab.TraceText.close;
import static dev.quire.lab.TraceText.execute;
import static dev.quire.lab.TraceText.open;
import static dev.quire.lab.TraceText.read;
import static dev.quire.lab.TraceText.remove;
import static dev.quire.lab.TraceText.write;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Threads and processes: who shares what, and calls that are cut in two. */
class TraceReaderThreadTest {
    @Test
    void aCallIsJoinedWithItsSecondHalf() {
        TraceText trace = TraceText.of(
                "10 memfd_create(\"h\", MFD_CLOEXEC <unfinished ...>",
                "11 madvise(0x1000, 4096, MADV_DONTNEED) = 0",
                "10 <... memfd_create resumed>) = 4",
                "10 fallocate(4, 0, 35651584, 2097152 <unfinished ...>",
                "11 fallocate(4, 0, 0, 4096) = 0",
                "10 <... fallocate resumed> ) = 0");
        assertEquals(
                List.of(
                        "Advise[pid=10, address=4096, lengthBytes=4096, advice=MADV_DONTNEED]",
                        "Allocate[file=memfd:h#0, offsetBytes=0, lengthBytes=4096, keepSize=false]",
                        "Allocate[file=memfd:h#0, offsetBytes=35651584, lengthBytes=2097152, keepSize=false]"),
                trace.transfers());
        assertEquals(List.of(2L, 3L, 5L, 6L), trace.lineNumbers());
    }

    @Test
    void aDescriptorIsFreeBeforeItsCloseReturns() {
        TraceText trace = TraceText.of(
                "10 open(\"a\", O_RDWR) = 3",
                "10 close(3 <unfinished ...>",
                "11 open(\"b\", O_RDWR) = 3",
                "10 <... close resumed>) = 0",
                "11 write(3, \"x\", 1) = 1");
        assertEquals(List.of(open("a#0"), close("a#0"), open("b#1"), write("b#1", 0, 1)), trace.operations());
    }

    @Test
    void aCloseThatIsCutInTwoClosesOnce() {
        TraceText trace = TraceText.of(
                "10 open(\"a\", O_RDWR) = 3",
                "10 close(3 <unfinished ...>",
                "11 getpid() = 10",
                "10 <... close resumed>) = 0");
        assertEquals(List.of(open("a#0"), close("a#0")), trace.operations());
        assertEquals(List.of(1L, 2L), trace.lineNumbers());
    }

    @Test
    void callsThatNeverReturnAreCounted() {
        TraceText trace = TraceText.of(
                "10 open(\"a\", O_RDWR) = 3",
                "10 read(3, <unfinished ...>",
                "10 write(3, \"x\", 1) = 1",
                "11 futex(0x7f, FUTEX_WAIT, 1, NULL <unfinished ...>",
                "11 +++ killed by SIGKILL +++",
                "12 exit_group(0) = ?",
                "13 read(3, \"\" <unfinished ...>) = ?",
                "14 pause( <unfinished ...>",
                "15 read(3, <detached ...>");
        assertEquals(List.of(write("a#0", 0, 1)), trace.transfers());
        assertEquals(6, trace.summary().nrUnreturnedCalls());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void aForkCopiesDescriptorsAndSharesPositions() {
        TraceText trace = TraceText.of(
                "10 open(\"a\", O_RDWR) = 3",
                "10 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 20",
                "20 write(3, \"xxxxx\", 5) = 5",
                "20 close(3) = 0",
                "20 open(\"b\", O_RDWR) = 3",
                "10 write(3, \"x\", 1) = 1",
                "20 write(3, \"x\", 1) = 1");
        assertEquals(
                List.of(open("a#0"), write("a#0", 0, 5), open("b#1"), write("a#0", 5, 1), write("b#1", 0, 1)),
                trace.operations());
    }

    @Test
    void aThreadSharesDescriptors() {
        TraceText trace = TraceText.of(
                "10 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_THREAD, child_tid=0x7f}, 88) = 20",
                "20 open(\"a\", O_RDWR) = 3",
                "10 write(3, \"x\", 1) = 1",
                "20 close(3) = 0",
                "10 open(\"b\", O_RDWR) = 3",
                "20 write(3, \"x\", 1) = 1");
        assertEquals(
                List.of(open("a#0"), write("a#0", 0, 1), close("a#0"), open("b#1"), write("b#1", 0, 1)),
                trace.operations());
    }

    @Test
    void aChildMayPrintBeforeItsParentReturns() {
        TraceText trace = TraceText.of(
                "10 open(\"a\", O_RDWR) = 3",
                "10 vfork( <unfinished ...>",
                "20 close(3) = 0",
                "20 open(\"b\", O_RDWR) = 3",
                "20 execve(\"/bin/x\", [\"x\"], 0x7f /* 1 var */ <unfinished ...>",
                "10 <... vfork resumed>) = 20",
                "20 <... execve resumed>) = 0",
                "20 write(3, \"x\", 1) = 1",
                "10 write(3, \"x\", 1) = 1");
        assertEquals(
                List.of(open("a#0"), open("b#1"), execute(20), write("b#1", 0, 1), write("a#0", 0, 1)),
                trace.operations());
    }

    @Test
    void unseenParentsAreTakenForThreadsOfTheFirstProcess() {
        TraceText trace = TraceText.of("10 memfd_create(\"h\", 0) = 4", "20 fallocate(4, 0, 0, 4096) = 0");
        assertEquals(
                List.of("Allocate[file=memfd:h#0, offsetBytes=0, lengthBytes=4096, keepSize=false]"),
                trace.transfers());
    }

    @Test
    void aPrintedNameShowsThatAProcessIsNoThread() {
        TraceText trace = TraceText.of(
                "10 openat(AT_FDCWD</w>, \"a\", O_RDWR) = 3</w/a>",
                "10 read(3</w/a>, \"\"..., 10) = 10",
                "20 read(3</w/b>, \"\"..., 7) = 7",
                "10 read(3</w/a>, \"\"..., 10) = 10",
                "20 read(3</w/b>, \"\"..., 7) = 7");
        assertEquals(
                List.of(read("/w/a#0", 0, 10), read("/w/b#1", 0, 7), read("/w/a#0", 10, 10), read("/w/b#1", 7, 7)),
                trace.transfers());
    }

    @Test
    void aProcessThatEndsClosesWhatItHadUnlessItIsTheLast() {
        TraceText trace = TraceText.of(
                "10 fork() = 20",
                "20 open(\"a\", O_RDWR|O_CREAT|O_EXCL, 0600) = 3",
                "20 unlink(\"a\") = 0",
                "20 +++ exited with 0 +++",
                "10 memfd_create(\"h\", 0) = 3",
                "10 +++ exited with 0 +++");
        assertEquals(List.of(open("a#0"), close("a#0"), remove("a#0"), open("memfd:h#1")), trace.operations());
    }

    @Test
    void aProcessAfterTheLastStartsWithoutDescriptors() {
        TraceText trace =
                TraceText.of("10 open(\"a\", O_RDWR) = 3", "10 +++ exited with 0 +++", "20 write(3, \"x\", 1) = 1");
        assertEquals(List.of(write("fd:3#1", 0, 1)), trace.transfers());
    }

    @Test
    void aNumberUsedAgainIsAnotherProcess() {
        TraceText trace = TraceText.of(
                "10 fork() = 20",
                "20 open(\"a\", O_RDWR) = 3",
                "20 +++ exited with 0 +++",
                "10 open(\"b\", O_RDWR) = 3",
                "10 fork() = 20",
                "20 write(3, \"x\", 1) = 1");
        assertEquals(List.of(write("b#1", 0, 1)), trace.transfers());
    }

    @Test
    void execGivesAThreadItsOwnDescriptors() {
        TraceText trace = TraceText.of(
                "10 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_VFORK|SIGCHLD) = 20",
                "10 open(\"a\", O_RDWR|O_CLOEXEC) = 3",
                "20 execve(\"/bin/x\", [\"x\"], 0x7f /* 1 var */) = 0",
                "10 write(3, \"x\", 1) = 1");
        assertEquals(List.of(open("a#0"), execute(20), write("a#0", 0, 1)), trace.operations());
    }

    @Test
    void outputToATerminalMixesMessagesAndLosesNumbers() {
        TraceText trace = TraceText.of(
                "open(\"a\", O_RDWR) = 3",
                "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 4017 attached",
                ", child_tidptr=0x7f) = 4017",
                "[pid  4017] write(3, \"xx\", 2) = 2",
                "[pid  3976] wait4(4017,  <unfinished ...>",
                "[pid  4017] exit_group(0) = ?",
                "[pid  4017] +++ exited with 0 +++",
                "<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 4017",
                "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4017} ---",
                "write(3, \"x\", 1) = 1");
        assertEquals(List.of(open("a#0"), write("a#0", 0, 2), write("a#0", 2, 1)), trace.operations());
        assertEquals(List.of(), trace.malformedLines());
    }

    @Test
    void threadsShareTheMemoryOfTheirProcess() {
        TraceText trace = TraceText.of(
                "10 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 11",
                "10 clone(child_stack=NULL, flags=SIGCHLD) = 12",
                "11 munmap(0x1000, 4096) = 0",
                "12 munmap(0x1000, 4096) = 0",
                "11 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 13",
                "13 munmap(0x1000, 4096) = 0");
        assertEquals(
                List.of(
                        "Unmap[pid=10, address=4096, lengthBytes=4096]",
                        "Unmap[pid=12, address=4096, lengthBytes=4096]",
                        "Unmap[pid=10, address=4096, lengthBytes=4096]"),
                trace.operations());
    }

    @Test
    void theHeapOfAProgramThatWasSeenToStartIsItsOwnWhereverItIs() {
        TraceText trace = TraceText.of(
                "10 brk(NULL) = 0x1000",
                "10 execve(\"/bin/a\", [\"a\"], 0x7f /* 1 var */) = 0",
                "10 munmap(0x2000, 4096) = 0",
                "10 brk(NULL) = 0x9000");
        assertEquals(
                List.of(
                        "Break[pid=10, address=4096]",
                        execute(10),
                        "Unmap[pid=10, address=8192, lengthBytes=4096]",
                        "Break[pid=10, address=36864]"),
                trace.operations());
    }

    @Test
    void aHeapThatIsElsewhereIsAnotherPrograms() {
        TraceText trace = TraceText.of(
                "10 brk(NULL) = 0x1000",
                "10 brk(0x3000) = 0x3000",
                "10 brk(NULL) = 0x3000",
                "11 brk(NULL) = 0x9000",
                "11 munmap(0x1000, 4096) = 0",
                "10 brk(NULL) = 0x7000");
        assertEquals(
                List.of(
                        "Break[pid=10, address=4096]",
                        "Break[pid=10, address=12288]",
                        "Break[pid=10, address=12288]",
                        execute(11),
                        "Break[pid=11, address=36864]",
                        "Unmap[pid=11, address=4096, lengthBytes=4096]",
                        execute(10),
                        "Break[pid=10, address=28672]"),
                trace.operations());
    }
}
