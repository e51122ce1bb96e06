/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Page frames: a binary buddy allocator for blocks of 1 page to 1 GiB, and the bitmap that tells which pages start a
 * block (mm/page_alloc.c of the kernel; the bitmap has no original there).
 *
 * <p>{@link dev.quire.engine.buddy.Zone} takes one lock, the innermost of the engine;
 * {@link dev.quire.engine.buddy.HeadBits} takes none and is written by whoever owns a block: the zone owns what is
 * free, the holder what is allocated. {@link dev.quire.engine.buddy.ZoneChecker} verifies both while nothing runs.
 */
@NullMarked
package dev.quire.engine.buddy;

import org.jspecify.annotations.NullMarked;
