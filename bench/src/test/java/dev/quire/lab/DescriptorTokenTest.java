/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DescriptorTokenTest {
    @Test
    void allForms() throws MalformedLineException {
        assertEquals(new DescriptorToken(3, "", false), DescriptorToken.parse("3"));
        assertEquals(new DescriptorToken(3, "/a", false), DescriptorToken.parse("3</a>"));
        assertEquals(new DescriptorToken(3, "/a", true), DescriptorToken.parse("3</a>(deleted)"));
        assertEquals(new DescriptorToken(3, "/a", true), DescriptorToken.parse("3</a (deleted)>"));
        assertEquals(new DescriptorToken(-100, "/w", false), DescriptorToken.parse("AT_FDCWD</w>"));
        assertEquals(new DescriptorToken(-1, "", false), DescriptorToken.parse("-1"));
    }

    @Test
    void whatIsNoDescriptorIsMalformed() {
        assertThrows(MalformedLineException.class, () -> DescriptorToken.parse("x"));
        assertThrows(MalformedLineException.class, () -> DescriptorToken.parse("3<a"));
        assertThrows(MalformedLineException.class, () -> DescriptorToken.parse("3<a>b"));
        assertThrows(MalformedLineException.class, () -> DescriptorToken.parse("1<<3"));
        assertThrows(MalformedLineException.class, () -> DescriptorToken.parse("4294967296"));
    }

    @Test
    void filesAndOtherObjects() {
        assertTrue(DescriptorToken.isFilePath("/home/a"));
        assertTrue(DescriptorToken.isFilePath("t.db"));
        assertTrue(DescriptorToken.isFilePath("/memfd:heap"));
        assertTrue(DescriptorToken.isFilePath("/dev/shm/a"));
        assertFalse(DescriptorToken.isFilePath("/dev/tty"));
        assertFalse(DescriptorToken.isFilePath("null"));
        assertFalse(DescriptorToken.isFilePath("socket:[1]"));
        assertFalse(DescriptorToken.isFilePath("NETLINK:[ROUTE:1]"));
        assertFalse(DescriptorToken.isFilePath("anon_inode:[eventpoll]"));
        assertFalse(DescriptorToken.isFilePath("/proc/self/maps"));
    }
}
