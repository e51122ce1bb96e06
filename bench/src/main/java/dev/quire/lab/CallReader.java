/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** Understands one family of system calls. */
interface CallReader {
    /**
     * Applies a call that succeeded, if it belongs to the family.
     *
     * @param thread the caller
     * @param call the call
     * @return false if the call is none of this family
     * @throws MalformedLineException if the call's arguments cannot be understood; nothing has been emitted then
     */
    boolean apply(TracedThread thread, StraceCall call) throws MalformedLineException;
}
