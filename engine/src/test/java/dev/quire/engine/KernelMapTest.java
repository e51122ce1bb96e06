/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaBatch;
import dev.quire.engine.xarray.XaCursor;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * docs/kernel-map.md says where the kernel's functions are, and which test shows what: the classes, methods and tests
 * it names must exist, and no row or method may be missing.
 */
class KernelMapTest {
    private static final Path MAP = Path.of("..", "docs", "kernel-map.md");
    private static final String ENGINE = KernelMapTest.class.getPackageName();
    private static final Pattern NAMED_TEST = Pattern.compile("`(\\w+)#(\\w+)`");

    /** A class, a class with a member, or just a member, of the class named before it in the line. */
    private static final Pattern NAMED_CODE =
            Pattern.compile("`(?:([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+))?|([a-z][a-zA-Z]*))`");

    private static final List<Path> SOURCES = List.of(
            Path.of("src", "main", "java"),
            Path.of("src", "test", "java"),
            Path.of("..", "stress", "src", "main", "java"));
    private static final Pattern ROW = Pattern.compile("\\| ([A-Z]\\d+) \\|");
    private static final List<String> PACKAGES =
            List.of("", ".xarray", ".folio", ".mapping", ".struct", ".buddy", ".pagetable", ".guest");

    /** Numbers of the rows that a table must have, by the letter they begin with. */
    private static Stream<String> expectedRows() {
        return Stream.of(
                        rows("D", IntStream.rangeClosed(1, 26)),
                        rows("Q", IntStream.rangeClosed(1, 10)),
                        rows("A", IntStream.rangeClosed(1, 30)),
                        rows("R", IntStream.rangeClosed(1, 17)),
                        rows("X", IntStream.rangeClosed(1, 14).filter(number -> number != 11 && number != 12)),
                        rows("G", IntStream.rangeClosed(1, 10)),
                        rows("B", IntStream.rangeClosed(1, 23)),
                        rows("X", IntStream.of(11, 12)),
                        rows("M", IntStream.rangeClosed(1, 25)))
                .flatMap(rows -> rows);
    }

    private static Stream<String> rows(String letter, IntStream numbers) {
        return numbers.mapToObj(number -> letter + number);
    }

    @Test
    void everyRowIsThereAndNamesTests() {
        List<String> found = new ArrayList<>();
        for (String line : lines()) {
            Matcher row = ROW.matcher(line);
            if (row.lookingAt()) {
                found.add(row.group(1));
                assertTrue(NAMED_TEST.matcher(line).find(), () -> "no test in row " + row.group(1));
            }
        }
        assertEquals(expectedRows().toList(), found);
    }

    @Test
    void everyNamedTestExists() {
        int nrNamed = 0;
        for (String line : lines()) {
            Matcher named = NAMED_TEST.matcher(line);
            while (named.find()) {
                assertTrue(isTest(named.group(1), named.group(2)), "no such test: " + named.group());
                nrNamed++;
            }
        }
        assertTrue(nrNamed > 100, "tests named: " + nrNamed);
    }

    @Test
    void everyNamedClassAndMemberExists() {
        Map<String, String> classes = classes();
        int nrNamed = 0;
        for (String line : lines()) {
            String current = "";
            Matcher named = NAMED_CODE.matcher(line);
            while (named.find()) {
                current = named.group(1) == null ? current : classes.getOrDefault(named.group(1), "");
                assertNotEquals("", current, () -> "no such class: " + named.group() + " in " + line);
                String member = named.group(1) == null ? named.group(3) : named.group(2);
                assertTrue(member == null || hasMember(current, member), () -> "no such member: " + named.group());
                nrNamed++;
            }
        }
        assertTrue(nrNamed > 200, "classes and members named: " + nrNamed);
    }

    /** Full names of the engine's classes, those of its tests, and the stress scenarios, by their simple names. */
    private static Map<String, String> classes() {
        Map<String, String> names = new HashMap<>();
        for (Path root : SOURCES) {
            try (Stream<Path> files = Files.walk(root)) {
                files.map(file -> root.relativize(file).toString())
                        .filter(file -> file.endsWith(".java"))
                        .map(file -> file.substring(0, file.length() - ".java".length()))
                        .map(file -> file.replace(File.separatorChar, '.'))
                        .forEach(name -> names.putIfAbsent(name.substring(name.lastIndexOf('.') + 1), name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return names;
    }

    private static boolean hasMember(String className, String member) {
        Class<?> type = find(className).findFirst().orElse(null);
        for (; type != null; type = type.getSuperclass()) {
            boolean isThere = Stream.<Member>concat(
                            Stream.of(type.getDeclaredMethods()), Stream.of(type.getDeclaredFields()))
                    .anyMatch(declared -> declared.getName().equals(member));
            if (isThere) {
                return true;
            }
        }
        return false;
    }

    private static boolean isTest(String className, String methodName) {
        return PACKAGES.stream()
                .flatMap(name -> find(ENGINE + name + "." + className))
                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .anyMatch(method -> method.getName().equals(methodName) && isTest(method));
    }

    private static Stream<Class<?>> find(String name) {
        try {
            return Stream.of(Class.forName(name));
        } catch (ClassNotFoundException e) {
            return Stream.of();
        }
    }

    private static boolean isTest(Method method) {
        return method.isAnnotationPresent(Test.class)
                || method.isAnnotationPresent(ParameterizedTest.class)
                || method.isAnnotationPresent(TestFactory.class);
    }

    @Test
    void everyMethodOfTheIndexHasItsPlaceAndNoOtherIsNamed() {
        Set<String> named = new TreeSet<>();
        Matcher method =
                Pattern.compile("`((?:XArray|XaCursor|XaBatch)\\.\\w+)`").matcher(String.join("\n", lines()));
        while (method.find()) {
            named.add(method.group(1));
        }
        Set<String> there = new TreeSet<>();
        for (Class<?> type : List.of(XArray.class, XaCursor.class, XaBatch.class)) {
            Stream.of(type.getMethods())
                    .filter(candidate -> candidate.getDeclaringClass() != Object.class)
                    .filter(candidate -> Modifier.isPublic(candidate.getModifiers()))
                    .forEach(candidate -> there.add(type.getSimpleName() + "." + candidate.getName()));
        }
        assertEquals(there, named);
    }

    private static List<String> lines() {
        try {
            return Files.readAllLines(MAP);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
