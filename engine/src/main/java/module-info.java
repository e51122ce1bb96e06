/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Off-heap memory management laid out as the Linux kernel does it: page frames, folios, a buddy allocator, the XArray
 * page index and page tables.
 */
module dev.quire.engine {
    requires transitive org.agrona;
    requires static transitive org.jspecify;

    exports dev.quire.engine;
    exports dev.quire.engine.buddy;
    exports dev.quire.engine.folio;
    exports dev.quire.engine.guest;
    exports dev.quire.engine.lock;
    exports dev.quire.engine.mapping;
    exports dev.quire.engine.memory;
    exports dev.quire.engine.pagetable;
    exports dev.quire.engine.rcu;
    exports dev.quire.engine.xarray;
}
