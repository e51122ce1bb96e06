/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;

/** A split of whatever folio is there, beside others who use it. */
final class RandomSplit {
    private RandomSplit() {}

    /**
     * Splits a folio to a random order, if nobody has it locked and it can be split, merges it again every other time,
     * and unpins it.
     *
     * @param folio a pinned folio; 0 for none
     * @return whether it was split
     */
    static boolean splitPinned(Quire engine, long folio, SplitPolicy policy, SplittableRandom random) {
        if (folio == 0) {
            return false;
        }
        Folios folios = engine.folios();
        int order = folios.order(folio);
        boolean isSplit = false;
        if (order > 0 && folios.tryLock(folio)) {
            int result = engine.splitter()
                    .split(folio, policy, 0, 1, random.nextInt(order), SplitPolicies.ALL_ORDERS, false);
            isSplit = result == Errno.OK;
            if (isSplit && random.nextBoolean()) {
                engine.merger().merge(folio, order);
            }
            folios.unlock(folio);
        }
        folios.unpin(folio);
        return isSplit;
    }
}
