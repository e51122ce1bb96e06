/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Races between faults on guest memory, and what is mapped after them, and its conversion. */
@NullMarked
package dev.quire.stress.guest;

import org.jspecify.annotations.NullMarked;
