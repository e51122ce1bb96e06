/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;

/**
 * How a conversion, or a hole, ended.
 *
 * @param error 0; EAGAIN if somebody holds a page that may not be held; ENOMEM; EBUSY if folios of the memory were charged to different
 *     groups; or what {@link SecondaryMmu#splitLeaves} returned. Unless it is 0 nothing has changed
 * @param errorOffsetBytes offset of the first page concerned, but not before the range: of EAGAIN and EBUSY the folio's, of
 *     others the start of the range; 0 if there is no error
 */
public record ConversionResult(int error, long errorOffsetBytes) {
    /** Success. */
    public static final ConversionResult OK = new ConversionResult(Errno.OK, 0);

    /**
     * Whether it succeeded.
     *
     * @return true if there is no error
     */
    public boolean isOk() {
        return error == Errno.OK;
    }

    /** For people: {@code OK}, or the error's name and where. */
    @Override
    public String toString() {
        return isOk() ? "OK" : Errno.name(error) + " at " + errorOffsetBytes;
    }
}
