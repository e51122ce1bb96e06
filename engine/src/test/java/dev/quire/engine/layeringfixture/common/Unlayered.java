/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.layeringfixture.common;

/** Lies in a package that no layer names. */
public final class Unlayered {
    private Unlayered() {}
}
