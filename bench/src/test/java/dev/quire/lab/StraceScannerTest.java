/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StraceScannerTest {
    private static List<String> split(String text) throws MalformedLineException {
        List<String> arguments = new ArrayList<>();
        StraceScanner.splitArguments(text, 0, arguments);
        return arguments;
    }

    @Test
    void argumentsEndAtTopLevelCommas() throws MalformedLineException {
        assertEquals(List.of(), split(")"));
        assertEquals(List.of("a"), split(" a )"));
        assertEquals(List.of("{a, b}", "[c, (d, e)]", "f"), split("{a, b}, [c, (d, e)], f)"));
        assertEquals(List.of("\",)\\\"]\"...", "3"), split("\",)\\\"]\"..., 3)"));
        assertEquals(List.of("0x7f /* 2 vars */", "1<<3|2"), split("0x7f /* 2 vars */, 1<<3|2)"));
    }

    @Test
    void namesOfDescriptorsMayHoldBracketsAndCommas() throws MalformedLineException {
        assertEquals(List.of("3</a,b(c>", "1"), split("3</a,b(c>, 1)"));
        assertEquals(List.of("AT_FDCWD</w)>", "1"), split("AT_FDCWD</w)>, 1)"));
        assertEquals(List.of("4<TCP:[1.2.3.4:5->6.7.8.9:10]>", "1"), split("4<TCP:[1.2.3.4:5->6.7.8.9:10]>, 1)"));
        assertEquals(List.of("1</dev/null<char 1:3>>", "1"), split("1</dev/null<char 1:3>>, 1)"));
    }

    @Test
    void closingParenthesisIsReported() throws MalformedLineException {
        assertEquals(6, StraceScanner.splitArguments("f(a, b) = 1", 2, new ArrayList<>()));
    }

    @Test
    void unclosedListsStringsAndNamesAreMalformed() {
        assertThrows(MalformedLineException.class, () -> split("a, b"));
        assertThrows(MalformedLineException.class, () -> split("\"a, b)"));
        assertThrows(MalformedLineException.class, () -> split("\"a\\\")"));
        assertThrows(MalformedLineException.class, () -> split("3</a)"));
        assertThrows(MalformedLineException.class, () -> split("3<pipe:[1)"));
    }

    @Test
    void escapesAreThoseOfC() throws MalformedLineException {
        assertEquals("plain", StraceScanner.unescape("plain"));
        assertEquals("a\"b\\c\n\t\r\f\u000b", StraceScanner.unescape("a\\\"b\\\\c\\n\\t\\r\\f\\v"));
        assertEquals("<>\u00fc8", StraceScanner.unescape("\\74\\76\\303\\2748"));
        assertEquals("\u00fc", StraceScanner.unescape("\\xc3\\xbc"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.unescape("a\\"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.unescape("\\xzz"));
    }

    @Test
    void numbers() throws MalformedLineException {
        assertEquals(-12, StraceScanner.number("-12"));
        assertEquals(0, StraceScanner.number("NULL"));
        assertEquals(-1, StraceScanner.number("0xffffffffffffffff"));
        assertEquals(255, StraceScanner.number("0xff"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.number(""));
        assertThrows(MalformedLineException.class, () -> StraceScanner.number("0x"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.number("0x10000000000000000"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.number("O_RDONLY"));
    }

    @Test
    void valuesInBrackets() throws MalformedLineException {
        assertEquals(64, StraceScanner.firstNumberInBrackets("[64]"));
        assertEquals(64, StraceScanner.firstNumberInBrackets("[64] => [128]"));
        assertEquals(List.of("3<pipe:[1]>", "4"), StraceScanner.elements("[3<pipe:[1]>, 4]"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.firstNumberInBrackets("64"));
        assertThrows(MalformedLineException.class, () -> StraceScanner.elements("0x7ffe"));
    }
}
