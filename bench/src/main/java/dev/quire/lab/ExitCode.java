/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** What the commands return to the shell. */
final class ExitCode {
    /** All is well. */
    static final int OK = 0;

    /** An input could not be read, or what was to be done with it could not be done: {@link LabException}. */
    static final int FAILED = 1;

    /** The command line is wrong. */
    static final int USAGE = 2;

    private ExitCode() {}
}
