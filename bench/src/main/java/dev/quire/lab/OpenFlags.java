/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * The flags of {@code open} that decide which file is meant and what happens to its contents.
 *
 * @param append writes go to the end
 * @param closeOnExec {@code execve} closes the descriptor
 * @param createNew the file did not exist before
 * @param noContents a directory, or a descriptor for the path only
 * @param temporary the file has no name
 * @param truncate the contents are dropped
 */
record OpenFlags(
        boolean append,
        boolean closeOnExec,
        boolean createNew,
        boolean noContents,
        boolean temporary,
        boolean truncate) {

    /**
     * Reads flags as strace prints them.
     *
     * @param text such as {@code O_RDWR|O_CREAT}, alone or inside the structure of {@code openat2}
     * @return the flags; names that decide nothing here are ignored
     */
    static OpenFlags parse(String text) {
        Set<String> flags = new HashSet<>(Arrays.asList(text.split("[^A-Z_]+", -1)));
        boolean temporary = flags.contains("O_TMPFILE");
        return new OpenFlags(
                flags.contains("O_APPEND"),
                flags.contains("O_CLOEXEC"),
                flags.contains("O_CREAT") && flags.contains("O_EXCL"),
                flags.contains("O_PATH") || (flags.contains("O_DIRECTORY") && !temporary),
                temporary,
                flags.contains("O_TRUNC"));
    }
}
