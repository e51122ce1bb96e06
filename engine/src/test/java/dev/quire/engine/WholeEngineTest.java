/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.folio.FoliosAtRest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.AllocationFailures;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/**
 * A test on whole engines, which fails if it leaves a page, a node, an address space or a swap slot behind in one of
 * them, or a trace of a folio; or if any attempt to split a folio, successful or not, leaves anything as it must not
 * be, see {@link SplitWatch}.
 */
public abstract class WholeEngineTest {
    private static final long CAPACITY_BYTES = 4L << 30;

    /** Makes allocations of all engines of the running test fail. */
    protected final AllocationFailures failures = new AllocationFailures();

    private final List<Quire> engines = new ArrayList<>();
    private final List<SplitWatch> watches = new ArrayList<>();
    private volatile SplitWatch.Scope watched = SplitWatch.Scope.ALL;

    /** For subclasses. */
    protected WholeEngineTest() {}

    /**
     * Opens an engine of 4 GiB that checks the order of locks.
     *
     * @param headMap its head map
     * @return the engine; the base class closes it
     */
    protected final Quire open(HeadMapKind headMap) {
        return open(Quire.builder().capacityBytes(CAPACITY_BYTES).headMap(headMap));
    }

    /**
     * Opens an engine.
     *
     * @param builder its description
     * @return the engine; the base class closes it
     */
    protected final Quire open(QuireBuilder builder) {
        SplitWatch watch = new SplitWatch(() -> watched, builder.splitObserver);
        Quire engine = builder.lockOrderChecked(true)
                .allocationFailures(failures)
                .splitObserver(watch)
                .open();
        watch.watch(engine.splitter());
        watches.add(watch);
        engines.add(engine);
        return engine;
    }

    /**
     * Says what to look at around the splits from here on; everything, if nothing is said.
     *
     * @param scope less, if other threads use folios beside the splits, or the test looks itself
     */
    protected final void watchSplits(SplitWatch.Scope scope) {
        watched = scope;
    }

    /**
     * Checks what must hold of every folio of an address space that nobody uses.
     *
     * @param engine the engine
     * @param space an address space of it
     */
    protected static void checkFolios(Quire engine, AddressSpace space) {
        FoliosAtRest.check(engine, space);
    }

    @AfterEach
    final void nothingIsLeft() {
        failures.stop();
        try {
            watches.forEach(SplitWatch::requireNoViolation);
            for (Quire engine : engines) {
                assertEquals(new Leaks(0, 0, 0), engine.leaks());
                assertEquals(0, engine.swapTable().nrInUse(), "swap slots");
                FoliosAtRest.checkNoneIsLeft(engine);
            }
        } finally {
            engines.forEach(Quire::close);
        }
    }
}
