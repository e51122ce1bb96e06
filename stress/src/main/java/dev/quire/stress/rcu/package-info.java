/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races between read sections and the reclaim of what they may still see. */
@NullMarked
package dev.quire.stress.rcu;

import org.jspecify.annotations.NullMarked;
