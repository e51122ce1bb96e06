/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The lab: replays the system calls of real programs, as strace recorded them, under several ways to split folios, and
 * shows what is left in memory.
 *
 * <p>{@link dev.quire.lab.TraceReader} turns text into {@link dev.quire.lab.TraceOperation}s;
 * {@link dev.quire.lab.Replay} drives a {@link dev.quire.lab.ReplayTarget} with them, once per policy;
 * {@link dev.quire.lab.ReplayTable} prints the {@link dev.quire.lab.Measurements}. Everything here runs on one thread
 * and takes no locks.
 */
package dev.quire.lab;
