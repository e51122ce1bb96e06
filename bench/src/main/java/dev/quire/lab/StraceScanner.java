/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The lexical rules of strace's output: quoted strings, brackets, names of descriptors. Pure functions.
 *
 * <p>Three things make it more than counting brackets: strings may hold any of them ({@code "a)"}), a descriptor's name
 * follows it in angle brackets ({@code 3</tmp/a>}) and may hold brackets too ({@code 4<TCP:[1.2.3.4:5->6.7.8.9:10]>}),
 * and flags may be written as shifts ({@code 1<<3}).
 */
final class StraceScanner {
    private StraceScanner() {}

    /**
     * Splits an argument list at its top-level commas.
     *
     * @param text a line
     * @param start index of the first character after the opening parenthesis
     * @param arguments receives the arguments without surrounding blanks
     * @return index of the closing parenthesis
     * @throws MalformedLineException if there is none, or a string is not closed
     */
    static int splitArguments(String text, int start, List<String> arguments) throws MalformedLineException {
        int depth = 0;
        int argumentStart = start;
        int at = start;
        while (at < text.length()) {
            switch (text.charAt(at)) {
                case '"' -> at = endOfString(text, at);
                case '<' -> at = endOfName(text, at);
                case '(', '[', '{' -> depth++;
                case ']', '}' -> depth--;
                case ')' -> {
                    if (depth == 0) {
                        addArgument(text, argumentStart, at, arguments);
                        return at;
                    }
                    depth--;
                }
                case ',' -> {
                    if (depth == 0) {
                        addArgument(text, argumentStart, at, arguments);
                        argumentStart = at + 1;
                    }
                }
                default -> {}
            }
            at++;
        }
        throw new MalformedLineException("argument list is not closed");
    }

    private static void addArgument(String text, int start, int end, List<String> arguments) {
        String argument = text.substring(start, end).strip();
        if (!argument.isEmpty() || !arguments.isEmpty()) {
            arguments.add(argument);
        }
    }

    /** Index of the quote that closes the string opened at {@code start}. */
    private static int endOfString(String text, int start) throws MalformedLineException {
        for (int at = start + 1; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == '"') {
                return at;
            }
        }
        throw new MalformedLineException("string is not closed");
    }

    /**
     * Index of the bracket that closes the name opened at {@code start}, or {@code start} itself (or the second bracket
     * of a shift) if no name begins there.
     */
    static int endOfName(String text, int start) throws MalformedLineException {
        if (start + 1 < text.length() && text.charAt(start + 1) == '<') {
            return start + 1;
        }
        if (!followsDescriptor(text, start)) {
            return start;
        }
        int end = isKernelObject(text, start + 1) ? endOfKernelObject(text, start) : endOfPath(text, start);
        if (end < 0) {
            throw new MalformedLineException("name of a descriptor is not closed");
        }
        return end;
    }

    private static boolean followsDescriptor(String text, int start) {
        if (start == 0) {
            return false;
        }
        char before = text.charAt(start - 1);
        return Character.isDigit(before) || text.startsWith("AT_FDCWD", start - "AT_FDCWD".length());
    }

    /** Whether the text at {@code start} looks like {@code socket:[} or {@code UNIX-STREAM:[}. */
    static boolean isKernelObject(String text, int start) {
        int at = start;
        while (at < text.length() && isObjectKindCharacter(text.charAt(at))) {
            at++;
        }
        return at > start && text.startsWith(":[", at);
    }

    private static boolean isObjectKindCharacter(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '-';
    }

    private static int endOfKernelObject(String text, int start) {
        int end = text.indexOf("]>", start);
        return end < 0 ? -1 : end + 1;
    }

    /** Paths have their angle brackets escaped, but {@code -yy} appends {@code <char 1:3>} inside the name. */
    private static int endOfPath(String text, int start) {
        int depth = 0;
        for (int at = start; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '<') {
                depth++;
            } else if (c == '>' && --depth == 0) {
                return at;
            }
        }
        return -1;
    }

    /**
     * Contents of a quoted argument.
     *
     * @param argument such as {@code "a\"b"} or {@code "abc"...}
     * @return the string without quotes and escapes
     * @throws MalformedLineException if the argument is not a string
     */
    static String unquote(String argument) throws MalformedLineException {
        if (argument.isEmpty() || argument.charAt(0) != '"') {
            throw new MalformedLineException("not a string: " + argument);
        }
        return unescape(argument.substring(1, endOfString(argument, 0)));
    }

    /** Resolves the escapes of C: {@code \"}, {@code \n}, octal and hexadecimal bytes, which together may be UTF-8. */
    static String unescape(String text) throws MalformedLineException {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        byte[] source = text.getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[source.length];
        int length = 0;
        int at = 0;
        while (at < source.length) {
            if (source[at] != '\\') {
                bytes[length++] = source[at++];
            } else if (at + 1 < source.length && isOctal(source[at + 1])) {
                int digits = nrOctalDigits(source, at + 1);
                bytes[length++] = (byte) Integer.parseInt(text(source, at + 1, digits), 8);
                at += 1 + digits;
            } else if (at + 3 < source.length && source[at + 1] == 'x') {
                bytes[length++] = (byte) hexadecimal(text(source, at + 2, 2));
                at += 4;
            } else if (at + 1 < source.length) {
                bytes[length++] = controlCharacter(source[at + 1]);
                at += 2;
            } else {
                throw new MalformedLineException("escape is cut off: " + text);
            }
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static boolean isOctal(byte c) {
        return c >= '0' && c <= '7';
    }

    private static int nrOctalDigits(byte[] source, int start) {
        int digits = 0;
        while (digits < 3 && start + digits < source.length && isOctal(source[start + digits])) {
            digits++;
        }
        return digits;
    }

    private static String text(byte[] source, int start, int length) {
        return new String(source, start, length, StandardCharsets.ISO_8859_1);
    }

    private static int hexadecimal(String digits) throws MalformedLineException {
        try {
            return Integer.parseInt(digits, 16);
        } catch (NumberFormatException e) {
            throw new MalformedLineException("not a hexadecimal byte: " + digits);
        }
    }

    private static byte controlCharacter(byte c) {
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0b;
            case 'a' -> 0x07;
            case 'b' -> '\b';
            default -> c;
        };
    }

    /**
     * A number as strace prints it.
     *
     * @param text decimal, {@code 0x...} (up to 64 bits, read as unsigned) or {@code NULL}
     * @return its value
     * @throws MalformedLineException if it is none
     */
    static long number(String text) throws MalformedLineException {
        try {
            if (text.startsWith("0x")) {
                return Long.parseUnsignedLong(text, 2, text.length(), 16);
            }
            return text.equals("NULL") ? 0 : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new MalformedLineException("not a number: " + text);
        }
    }

    /** The first number of a value that the kernel wrote back: {@code [64]} or {@code [64] => [128]}. */
    static long firstNumberInBrackets(String text) throws MalformedLineException {
        int end = text.indexOf(']');
        if (!text.startsWith("[") || end < 0) {
            throw new MalformedLineException("not a value in brackets: " + text);
        }
        return number(text.substring(1, end).strip());
    }

    /** Elements of a bracketed list, such as the two descriptors that {@code pipe} returns. */
    static List<String> elements(String text) throws MalformedLineException {
        if (!text.startsWith("[") || !text.endsWith("]")) {
            throw new MalformedLineException("not a list: " + text);
        }
        List<String> elements = new ArrayList<>();
        splitArguments(text.substring(0, text.length() - 1) + ")", 1, elements);
        return elements;
    }
}
