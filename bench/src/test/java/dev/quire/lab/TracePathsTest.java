/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TracePathsTest {
    @Test
    void relativePathsStartFromTheDirectory() {
        assertEquals("/d/a", TracePaths.resolve("/d", "a"));
        assertEquals("a", TracePaths.resolve("", "a"));
        assertEquals("/a", TracePaths.resolve("/d", "/a"));
        assertEquals("s/a", TracePaths.resolve("s", "a"));
    }

    @Test
    void dotsAndDoubleSlashesAreResolved() {
        assertEquals("/d/a", TracePaths.resolve("/d", "./a"));
        assertEquals("/a", TracePaths.resolve("/d", "../a"));
        assertEquals("/d/a/b", TracePaths.resolve("/d", "a//b/"));
        assertEquals("../a", TracePaths.resolve("", "../a"));
        assertEquals("../../a", TracePaths.resolve("..", "../a"));
        assertEquals("/d/.hidden", TracePaths.resolve("/d", ".hidden"));
    }
}
