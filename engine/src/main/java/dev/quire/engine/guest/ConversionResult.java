/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.memory.Errno;

/**
 * How a conversion, or a hole, ended.
 *
 * <p>EAGAIN is the embedder's to resolve. A page that somebody holds is not waited for, as how long is theirs to say;
 * so trying again promises nothing by itself: beside threads of which one always holds some page of the range, every
 * try may fail. First whoever uses the page at the offset gives it back, and is kept from taking others of the same
 * huge pages, for example by a lock of the embedder's or by the end of a device's transfer; then comes the next try.
 * Who takes references outside of read sections for moments only ({@link Folios#tryPin}) is met by trying again at
 * once.
 *
 * @param error 0; EAGAIN if somebody holds a page that may not be held: see above; ENOMEM; EBUSY if folios of the
 *     memory were charged to different groups; or what {@link SecondaryMmu#splitLeaves} returned. Unless it is 0 no
 *     page has changed its state or its folio, and the guest has all its pages mapped; but leaf entries of the guest
 *     may have been split, and pages that were to become private, or to be dropped, may no longer be mapped by the host
 * @param errorOffsetBytes of EAGAIN and EBUSY, offset of the first folio in the way, or the start of the range if that
 *     folio reaches into it from before. It lies outside of the range if the folio does, which is to become one with
 *     pages of the range. Of other errors, the start of the range; 0 if there is no error
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
