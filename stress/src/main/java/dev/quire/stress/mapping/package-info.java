/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races between lookups of folios, by index or by page, and their split and removal. */
@NullMarked
package dev.quire.stress.mapping;

import org.jspecify.annotations.NullMarked;
