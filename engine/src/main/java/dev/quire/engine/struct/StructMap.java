/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;

/** Checks and prints struct layouts, and says where structs of whole cache lines are. Stateless. */
public final class StructMap {
    /** Bits of the address of a struct of whole cache lines: page structs and nodes are at multiples of 64 below 2^57. */
    static final long LINE_ADDRESS_MASK = (1L << 57) - 64;

    private StructMap() {}

    /**
     * The address of a struct of whole cache lines, for the compiler, which then has no bounds and no alignment to
     * check: what {@link NativeMemory#structAddress} is to other structs.
     */
    static long line(long address) {
        return address & LINE_ADDRESS_MASK;
    }

    static void requireSize(StructLayout layout, long nrBytes) {
        if (layout.byteSize() != nrBytes) {
            throw new AssertionError("struct size: name=" + layout.name().orElse("?") + ", bytes=" + layout.byteSize()
                    + ", want=" + nrBytes);
        }
    }

    static void requireOffset(StructLayout layout, String field, long offsetBytes) {
        long actual = layout.byteOffset(PathElement.groupElement(field));
        if (actual != offsetBytes) {
            throw new AssertionError("field offset: field=" + field + ", bytes=" + actual + ", want=" + offsetBytes);
        }
    }

    /**
     * Draws a layout, one field a line: offset, size, name.
     *
     * @param layout the layout of a struct
     * @return lines ended by a newline each
     */
    public static String draw(StructLayout layout) {
        StringBuilder map = new StringBuilder();
        map.append(layout.name().orElse("?"))
                .append(' ')
                .append(layout.byteSize())
                .append('\n');
        long offsetBytes = 0;
        for (MemoryLayout member : layout.memberLayouts()) {
            map.append(String.format(
                    "%5d %4d %s%n",
                    offsetBytes, member.byteSize(), member.name().orElse("-")));
            offsetBytes += member.byteSize();
        }
        return map.toString();
    }
}
