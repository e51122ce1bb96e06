/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Optional;

/** What is known of one traced thread: the descriptors of its process, its directory, the call it is in. */
final class TracedThread {
    private final int pid;
    private DescriptorTable descriptors;
    private String currentDirectory = "";
    private boolean parentSeen;
    private int process;
    private Optional<String> unfinishedCall = Optional.empty();

    TracedThread(int pid, DescriptorTable descriptors, boolean parentSeen) {
        this.pid = pid;
        this.descriptors = descriptors;
        this.parentSeen = parentSeen;
        this.process = pid;
        descriptors.join();
    }

    int pid() {
        return pid;
    }

    /** Number of the process whose memory the thread uses: that of its first thread. */
    int process() {
        return process;
    }

    /** The thread uses the memory of another process; from {@code CLONE_VM} until it runs another program. */
    void joinProcess(int other) {
        process = other;
    }

    DescriptorTable descriptors() {
        return descriptors;
    }

    /** The directory that relative paths start from; empty if the trace never told. */
    String currentDirectory() {
        return currentDirectory;
    }

    void changeDirectory(String path) {
        currentDirectory = path;
    }

    /** Whether the call that started this thread is in the trace, so that what it shares is known and not assumed. */
    boolean isParentSeen() {
        return parentSeen;
    }

    /** The text of the call that has begun and not returned. */
    Optional<String> unfinishedCall() {
        return unfinishedCall;
    }

    void beginCall(String text) {
        unfinishedCall = Optional.of(text);
    }

    void endCall() {
        unfinishedCall = Optional.empty();
    }

    /** Gives the thread descriptors of its own. */
    void stopSharing() {
        if (descriptors.isShared()) {
            DescriptorTable own = descriptors.copy();
            descriptors.leave();
            own.join();
            descriptors = own;
        }
        parentSeen = true;
    }
}
