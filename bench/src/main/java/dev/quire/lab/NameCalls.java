/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/** Calls that give, change and take names, and those that change the directory relative names start from. */
final class NameCalls implements CallReader {
    private final TraceState state;

    NameCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.name()) {
            case "unlink" -> state.unlink(name(thread, call, 0));
            case "unlinkat" -> unlinkAt(thread, call);
            case "rename" -> rename(name(thread, call, 0), name(thread, call, 1), false);
            case "renameat", "renameat2" ->
                rename(nameAt(thread, call, 0), nameAt(thread, call, 2), call.hasFlag(4, "RENAME_EXCHANGE"));
            case "link" -> link(name(thread, call, 0), name(thread, call, 1));
            case "linkat" -> linkAt(thread, call);
            case "chdir" -> thread.changeDirectory(TracePaths.resolve(thread.currentDirectory(), call.string(0)));
            case "fchdir" -> thread.changeDirectory(state.directoryOf(thread, call.descriptor(0)));
            default -> {
                return false;
            }
        }
        return true;
    }

    private String name(TracedThread thread, StraceCall call, int position) throws MalformedLineException {
        return state.knownName(thread.currentDirectory(), call.string(position));
    }

    /** A name given by a directory's descriptor and, in the next argument, a path. */
    private String nameAt(TracedThread thread, StraceCall call, int position) throws MalformedLineException {
        String directory = state.directoryOf(thread, call.descriptor(position));
        return state.knownName(directory, call.string(position + 1));
    }

    private void unlinkAt(TracedThread thread, StraceCall call) throws MalformedLineException {
        if (!call.hasFlag(2, "AT_REMOVEDIR")) {
            state.unlink(nameAt(thread, call, 0));
        }
    }

    private void rename(String oldName, String newName, boolean exchange) {
        if (exchange) {
            state.names().exchange(oldName, newName);
            return;
        }
        Optional<TraceFile> moved = state.names().find(oldName);
        if (moved.equals(state.names().find(newName)) && moved.isPresent()) {
            // Two names of one file: the call does nothing.
            return;
        }
        state.unlink(newName);
        moved.ifPresent(file -> state.names().rename(file, oldName, newName));
    }

    private void link(String oldName, String newName) {
        state.names().find(oldName).ifPresent(file -> state.names().link(file, newName));
    }

    private void linkAt(TracedThread thread, StraceCall call) throws MalformedLineException {
        if (!call.string(1).isEmpty()) {
            link(nameAt(thread, call, 0), nameAt(thread, call, 2));
            return;
        }
        DescriptorToken descriptor = call.descriptor(0);
        String newName = nameAt(thread, call, 2);
        state.resolve(thread, descriptor).file().ifPresent(file -> {
            state.names().forget(file);
            state.names().link(file, newName);
            file.rename(newName);
        });
    }
}
