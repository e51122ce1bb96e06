/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races for the map from pages to the heads of their blocks. */
@NullMarked
package dev.quire.stress.buddy;

import org.jspecify.annotations.NullMarked;
