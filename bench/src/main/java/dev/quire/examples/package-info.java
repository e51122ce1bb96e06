/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
/** Programs that embed the engine, as the README quotes them. */
package dev.quire.examples;
