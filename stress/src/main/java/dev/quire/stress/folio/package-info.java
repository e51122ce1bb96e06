/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races of what changes folios, merges, splits, queues and lists, with each other and with readers. */
@NullMarked
package dev.quire.stress.folio;

import org.jspecify.annotations.NullMarked;
