/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.xarray.RangeModel.Range;
import java.util.SplittableRandom;

/** Makes up indices, near what is in a model most of the time, orders and words. */
final class RandomArguments {
    private final SplittableRandom random;
    private final RangeModel model;
    private final int indexBits;

    RandomArguments(SplittableRandom random, RangeModel model, int indexBits) {
        this.random = random;
        this.model = model;
        this.indexBits = indexBits;
    }

    long anyIndex() {
        if (!model.isEmpty() && random.nextInt(3) > 0) {
            return nearSomething();
        }
        long index = random.nextLong() >>> (Long.SIZE - indexBits);
        return random.nextInt(4) == 0 ? index >>> random.nextInt(indexBits) : index;
    }

    private long nearSomething() {
        long anywhere = random.nextLong() >>> (Long.SIZE - indexBits);
        Range range = model.after(anywhere);
        if (range == null) {
            range = model.at(anywhere);
        }
        if (range == null) {
            return anywhere;
        }
        return switch (random.nextInt(6)) {
            case 0 -> range.last();
            case 1 -> range.last() + 1;
            case 2 -> range.first() - 1;
            case 3 -> range.first() + (random.nextLong() & (range.last() - range.first()));
            default -> range.first();
        };
    }

    int anyOrder() {
        int max = Math.min(XArray.MAX_ORDER, indexBits);
        return random.nextInt(8) == 0 ? random.nextInt(max + 1) : random.nextInt(Math.min(20, max) + 1);
    }

    long anyWord() {
        long integer = random.nextLong() >>> (1 + random.nextInt(48));
        return random.nextBoolean() ? XaEntry.value(integer) : XArrayCatalogue.pointer((int) (integer & 0xffff));
    }
}
