/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * What holds the engine's concurrency claims to account: jcstress scenarios, each of which provokes one race, and
 * mutants, each of which is the engine with one line broken that some scenario must catch.
 *
 * <p>Scenarios are in the subpackages, named as the engine's packages are. A scenario is a top-level class, a variant
 * of it a nested one with the jcstress annotations. {@link dev.quire.stress.WindowCheck} tells whether a run reached
 * the races it was made for; {@link dev.quire.stress.MutantRunner} whether the scenarios catch the mutants.
 */
@NullMarked
package dev.quire.stress;

import org.jspecify.annotations.NullMarked;
