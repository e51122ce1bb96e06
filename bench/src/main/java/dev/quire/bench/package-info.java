/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * JMH suites: what the engine's operations cost, beside what one would otherwise use and beside the limit.
 *
 * <p>Every suite compares what it is about to measure with an independent computation, and fails if they differ. Times
 * are of one operation on one thread, in nanoseconds, unless a name says otherwise. All randomness is seeded.
 */
package dev.quire.bench;
