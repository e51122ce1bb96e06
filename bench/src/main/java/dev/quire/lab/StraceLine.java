/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line of strace's output without what stands before the call: thread number, time stamps ({@code -t}, {@code -tt},
 * {@code -ttt}, {@code -r}), call number ({@code -n}) and instruction pointer ({@code -i}).
 *
 * @param pid number of the calling thread; 0 if the line has none
 * @param kind what the line holds
 * @param name name of the call if {@link Kind#RESUMED}, else empty
 * @param text the call, the part of a call, or the message
 */
record StraceLine(int pid, Kind kind, String name, String text) {

    enum Kind {
        /** A whole call. */
        CALL,
        /** The first part of a call that returned on a later line. */
        UNFINISHED,
        /** The second part of such a call. */
        RESUMED,
        /** The call began and the thread ended before it returned. */
        NEVER_RETURNED,
        /** The thread is gone. */
        EXIT,
        /** A signal, a stack frame, a message of strace itself, or nothing. */
        OTHER
    }

    private static final Pattern PREFIX = Pattern.compile(
            "\\s*(?:\\[pid\\s+(\\d+)\\]\\s+|(\\d{1,9})\\s+)?" // thread
                    + "\\s*(?:\\d[\\d:.]*\\s+)?" // time of day, or seconds since the epoch or since the last call
                    + "(?:\\(\\+\\s*[\\d.]+\\)\\s+)?" // seconds since the last call after a time of day
                    + "(?:\\[[^\\]]*\\]\\s+)*"); // call number, instruction pointer

    private static final String UNFINISHED_MARK = "<unfinished ...>";
    private static final String RESUMED_MARK = " resumed>";

    static StraceLine parse(String line) throws MalformedLineException {
        if (line.startsWith(" > ") || line.startsWith("strace: ")) {
            return new StraceLine(0, Kind.OTHER, "", line);
        }
        Matcher prefix = PREFIX.matcher(line);
        int start = prefix.lookingAt() ? prefix.end() : 0;
        return parseBody(pid(prefix, start), line.substring(start).stripTrailing());
    }

    private static int pid(Matcher prefix, int end) throws MalformedLineException {
        if (end == 0) {
            return 0;
        }
        String inBrackets = prefix.group(1);
        String column = prefix.group(2);
        String digits = inBrackets != null ? inBrackets : column;
        if (digits == null) {
            return 0;
        }
        long pid = StraceScanner.number(digits);
        if (pid > Integer.MAX_VALUE) {
            throw new MalformedLineException("thread number out of range: " + digits);
        }
        return (int) pid;
    }

    private static StraceLine parseBody(int pid, String body) throws MalformedLineException {
        if (body.isEmpty() || body.startsWith("--- ") || body.startsWith("strace: ")) {
            return new StraceLine(pid, Kind.OTHER, "", body);
        }
        if (body.startsWith("+++ ")) {
            return new StraceLine(pid, Kind.EXIT, "", body);
        }
        if (body.startsWith("<... ")) {
            return resumed(pid, body);
        }
        if (body.endsWith(UNFINISHED_MARK)) {
            String part = body.substring(0, body.length() - UNFINISHED_MARK.length());
            return new StraceLine(pid, Kind.UNFINISHED, "", part.stripTrailing());
        }
        if (body.contains(UNFINISHED_MARK + ")") || body.endsWith("<detached ...>")) {
            return new StraceLine(pid, Kind.NEVER_RETURNED, "", body);
        }
        return new StraceLine(pid, Kind.CALL, "", body);
    }

    private static StraceLine resumed(int pid, String body) throws MalformedLineException {
        int mark = body.indexOf(RESUMED_MARK);
        if (mark < 0) {
            throw new MalformedLineException("\"<...\" without \"resumed>\"");
        }
        String name = body.substring("<... ".length(), mark);
        return new StraceLine(pid, Kind.RESUMED, name, body.substring(mark + RESUMED_MARK.length()));
    }
}
