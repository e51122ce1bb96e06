/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;

/**
 * The checks of a split that need no lock but the folio's, in the order of the original (folio_check_splittable and the
 * beginning of __folio_split): whatever refuses a folio here has not been changed.
 */
final class SplitChecks {
    private final FolioOwners owners;

    SplitChecks(FolioOwners owners) {
        this.owners = owners;
    }

    /** Checks a split, and finds the folio's owner. */
    int check(FolioSplit split) {
        if (split.mapping == 0) {
            // Truncated, or shared memory that only the swap cache has. First: nothing below may look at the mapping.
            return Errno.EBUSY;
        }
        boolean anonymous = split.isAnonymous();
        if (anonymous && split.newOrder == 1) {
            return Errno.EINVAL;
        }
        split.swapCached = PageFlag.isSwapCached(split.flags);
        if (split.swapCached && (!split.uniform || split.newOrder != 0)) {
            return Errno.EINVAL;
        }
        if (PageFlag.WRITEBACK.isSet(split.flags) || split.mapping == AddressSpaceStruct.ANONYMOUS_TAG) {
            return Errno.EBUSY;
        }
        return anonymous ? Errno.OK : checkOwned(split);
    }

    private int checkOwned(FolioSplit split) {
        FolioOwner owner = owners.of(split.mapping);
        split.owner = owner;
        if (split.newOrder < owner.minimumOrder()) {
            return Errno.EINVAL;
        }
        return PageFlag.PRIVATE.isSet(split.flags) ? Errno.EBUSY : Errno.OK;
    }
}
