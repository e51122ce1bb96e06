/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Does what the C implementation was seen to do, and must get its results: every result, and after every change the
 * same tree, node by node.
 *
 * <p>Two differences are wanted, and listed with both results. The original refuses with ENOMEM to split over more than
 * two levels at once; such a split is checked, and taken back before the replay goes on. And after an index inside an
 * entry it finds by its mark the same entry again; the engine must then find what a search from the next entry on
 * finds.
 */
class XArrayGoldenTest {
    private static final String ARROW = " => ";
    private static final String BAR = " | ";
    private static final int NR_BUNDLED = 60;

    @TestFactory
    Stream<DynamicTest> replay() {
        List<GoldenTrace> traces = GoldenTrace.all();
        if (System.getProperty("quire.golden.xarray") == null) {
            assertEquals(NR_BUNDLED, traces.size());
        } else {
            assertTrue(!traces.isEmpty(), "no traces found");
        }
        return traces.stream().map(trace -> DynamicTest.dynamicTest(trace.name(), () -> new Replay(trace).run()));
    }

    /** The replay of one trace. */
    private static final class Replay {
        private final GoldenTrace trace;
        private final List<String> lines;
        private int next;

        Replay(GoldenTrace trace) {
            this.trace = trace;
            lines = trace.lines();
        }

        void run() {
            while (lines.get(next).startsWith("#")) {
                next++;
            }
            String[] start = lines.get(next++).split(" ", -1);
            assertEquals("init", start[0]);
            try (EngineFixture engine = new EngineFixture()) {
                int nrOperations = replay(new TraceReplayer(engine, start[1]));
                assertEquals("end " + nrOperations, lines.get(next), trace.name());
            }
        }

        private int replay(TraceReplayer replayer) {
            int nrOperations = 0;
            while (!lines.get(next).startsWith("end ")) {
                String line = lines.get(next++);
                switch (line) {
                    case "iter" -> compare(replayer.entries());
                    case "tree" -> compare(replayer.tree());
                    default -> compare(line, replayer);
                }
                nrOperations++;
            }
            return nrOperations;
        }

        private void compare(List<String> actual) {
            for (String line : actual) {
                assertEquals(lines.get(next++), line, this::position);
            }
        }

        private void compare(String line, TraceReplayer replayer) {
            int arrow = line.indexOf(ARROW);
            int bar = line.indexOf(BAR);
            String operation = line.substring(0, arrow);
            String expected = line.substring(arrow + ARROW.length(), bar < 0 ? line.length() : bar);
            String actual = replayer.run(operation.split(" ", -1));
            if (isRefusedThere(operation.split(" ", -1))) {
                assertEquals("!ENOMEM ok", expected + " " + actual, () -> position() + ": " + operation);
                list(operation, expected, actual);
                replayer.takeSplitBack(operation.split(" ", -1));
            } else if (goesBackThere(operation.split(" ", -1), expected)) {
                assertEquals(
                        replayer.findBehindEntry(operation.split(" ", -1)),
                        actual,
                        () -> position() + ": " + operation);
                list(operation, expected, actual);
            } else if (!replayer.isResultOpen()) {
                assertEquals(expected, actual, () -> position() + ": " + operation);
            }
            if (bar >= 0) {
                assertEquals(line.substring(bar + BAR.length()), replayer.state(), () -> position() + ": " + operation);
            }
        }

        private void list(String operation, String expected, String actual) {
            System.out.println(position() + ": " + operation + ": reference " + expected + ", engine " + actual);
        }

        /**
         * Whether the original finds by its mark an entry that begins at the index after which it searches, or before
         * it.
         */
        private static boolean goesBackThere(String[] operation, String expected) {
            return operation[0].equals("find_after")
                    && !operation[3].equals("P")
                    && !expected.equals("-")
                    && Long.compareUnsigned(index(expected.split(" ", -1)[0]), index(operation[1])) <= 0;
        }

        private static long index(String word) {
            return Long.parseUnsignedLong(word.substring("0x".length()), 16);
        }

        /**
         * Whether the original refuses an operation although it would be possible: a split over more than two levels.
         */
        private static boolean isRefusedThere(String[] operation) {
            if (!operation[0].equals("split")) {
                return false;
            }
            int order = Integer.parseInt(operation[2]);
            int newOrder = Integer.parseInt(operation[3]);
            return order / 6 - newOrder / 6 >= 2;
        }

        private String position() {
            return trace.name() + ":" + next;
        }
    }
}
