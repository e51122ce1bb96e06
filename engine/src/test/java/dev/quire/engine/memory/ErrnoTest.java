/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrnoTest {
    @ParameterizedTest
    @CsvSource({
        "0, OK",
        "-2, ENOENT",
        "-11, EAGAIN",
        "-12, ENOMEM",
        "-14, EFAULT",
        "-16, EBUSY",
        "-17, EEXIST",
        "-22, EINVAL",
        "-75, EOVERFLOW",
        "-5, -5",
        "1, 1"
    })
    void everyResultHasTheNameAndNumberOfTheOriginal(int result, String name) {
        assertEquals(name, Errno.name(result));
    }
}
