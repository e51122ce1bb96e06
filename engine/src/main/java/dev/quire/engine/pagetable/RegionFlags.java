/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** What a memory map knows about a region beside its place (vm_flags). Pure functions on a set of bits. */
final class RegionFlags {
    static final int READ = 1;
    static final int WRITE = 1 << 1;

    /** Large folios were asked for (VM_HUGEPAGE). */
    static final int HUGE_PAGE = 1 << 2;

    /** No large folios, whatever the rules say (VM_NOHUGEPAGE). */
    static final int NO_HUGE_PAGE = 1 << 3;

    /** Nothing in it is ever mapped writable (without VM_MAYWRITE). */
    static final int READ_ONLY = 1 << 4;

    private static final int PROTECTION = READ | WRITE;
    private static final int HUGE_PAGE_ADVICE = HUGE_PAGE | NO_HUGE_PAGE;

    private RegionFlags() {}

    static int withProtection(int flags, Protection protection) {
        return (flags & ~PROTECTION) | of(protection);
    }

    static int of(Protection protection) {
        return switch (protection) {
            case NONE -> 0;
            case READ -> READ;
            case READ_WRITE -> READ | WRITE;
        };
    }

    static int withHugePages(int flags, boolean wanted) {
        return (flags & ~HUGE_PAGE_ADVICE) | (wanted ? HUGE_PAGE : NO_HUGE_PAGE);
    }

    static boolean allows(int flags, boolean forWriting) {
        return (flags & (forWriting ? WRITE : READ)) != 0;
    }

    static boolean isReadOnly(int flags) {
        return (flags & READ_ONLY) != 0;
    }
}
