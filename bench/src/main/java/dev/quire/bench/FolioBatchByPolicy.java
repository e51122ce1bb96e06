/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.folio.HeadMapKind;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A batch for every policy and head map. */
@State(Scope.Thread)
public abstract class FolioBatchByPolicy extends FolioBatch {
    /**
     * How the folios are split: around one page, {@code RANGE} around a range of any length; opt-in: {@code STAGED}.
     */
    @Param({"UNIFORM", "NON_UNIFORM", "RANGE"})
    public SplitMethod policy;

    /** How the head of a page is found. */
    @Param({"HEAD_BITS", "TAIL_WORDS"})
    public HeadMapKind headMap;

    /**
     * Describes batches.
     *
     * @param nrFolios folios in a batch
     */
    protected FolioBatchByPolicy(int nrFolios) {
        super(nrFolios);
    }

    /**
     * Orders of a folio before its split and of its smallest pieces after it, as {@code 9->0}.
     *
     * @return the value of the subclass's parameter
     */
    protected abstract String split();

    /** Which orders the pieces may have. */
    PieceOrders pieceOrders() {
        return PieceOrders.ALL;
    }

    @Override
    final SplitCase splitCase() {
        return SplitCase.parse(split(), policy, pieceOrders(), headMap);
    }
}
