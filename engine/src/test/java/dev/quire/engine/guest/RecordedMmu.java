/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;
import java.util.ArrayList;
import java.util.List;

/** Notes what a conversion asks the guest's page tables to do. */
final class RecordedMmu implements SecondaryMmu {
    final List<String> calls = new ArrayList<>();
    int splitResult = Errno.OK;
    Runnable whileZapping = () -> {};

    @Override
    public int splitLeaves(long startIndex, long endIndex) {
        calls.add("split " + startIndex + "-" + endIndex);
        return splitResult;
    }

    @Override
    public void zap(long startIndex, long endIndex) {
        calls.add("zap " + startIndex + "-" + endIndex);
        whileZapping.run();
    }
}
