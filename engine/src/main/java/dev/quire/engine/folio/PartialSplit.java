/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** Splits a folio of which only a part is in use, for {@link DeferredSplitShrinker}. */
@FunctionalInterface
public interface PartialSplit {
    /**
     * Splits a folio such that what is not in use is freed once the caller gives its reference back.
     *
     * @param folio head of a folio of order 2 or more that the caller has locked and holds one reference to; both stay
     *     with the first piece
     * @return 0 if it was split; ENOENT if none of it is in use any more, so that it need not be; else EINVAL, EBUSY,
     *     ENOMEM or EAGAIN
     */
    int split(long folio);
}
