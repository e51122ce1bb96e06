/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.ArrayDeque;
import java.util.Deque;

/** Paths as a traced program wrote them. Pure functions; nothing looks at this machine's files. */
final class TracePaths {
    private TracePaths() {}

    /**
     * Puts a path behind the directory it starts from.
     *
     * @param directory that directory; empty if unknown
     * @param path absolute or relative
     * @return the path without {@code .} and, as far as possible, without {@code ..}
     */
    static String resolve(String directory, String path) {
        String joined = path.startsWith("/") || directory.isEmpty() ? path : directory + "/" + path;
        return isPlain(joined) ? joined : normalize(joined);
    }

    private static boolean isPlain(String path) {
        return !path.startsWith(".") && !path.contains("/.") && !path.contains("//") && !path.endsWith("/");
    }

    private static String normalize(String path) {
        Deque<String> kept = new ArrayDeque<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..") && !kept.isEmpty() && !kept.getLast().equals("..")) {
                kept.removeLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                kept.addLast(part);
            }
        }
        String joined = String.join("/", kept);
        return path.startsWith("/") ? "/" + joined : joined;
    }
}
