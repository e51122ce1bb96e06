/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * A line of a trace that was skipped because it cannot be understood.
 *
 * @param inputName file of the trace
 * @param lineNumber line in it, from 1
 * @param reason what is wrong with it
 */
public record MalformedLine(String inputName, long lineNumber, String reason) {
    /** {@return the usual form of a compiler's message, such as {@code a.strace:17: no call on this line}} */
    @Override
    public String toString() {
        return inputName + ":" + lineNumber + ": " + reason;
    }
}
