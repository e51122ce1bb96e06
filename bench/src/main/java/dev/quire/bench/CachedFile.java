/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.memory.Geometry;

/** A file whose folios are in the page cache and mapped by nobody. */
final class CachedFile implements BatchOwner {
    private final Folios folios;
    private final AddressSpace space;

    CachedFile(Quire engine) {
        folios = engine.folios();
        space = engine.newAddressSpace();
    }

    @Override
    public int add(long folio, long index) {
        space.extend((index << Geometry.PAGE_SHIFT) + Geometry.bytesIn(folios.order(folio)));
        return space.add(folio, index);
    }

    @Override
    public boolean allowsOrder1() {
        return true;
    }

    @Override
    public void forEachFolio(FolioVisitor visitor) {
        space.forEachFolio(visitor);
    }

    @Override
    public void dropAll() {
        space.truncate(0, SplitPolicies.UNIFORM);
    }

    @Override
    public void close() {
        space.close();
    }
}
