/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * Conversions of a scenario, nothing running beside them.
 *
 * @param latencies time of each
 * @param freezes how long each had folios frozen
 * @param freezesBeside how long each had pages frozen that it did not convert
 */
record GuestConversions(Latencies latencies, Latencies freezes, Latencies freezesBeside) {}
