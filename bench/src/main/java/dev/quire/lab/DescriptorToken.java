/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Set;

/**
 * A descriptor as a trace prints it: {@code 3}, {@code 3</tmp/a>}, {@code 3</tmp/a>(deleted)}, {@code AT_FDCWD</tmp>}.
 *
 * @param number the descriptor; {@link #CURRENT_DIRECTORY} for {@code AT_FDCWD}
 * @param name what it refers to; empty unless the trace was made with {@code -y}
 * @param deleted whether the trace says that the name is gone
 */
record DescriptorToken(int number, String name, boolean deleted) {
    static final String DELETED = "(deleted)";
    static final int CURRENT_DIRECTORY = -100;

    private static final Set<String> DEVICES =
            Set.of("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx");

    static DescriptorToken parse(String text) throws MalformedLineException {
        int open = text.indexOf('<');
        int number = number(open < 0 ? text : text.substring(0, open));
        if (open < 0) {
            return new DescriptorToken(number, "", false);
        }
        int close = StraceScanner.endOfName(text, open);
        if (close <= open) {
            throw new MalformedLineException("not a descriptor: " + text);
        }
        String name = StraceScanner.unescape(text.substring(open + 1, close));
        String tail = text.substring(close + 1);
        if (!tail.isEmpty() && !tail.equals(DELETED)) {
            throw new MalformedLineException("not a descriptor: " + text);
        }
        // Older versions of strace print the mark inside the brackets, as the link in /proc has it.
        boolean markInside = name.endsWith(" " + DELETED);
        String bare = markInside ? name.substring(0, name.length() - DELETED.length() - 1) : name;
        return new DescriptorToken(number, bare, markInside || !tail.isEmpty());
    }

    private static int number(String text) throws MalformedLineException {
        if (text.equals("AT_FDCWD")) {
            return CURRENT_DIRECTORY;
        }
        long number = StraceScanner.number(text);
        if (number < Integer.MIN_VALUE || number > Integer.MAX_VALUE) {
            throw new MalformedLineException("descriptor out of range: " + text);
        }
        return (int) number;
    }

    boolean hasName() {
        return !name.isEmpty();
    }

    /** Whether the name is that of a file with a page cache: no socket, pipe, device, terminal or kernel table. */
    boolean namesFile() {
        return isFilePath(name);
    }

    static boolean isFilePath(String path) {
        if (path.startsWith("/dev/")) {
            return path.startsWith("/dev/shm/");
        }
        return !DEVICES.contains(path)
                && !StraceScanner.isKernelObject(path, 0)
                && !path.startsWith("anon_inode:")
                && !path.startsWith("/proc/")
                && !path.startsWith("/sys/")
                && !path.contains("<char ")
                && !path.contains("<block ");
    }
}
