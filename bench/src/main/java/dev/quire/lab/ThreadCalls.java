/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** Calls that start threads and processes, and the one that replaces a program. */
final class ThreadCalls implements CallReader {
    private final TraceState state;

    ThreadCalls(TraceState state) {
        this.state = state;
    }

    @Override
    public boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException {
        switch (call.name()) {
            case "clone", "clone3", "fork", "vfork" -> start(thread, call);
            case "execve", "execveat" -> replaceProgram(thread);
            default -> {
                return false;
            }
        }
        return true;
    }

    private void start(TracedThread thread, StraceCall call) throws MalformedLineException {
        long pid = call.result();
        if (pid < 0 || pid > Integer.MAX_VALUE) {
            throw new MalformedLineException("result of " + call.name() + " is out of range: " + pid);
        }
        // The child's own return from the call, where strace prints one, is 0.
        if (pid != 0) {
            state.threads().started(thread, (int) pid, String.join(",", call.arguments()));
        }
    }

    private void replaceProgram(TracedThread thread) {
        thread.stopSharing();
        thread.joinProcess(thread.pid());
        DescriptorTable descriptors = thread.descriptors();
        for (int descriptor : descriptors.closedOnExec()) {
            state.close(descriptors, descriptor);
        }
        state.execute(thread.pid());
    }
}
