/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.SplitPolicies;
import java.util.Optional;

/**
 * The outcome of one trace under one policy.
 *
 * @param policy how folios were split
 * @param nrOperations operations that the target was given
 * @param measurements what they led to
 * @param memory what the calls on anonymous memory led to; empty if there were none
 */
public record ReplayResult(
        SplitPolicies policy, long nrOperations, Measurements measurements, Optional<MemoryMeasurements> memory) {}
