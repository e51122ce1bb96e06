/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/**
 * The threads of a trace, by number.
 *
 * <p>What a new thread shares with its parent follows from the {@code clone} that made it, whose first half may be all
 * that is printed before the child's first line. If the trace was made without these calls, a new number is taken for a
 * thread of the first process until a descriptor's printed name contradicts.
 */
final class TracedThreads {
    private final Map<Integer, TracedThread> threads = new HashMap<>();
    private Optional<TracedThread> first = Optional.empty();

    TracedThread get(int pid) {
        TracedThread known = threads.get(pid);
        if (known != null) {
            return known;
        }
        Optional<TracedThread> parent = threadInClone();
        if (parent.isPresent()) {
            return add(parent.get(), pid, parent.get().unfinishedCall().orElse(""));
        }
        // A thread that appears after all others have ended belongs to another process.
        return first.isPresent() && !threads.isEmpty() ? addAssumed(first.get(), pid) : addFirst(pid);
    }

    private TracedThread addFirst(int pid) {
        TracedThread thread = new TracedThread(pid, new DescriptorTable(), true);
        threads.put(pid, thread);
        first = Optional.of(thread);
        return thread;
    }

    private TracedThread addAssumed(TracedThread parent, int pid) {
        TracedThread thread = new TracedThread(pid, parent.descriptors(), false);
        thread.changeDirectory(parent.currentDirectory());
        thread.joinProcess(parent.process());
        threads.put(pid, thread);
        return thread;
    }

    private TracedThread add(TracedThread parent, int pid, String call) {
        DescriptorTable table = sharesDescriptors(call)
                ? parent.descriptors()
                : parent.descriptors().copy();
        TracedThread thread = new TracedThread(pid, table, true);
        thread.changeDirectory(parent.currentDirectory());
        if (sharesMemory(call)) {
            thread.joinProcess(parent.process());
        }
        threads.put(pid, thread);
        return thread;
    }

    /** A call that starts a thread returned in the parent. */
    void started(TracedThread parent, int pid, String call) {
        if (!threads.containsKey(pid)) {
            add(parent, pid, call);
        }
    }

    /**
     * A thread ended.
     *
     * @return its descriptors, if nobody uses them any more though the program goes on
     */
    Optional<DescriptorTable> ended(int pid) {
        TracedThread thread = threads.remove(pid);
        if (thread == null) {
            return Optional.empty();
        }
        DescriptorTable descriptors = thread.descriptors();
        return descriptors.leave() && !threads.isEmpty() ? Optional.of(descriptors) : Optional.empty();
    }

    /** The one thread that is inside a call of this name; for traces that stop printing thread numbers. */
    Optional<TracedThread> onlyOneIn(String callName) {
        Iterator<TracedThread> inCall = threads.values().stream()
                .filter(thread -> thread.unfinishedCall().orElse("").startsWith(callName + "("))
                .iterator();
        if (!inCall.hasNext()) {
            return Optional.empty();
        }
        TracedThread candidate = inCall.next();
        return inCall.hasNext() ? Optional.empty() : Optional.of(candidate);
    }

    long nrUnfinishedCalls() {
        return threads.values().stream()
                .filter(thread -> thread.unfinishedCall().isPresent())
                .count();
    }

    private Optional<TracedThread> threadInClone() {
        return threads.values().stream()
                .filter(thread -> startsThread(thread.unfinishedCall().orElse("")))
                .findAny();
    }

    private static boolean startsThread(String call) {
        return call.startsWith("clone(")
                || call.startsWith("clone3(")
                || call.startsWith("fork(")
                || call.startsWith("vfork(");
    }

    private static boolean sharesMemory(String call) {
        return call.contains("CLONE_VM");
    }

    private static boolean sharesDescriptors(String call) {
        return call.contains("CLONE_FILES");
    }
}
