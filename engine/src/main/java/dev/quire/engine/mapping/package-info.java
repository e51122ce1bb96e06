/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Address spaces: folios found by their offset in a file.
 *
 * <p>{@link dev.quire.engine.mapping.AddressSpace} owns folios through its index and truncates them;
 * {@link dev.quire.engine.mapping.FolioLookup} is how readers find and pin them without a lock. The kernel's counterparts
 * are mm/filemap.c and mm/truncate.c.
 */
@NullMarked
package dev.quire.engine.mapping;

import org.jspecify.annotations.NullMarked;
