/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.pagetable.PageTables;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Calls every public method that takes numbers only, of everything that an engine's getters lead to, and of page
 * tables, a file and its mapping, with numbers that are no handles; on the open engine, and once it is closed. Ends
 * with 0 if the JVM survives.
 */
final class EveryCall {
    private static final long[] NUMBERS = {0, 8, -1};

    /** End what the other calls are made on, wait for what another thread does, or leave what closing waits for. */
    private static final Set<String> SKIPPED =
            Set.of("close", "handOver", "wait", "notify", "notifyAll", "lock", "view");

    private EveryCall() {}

    /**
     * Makes the calls; what is being called is told on the way, so that the last line names what ended the JVM.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) throws IllegalAccessException, IOException {
        Quire engine = Quire.builder().capacityBytes(1 << 24).open();
        IdentityHashMap<Object, Boolean> reached = new IdentityHashMap<>();
        List<Object> objects = new ArrayList<>();
        reach(engine, reached, objects);
        // What needs more than numbers to be made.
        PageTables tables = engine.newPageTables();
        OpenFile file = engine.pageCache().create(Path.of("mapped"), engine.newReader());
        file.truncate(1 << 16);
        for (Object made : List.of(tables, file, file.map(tables, 0, 16, 0))) {
            reach(made, reached, objects);
        }
        int nrCalls = callAll(objects);
        engine.close();
        nrCalls += callAll(objects);
        System.out.println(objects.size() + " objects, " + nrCalls + " calls");
    }

    private static void reach(Object from, IdentityHashMap<Object, Boolean> reached, List<Object> objects)
            throws IllegalAccessException {
        if (reached.put(from, true) != null) {
            return;
        }
        objects.add(from);
        for (Method method : methodsOf(from)) {
            if (method.getParameterCount() == 0
                    && method.getReturnType().getName().startsWith("dev.quire.")
                    && !method.getReturnType().isEnum()) {
                Object next = call(method, from);
                if (next != null) {
                    reach(next, reached, objects);
                }
            }
        }
    }

    private static List<Method> methodsOf(Object object) {
        return Stream.concat(
                        Stream.of(object.getClass()),
                        Arrays.stream(object.getClass().getInterfaces()))
                .flatMap(type -> Arrays.stream(type.getMethods()))
                .filter(method -> !Modifier.isStatic(method.getModifiers())
                        && Modifier.isPublic(method.getDeclaringClass().getModifiers())
                        && !SKIPPED.contains(method.getName()))
                .sorted(Comparator.comparing(Method::toString))
                .toList();
    }

    /** Calls it all; returns the number of calls. */
    private static int callAll(List<Object> objects) throws IllegalAccessException {
        int nrCalls = 0;
        for (Object object : objects) {
            for (Method method : methodsOf(object)) {
                if (Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive)) {
                    nrCalls += callWithAll(object, method, new Object[method.getParameterCount()], 0);
                }
            }
        }
        return nrCalls;
    }

    private static int callWithAll(Object object, Method method, Object[] arguments, int position)
            throws IllegalAccessException {
        if (position == arguments.length) {
            System.out.println(method + " " + Arrays.toString(arguments));
            call(method, object, arguments);
            return 1;
        }
        int nrCalls = 0;
        Class<?> type = method.getParameterTypes()[position];
        for (long number : NUMBERS) {
            if (type == long.class) {
                arguments[position] = number;
            } else if (type == int.class) {
                arguments[position] = (int) number;
            } else {
                arguments[position] = number != 0;
            }
            nrCalls += callWithAll(object, method, arguments, position + 1);
        }
        return nrCalls;
    }

    private static @Nullable Object call(Method method, Object object, Object... arguments)
            throws IllegalAccessException {
        try {
            return method.invoke(object, arguments);
        } catch (InvocationTargetException refused) {
            if (refused.getCause() instanceof RuntimeException || refused.getCause() instanceof IOException) {
                return null;
            }
            throw new IllegalStateException("not refused as such: " + method, refused.getCause());
        }
    }
}
