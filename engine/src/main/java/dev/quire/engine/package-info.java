/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Quire: off-heap memory management laid out as the Linux kernel does it. {@link dev.quire.engine.Quire} is one engine
 * and the way to everything else.
 */
@NullMarked
package dev.quire.engine;

import org.jspecify.annotations.NullMarked;
