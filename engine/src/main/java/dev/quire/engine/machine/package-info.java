/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * What the machine gives, unchecked: loads and stores at absolute addresses, system calls, and sleep. Not exported: a wrong
 * address here ends the JVM. What an engine hands out checks what it is given before it comes here; a class of an
 * exported package that trusts its addresses says so.
 */
@NullMarked
package dev.quire.engine.machine;

import org.jspecify.annotations.NullMarked;
