/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * One final class per struct of the kernel: its layout, its offsets, and accessors that carry the field and the memory
 * ordering in their name. A struct is named by its absolute address.
 *
 * <p>Ordering in names: no suffix is a plain access (the caller owns the struct or holds the lock that guards the
 * field), {@code Opaque} is coherent but orders nothing, {@code Acquire} and {@code Release} pair up, and
 * read-modify-write operations ({@code getAndAdd...}, {@code compareAndSet...}) have volatile semantics. Which pairs
 * with which is told at the access that publishes.
 *
 * <p>There is no behaviour here beyond the list operations of {@link dev.quire.engine.struct.ListHead}, and no locking:
 * each class says which lock guards which field.
 */
@NullMarked
package dev.quire.engine.struct;

import org.jspecify.annotations.NullMarked;
