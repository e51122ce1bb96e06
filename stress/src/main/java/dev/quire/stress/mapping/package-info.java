/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Races between lookups of folios, by index or by page, and their split and removal; and between reads, writes, writeback and
 * eviction of cached files and their truncation.
 */
@NullMarked
package dev.quire.stress.mapping;

import org.jspecify.annotations.NullMarked;
