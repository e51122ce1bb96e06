/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Races between lookups of folios, by index or by page, and their split and removal; between reads, writes, writeback
 * and eviction of cached files and their truncation; and between the use, swapping and truncation of shared memory.
 */
@NullMarked
package dev.quire.stress.mapping;

import org.jspecify.annotations.NullMarked;
