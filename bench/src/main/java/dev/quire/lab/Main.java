/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/** Entry point of the executable jar. */
public final class Main {
    private Main() {}

    /**
     * Prints the usage.
     *
     * @param args ignored
     */
    public static void main(String[] args) {
        System.out.println("usage: quire jmh [OPTIONS]");
    }
}
