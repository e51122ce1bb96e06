/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.lang.foreign.MemorySegment;

/** Pages of which every two bytes are the page's number, so that a reader can tell whose bytes it reads. */
final class StampedPages {
    private static final int PAGE = 4096;

    private StampedPages() {}

    static MemorySegment stamped(int firstPage, int nrPages) {
        byte[] bytes = new byte[nrPages * PAGE];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = stampOf((long) firstPage * PAGE + at);
        }
        return MemorySegment.ofArray(bytes);
    }

    /**
     * One of the two digits of the page's number to base 255, neither of them 0: one of any two bytes differs between
     * pages.
     */
    static byte stampOf(long offsetBytes) {
        long page = offsetBytes / PAGE;
        return (byte) (1 + ((offsetBytes & 1) == 0 ? page % 255 : page / 255));
    }
}
