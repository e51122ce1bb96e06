/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/**
 * What one system call of a trace did to a file's contents or to an address space. Offsets, lengths and sizes are in
 * bytes and come from what the kernel answered, not from what was asked. Calls that failed are not operations.
 */
public sealed interface TraceOperation {

    /** An operation on one file. */
    sealed interface FileOperation extends TraceOperation {
        /** {@return the file} */
        TraceFile file();
    }

    /** An operation on the memory map of one process. */
    sealed interface MemoryOperation extends TraceOperation {
        /** {@return number of the process: that of its first thread as the trace prints it; 0 if it prints none} */
        int pid();
    }

    /**
     * A file was opened.
     *
     * @param file the file
     */
    record Open(TraceFile file) implements FileOperation {}

    /**
     * The last descriptor of one open of the file was closed; its pages stay.
     *
     * @param file the file
     */
    record Close(TraceFile file) implements FileOperation {}

    /**
     * The file lost its last name and its last descriptor, and with them its pages.
     *
     * @param file the file
     */
    record Remove(TraceFile file) implements FileOperation {}

    /**
     * Bytes were read.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes that were really read, above 0
     */
    record Read(TraceFile file, long offsetBytes, long lengthBytes) implements FileOperation {}

    /**
     * Bytes were written; the file grows if they end past its size.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes that were really written, above 0
     */
    record Write(TraceFile file, long offsetBytes, long lengthBytes) implements FileOperation {}

    /**
     * The file was cut or extended, by {@code ftruncate}, {@code truncate} or {@code O_TRUNC}.
     *
     * @param file the file
     * @param sizeBytes new size
     */
    record Truncate(TraceFile file, long sizeBytes) implements FileOperation {}

    /**
     * Space was reserved by {@code fallocate}.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes, above 0
     * @param keepSize false if the file grew to the end of the range
     */
    record Allocate(TraceFile file, long offsetBytes, long lengthBytes, boolean keepSize) implements FileOperation {}

    /**
     * A hole was punched; the file keeps its size.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes, above 0
     */
    record PunchHole(TraceFile file, long offsetBytes, long lengthBytes) implements FileOperation {}

    /**
     * A range was turned into zeros by {@code fallocate}.
     *
     * @param file the file
     * @param offsetBytes first byte
     * @param lengthBytes bytes, above 0
     * @param keepSize false if the file grew to the end of the range
     */
    record ZeroRange(TraceFile file, long offsetBytes, long lengthBytes, boolean keepSize) implements FileOperation {}

    /**
     * The file was written back by {@code fsync}, {@code fdatasync} or {@code sync_file_range}.
     *
     * @param file the file
     */
    record Sync(TraceFile file) implements FileOperation {}

    /**
     * The process began to run another program: nothing is left of its memory. Seen by {@code execve}, or by a heap
     * that lies elsewhere than before.
     *
     * @param pid the process
     */
    record Execute(int pid) implements MemoryOperation {}

    /**
     * {@code mmap}.
     *
     * @param pid the process
     * @param address first byte of the mapping
     * @param lengthBytes bytes
     * @param protection as the trace prints it, such as {@code PROT_READ|PROT_WRITE}
     * @param flags as the trace prints them, such as {@code MAP_PRIVATE|MAP_ANONYMOUS}
     * @param file the mapped file; empty for anonymous memory and for what is not a file
     * @param offsetBytes offset in the file
     */
    record Map(
            int pid,
            long address,
            long lengthBytes,
            String protection,
            String flags,
            Optional<TraceFile> file,
            long offsetBytes)
            implements MemoryOperation {}

    /**
     * {@code munmap}.
     *
     * @param pid the process
     * @param address first byte
     * @param lengthBytes bytes
     */
    record Unmap(int pid, long address, long lengthBytes) implements MemoryOperation {}

    /**
     * {@code mremap}.
     *
     * @param pid the process
     * @param oldAddress first byte before
     * @param oldLengthBytes bytes before
     * @param newAddress first byte after
     * @param newLengthBytes bytes after
     */
    record Remap(int pid, long oldAddress, long oldLengthBytes, long newAddress, long newLengthBytes)
            implements MemoryOperation {}

    /**
     * {@code mprotect}.
     *
     * @param pid the process
     * @param address first byte
     * @param lengthBytes bytes
     * @param protection as the trace prints it
     */
    record Protect(int pid, long address, long lengthBytes, String protection) implements MemoryOperation {}

    /**
     * {@code madvise}.
     *
     * @param pid the process
     * @param address first byte
     * @param lengthBytes bytes
     * @param advice as the trace prints it, such as {@code MADV_DONTNEED}
     */
    record Advise(int pid, long address, long lengthBytes, String advice) implements MemoryOperation {}

    /**
     * {@code brk}.
     *
     * @param pid the process
     * @param address the end of the heap that the kernel answered
     */
    record Break(int pid, long address) implements MemoryOperation {}
}
