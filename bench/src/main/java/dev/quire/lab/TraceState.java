/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the calls of a trace act upon while it is read: threads, names, descriptors. Emits operations to the sink and
 * counts what is skipped.
 */
final class TraceState {
    private static final int LAST_STANDARD_STREAM = 2;

    private final TraceSink sink;
    private final TraceSummary summary = new TraceSummary();
    private final FileNamespace names = new FileNamespace();
    private final TracedThreads threads = new TracedThreads();

    /** End of each process's heap, where the trace has shown it of the program that the process runs. */
    private final Map<Integer, Long> heapEnds = new HashMap<>();

    TraceState(TraceSink sink) {
        this.sink = sink;
    }

    TraceSummary summary() {
        return summary;
    }

    FileNamespace names() {
        return names;
    }

    TracedThreads threads() {
        return threads;
    }

    Optional<Long> heapEnd(int process) {
        return Optional.ofNullable(heapEnds.get(process));
    }

    void moveHeapEnd(int process, long address) {
        heapEnds.put(process, address);
    }

    /** A process begins to run another program. */
    void execute(int process) {
        heapEnds.remove(process);
        emit(new TraceOperation.Execute(process));
    }

    void emit(TraceOperation operation) {
        summary.addOperation(operation);
        sink.accept(summary.nrLines(), operation);
    }

    /**
     * The file behind a descriptor, for a call that reads or changes it; counts the call if there is none.
     *
     * @return empty for sockets, pipes, terminals, devices and directories
     */
    Optional<TraceFile> fileOf(OpenFile open) {
        if (open.file().isEmpty()) {
            summary.addNonFileCall();
        }
        return open.file();
    }

    /**
     * What a descriptor refers to. A printed name is believed against everything that went before: the trace may not
     * show how the descriptor came about.
     */
    OpenFile resolve(TracedThread thread, DescriptorToken token) {
        Optional<OpenFile> known = thread.descriptors().get(token.number());
        if (!token.hasName()) {
            return known.isPresent() ? known.get() : bind(thread, token.number(), unseen(token.number()), false);
        }
        if (known.isPresent() && known.get().matches(token)) {
            if (token.deleted()) {
                known.get().file().ifPresent(names::sawDeleted);
            }
            return known.get();
        }
        if (known.isPresent() && !thread.isParentSeen()) {
            thread.stopSharing();
        }
        return bind(thread, token.number(), named(token), false);
    }

    /** A descriptor that no traced call made: the standard streams are taken for terminals or pipes. */
    private OpenFile unseen(int descriptor) {
        return descriptor <= LAST_STANDARD_STREAM
                ? OpenFile.notAFile("")
                : OpenFile.of(names.createUnknown("fd:" + descriptor), false);
    }

    private OpenFile named(DescriptorToken token) {
        return token.namesFile()
                ? OpenFile.of(names.fileFor(token.name(), token.deleted()), false)
                : OpenFile.notAFile(token.name());
    }

    OpenFile bind(TracedThread thread, int descriptor, OpenFile open, boolean closeOnExec) {
        thread.descriptors().put(descriptor, open, closeOnExec).ifPresent(this::emitClose);
        return open;
    }

    void close(DescriptorTable descriptors, int descriptor) {
        descriptors.remove(descriptor).ifPresent(this::emitClose);
    }

    private void emitClose(OpenFile open) {
        open.file().ifPresent(file -> {
            emit(new TraceOperation.Close(file));
            removeIfGone(file);
        });
    }

    /** Takes a name from its file. */
    void unlink(String name) {
        names.unlink(name).ifPresent(this::removeIfGone);
    }

    private void removeIfGone(TraceFile file) {
        if (file.isGone()) {
            names.forget(file);
            emit(new TraceOperation.Remove(file));
        }
    }

    /** The directory that a relative path starts from, given by descriptor. */
    String directoryOf(TracedThread thread, DescriptorToken directory) {
        if (directory.number() != DescriptorToken.CURRENT_DIRECTORY) {
            return directory.hasName()
                    ? directory.name()
                    : thread.descriptors()
                            .get(directory.number())
                            .map(OpenFile::name)
                            .orElse("");
        }
        if (directory.hasName()) {
            thread.changeDirectory(directory.name());
        }
        return thread.currentDirectory();
    }

    /** The name under which a path's file is known: the full path, or the path as written if only that is known. */
    String knownName(String directory, String path) {
        String full = TracePaths.resolve(directory, path);
        boolean onlyAsWritten = names.find(full).isEmpty() && names.find(path).isPresent();
        return onlyAsWritten ? path : full;
    }
}
