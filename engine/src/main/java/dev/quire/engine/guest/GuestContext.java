/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.mapping.MappingContext;
import dev.quire.engine.memory.AllocationFailures;

/**
 * What the guest memories of one engine share.
 *
 * @param mapping what they share with address spaces
 * @param failures asked before every allocation of a new attribute map
 */
public record GuestContext(MappingContext mapping, AllocationFailures failures) {}
