/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.layeringfixture;

/** Stands for a class of the root package, which no layer may use. */
public final class Root {
    private Root() {}
}
