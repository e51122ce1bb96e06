/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/** Calls that make, copy and close descriptors. */
final class DescriptorCalls implements CallReader {
    private final TraceState state;

    DescriptorCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.name()) {
            case "open" -> open(thread, call, 0, 1);
            case "creat" -> create(thread, call);
            case "openat" -> open(thread, call, 1, 2);
            case "openat2" -> open(thread, call, 1, 2);
            case "memfd_create" -> createMemoryFile(thread, call);
            case "close" -> state.close(thread.descriptors(), call.descriptor(0).number());
            case "close_range" -> closeRange(thread, call);
            case "dup", "dup2", "dup3" -> duplicate(thread, call, call.hasFlag(2, "O_CLOEXEC"));
            case "fcntl", "fcntl64" -> control(thread, call);
            case "pipe", "pipe2" -> makePair(thread, call, 0, call.hasFlag(1, "O_CLOEXEC"));
            case "socketpair" -> makePair(thread, call, 3, call.argument(1).contains("SOCK_CLOEXEC"));
            case "socket", "accept", "accept4", "epoll_create", "epoll_create1", "eventfd", "eventfd2" ->
                makeKernelObject(thread, call);
            case "signalfd", "signalfd4", "timerfd_create", "inotify_init", "inotify_init1", "fanotify_init" ->
                makeKernelObject(thread, call);
            case "pidfd_open", "perf_event_open", "userfaultfd", "io_uring_setup", "bpf", "mq_open", "fsopen" ->
                makeKernelObject(thread, call);
            default -> {
                return false;
            }
        }
        return true;
    }

    private void open(TracedThread thread, StraceCall call, int pathPosition, int flagsPosition)
            throws MalformedLineException {
        String directory =
                pathPosition == 0 ? thread.currentDirectory() : state.directoryOf(thread, call.descriptor(0));
        // openat2 prints its flags inside a structure; the flag names are the same.
        OpenFlags flags = OpenFlags.parse(call.argument(flagsPosition));
        bindOpened(thread, call, TracePaths.resolve(directory, call.string(pathPosition)), flags);
    }

    private void create(TracedThread thread, StraceCall call) throws MalformedLineException {
        String path = TracePaths.resolve(thread.currentDirectory(), call.string(0));
        bindOpened(thread, call, path, OpenFlags.parse("O_WRONLY|O_CREAT|O_TRUNC"));
    }

    private void bindOpened(TracedThread thread, StraceCall call, String path, OpenFlags flags)
            throws MalformedLineException {
        DescriptorToken result = call.resultDescriptor();
        String name = result.hasName() ? result.name() : path;
        if (flags.noContents() || !DescriptorToken.isFilePath(name)) {
            state.bind(thread, result.number(), OpenFile.notAFile(name), flags.closeOnExec());
            return;
        }
        TraceFile file = openedFile(name, result.deleted(), flags);
        state.bind(thread, result.number(), OpenFile.of(file, flags.append()), flags.closeOnExec());
        state.emit(new TraceOperation.Open(file));
        if (flags.truncate()) {
            file.resizeTo(0);
            state.emit(new TraceOperation.Truncate(file, 0));
        }
    }

    private TraceFile openedFile(String name, boolean deleted, OpenFlags flags) {
        if (!flags.createNew() && !flags.temporary()) {
            return state.names().fileFor(name, deleted);
        }
        if (flags.temporary() || deleted) {
            return emptied(state.names().createNameless(name));
        }
        // The kernel would have refused if the name were taken: whoever had it lost it without the trace telling.
        state.unlink(name);
        return emptied(state.names().fileFor(name, false));
    }

    private static TraceFile emptied(TraceFile file) {
        file.resizeTo(0);
        return file;
    }

    private void createMemoryFile(TracedThread thread, StraceCall call) throws MalformedLineException {
        DescriptorToken result = call.resultDescriptor();
        String name = result.hasName() ? result.name() : "memfd:" + call.string(0);
        TraceFile file = emptied(state.names().createNameless(name));
        state.bind(thread, result.number(), OpenFile.of(file, false), call.hasFlag(1, "MFD_CLOEXEC"));
        state.emit(new TraceOperation.Open(file));
    }

    private void closeRange(TracedThread thread, StraceCall call) throws MalformedLineException {
        if (call.hasFlag(2, "CLOSE_RANGE_UNSHARE")) {
            thread.stopSharing();
        }
        for (int descriptor : thread.descriptors().between(call.number(0), call.number(1))) {
            if (call.hasFlag(2, "CLOSE_RANGE_CLOEXEC")) {
                thread.descriptors().setCloseOnExec(descriptor, true);
            } else {
                state.close(thread.descriptors(), descriptor);
            }
        }
    }

    private void duplicate(TracedThread thread, StraceCall call, boolean closeOnExec) throws MalformedLineException {
        DescriptorToken copy = call.resultDescriptor();
        OpenFile open = state.resolve(thread, call.descriptor(0));
        Optional<OpenFile> before = thread.descriptors().get(copy.number());
        // dup2 onto itself does nothing, not even to the mark for execve.
        if (before.isEmpty() || before.get() != open) {
            state.bind(thread, copy.number(), open, closeOnExec);
        }
    }

    private void control(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.argument(1)) {
            case "F_DUPFD" -> duplicate(thread, call, false);
            case "F_DUPFD_CLOEXEC" -> duplicate(thread, call, true);
            case "F_SETFD" ->
                thread.descriptors()
                        .setCloseOnExec(
                                call.descriptor(0).number(), call.argument(2).contains("FD_CLOEXEC"));
            case "F_SETFL" -> state.resolve(thread, call.descriptor(0)).setAppend(call.hasFlag(2, "O_APPEND"));
            default -> {}
        }
    }

    private void makePair(TracedThread thread, StraceCall call, int position, boolean closeOnExec)
            throws MalformedLineException {
        for (String descriptor : StraceScanner.elements(call.argument(position))) {
            DescriptorToken token = DescriptorToken.parse(descriptor);
            state.bind(thread, token.number(), OpenFile.notAFile(token.name()), closeOnExec);
        }
    }

    private void makeKernelObject(TracedThread thread, StraceCall call) throws MalformedLineException {
        DescriptorToken token = call.resultDescriptor();
        boolean closeOnExec = call.arguments().stream().anyMatch(argument -> argument.contains("CLOEXEC"));
        state.bind(thread, token.number(), OpenFile.notAFile(token.name()), closeOnExec);
    }
}
