/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races between walks of page tables and the unmapping and splitting of what they map. */
@NullMarked
package dev.quire.stress.pagetable;

import org.jspecify.annotations.NullMarked;
