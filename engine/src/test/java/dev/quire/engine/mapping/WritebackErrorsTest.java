/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class WritebackErrorsTest {
    private final WritebackErrors errors = new WritebackErrors();
    private final IOException first = new IOException("first");
    private final IOException second = new IOException("second");

    @Test
    void anErrorIsNewsOnceToEveryListener() {
        WritebackErrors.Listener one = errors.listen();
        WritebackErrors.Listener other = errors.listen();
        assertNull(one.next());
        errors.record(first);
        assertSame(first, one.next());
        assertNull(one.next());
        assertSame(first, other.next());
        assertNull(other.next());
    }

    @Test
    void whoListensLaterIsToldOnlyWhatNobodyWas() {
        errors.record(first);
        WritebackErrors.Listener one = errors.listen();
        WritebackErrors.Listener other = errors.listen();
        assertSame(first, one.next());
        assertNull(errors.listen().next());
        assertSame(first, other.next());
    }

    @Test
    void ofSeveralErrorsTheLastIsTold() {
        WritebackErrors.Listener listener = errors.listen();
        errors.record(first);
        errors.record(second);
        assertSame(second, listener.next());
        assertNull(listener.next());
    }

    @Test
    void anErrorAfterOneThatWasToldIsNewsAgain() {
        WritebackErrors.Listener one = errors.listen();
        WritebackErrors.Listener other = errors.listen();
        errors.record(first);
        assertSame(first, one.next());
        errors.record(second);
        assertSame(second, one.next());
        assertSame(second, other.next());
        assertNull(other.next());
    }
}
