/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplitObserverTest extends WholeEngineTest {
    private static final int ORDER = 9;

    private record Observed(int order, long nrPieces, int result, long nanos, long frozenNanos) {}

    private final List<Observed> observed = new ArrayList<>();

    private void observe(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        observed.add(new Observed(order, nrPieces, result, nanos, frozenNanos));
    }

    @Test
    void theFreezeIsAPartOfTheSplitAndAFailedSplitHasNone() {
        Quire engine = open(Quire.builder().capacityBytes(64L << 20).splitObserver(this::observe));
        Folios folios = engine.folios();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096L << ORDER);
            long folio = folios.allocate(ORDER);
            assertEquals(Errno.OK, space.add(folio, 0));
            folios.lock(folio);
            assertTrue(folios.tryPin(folio));
            assertEquals(Errno.EAGAIN, engine.splitter().splitUniform(folio, 0));
            folios.unpin(folio);
            assertEquals(Errno.OK, engine.splitter().splitUniform(folio, 0));
            folios.unlock(folio);
            folios.unpin(folio);
        }
        Observed failed = observed.get(0);
        assertEquals(new Observed(ORDER, 1, Errno.EAGAIN, failed.nanos, 0), failed);
        Observed split = observed.get(1);
        assertEquals(new Observed(ORDER, 512, Errno.OK, split.nanos, split.frozenNanos), split);
        assertTrue(split.frozenNanos > 0 && split.frozenNanos <= split.nanos, split::toString);
    }
}
