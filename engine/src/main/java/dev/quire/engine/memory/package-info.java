/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory as such: the geometry of pages and orders, the arena (one lazily backed reservation cut into regions),
 * and the points where tests inject allocation failures.
 *
 * <p>Nothing here knows what the memory holds; that starts in the {@code struct} package. All classes are safe for use
 * by many threads; only {@link dev.quire.engine.memory.ObjectSlab} takes a lock, its monitor.
 */
@NullMarked
package dev.quire.engine.memory;

import org.jspecify.annotations.NullMarked;
