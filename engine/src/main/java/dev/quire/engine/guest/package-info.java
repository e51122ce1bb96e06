/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Guest memory: the memory of a confidential guest, in huge folios, of which each page is private to the guest or
 * shared with the host.
 *
 * <p>{@link dev.quire.engine.guest.GuestMemory} holds the folios and converts ranges from private to shared and back,
 * which splits folios and merges them; {@link dev.quire.engine.guest.GuestAccess} is how threads of the host and of the
 * guest's virtual processors find pages; a {@link dev.quire.engine.guest.SecondaryMmu} is told which pages the guest
 * must no longer have mapped. {@link dev.quire.engine.guest.GuestMemoryChecker} verifies all of it.
 *
 * <p>Locks, outer to inner: invalidate lock, then those of the packages below. Holes and close hold the invalidate lock
 * alone; one conversion at a time holds it for its range, faults that allocate elsewhere share it, and faults that find
 * their page take no lock. The kernel's counterparts are virt/kvm/guest_memfd.c and the series that gave it huge pages
 * and in-place conversion.
 */
@NullMarked
package dev.quire.engine.guest;

import org.jspecify.annotations.NullMarked;
