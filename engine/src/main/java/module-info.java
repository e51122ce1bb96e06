/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Off-heap memory management laid out as the Linux kernel does it: page frames, folios, a buddy allocator, the XArray
 * page index and page tables.
 */
module dev.quire.engine {
    requires org.agrona;
    requires static org.jspecify;
}
