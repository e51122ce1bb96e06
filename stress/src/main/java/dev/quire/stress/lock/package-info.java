/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races for locks and for the last reference. */
@NullMarked
package dev.quire.stress.lock;

import org.jspecify.annotations.NullMarked;
