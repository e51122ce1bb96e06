/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races between lookups and changes of an index. */
@NullMarked
package dev.quire.stress.xarray;

import org.jspecify.annotations.NullMarked;
