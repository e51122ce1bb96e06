/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The lab, behind the command line of {@link dev.quire.lab.Main}: replays the system calls of real programs, as strace
 * recorded them, under several ways to split folios, and shows what is left in memory; splits single folios; runs
 * scenarios of guest memory; measures how long readers wait; and prints tables of what benchmarks measured.
 *
 * <p>{@link dev.quire.lab.TraceReader} turns text into {@link dev.quire.lab.TraceOperation}s;
 * {@link dev.quire.lab.Replay} drives a {@link dev.quire.lab.ReplayTarget} with them, once per policy;
 * {@link dev.quire.lab.ReplayTable} prints the {@link dev.quire.lab.Measurements}. All that runs on one thread, and its
 * classes are not thread-safe. What goes wrong there and elsewhere by what a user can cause is a
 * {@link dev.quire.lab.LabException}.
 *
 * <p>{@code quire guest} and {@code quire stall} run two threads, one that measures and one beside it; what both use is
 * volatile, or joined before it is read. {@code quire split} and {@code quire stall} lock the folios that they split
 * and merge, as every user of the engine must; the lab has no locks of its own.
 */
package dev.quire.lab;
