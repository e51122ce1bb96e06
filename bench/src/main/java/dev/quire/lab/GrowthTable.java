/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.bench.PieceOrders;
import dev.quire.bench.SplitMethod;
import dev.quire.engine.folio.HeadMapKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a split costs by the order of the folio, from JMH's results: a row for each order, a column for each kind of
 * split.
 */
final class GrowthTable {
    private static final String BENCHMARK = "dev.quire.bench.FolioSplitGrowthBenchmark.split";

    private final Map<Integer, Map<Kind, Map<HeadMapKind, Double>>> nanosByOrder = new TreeMap<>();

    /** What there are results of: the columns. */
    private final Set<Kind> measured = new TreeSet<>();

    private GrowthTable() {}

    /**
     * Reads results.
     *
     * @param file what JMH wrote with {@code -rf csv}
     * @return the table
     * @throws LabException if the file cannot be read, is no such file, or has no result of the benchmark
     */
    static GrowthTable read(Path file) {
        GrowthTable table = new GrowthTable();
        List<String> lines = lines(file);
        List<String> names = lines.isEmpty() ? List.of() : fields(lines.getFirst());
        for (int line = 1; line < lines.size(); line++) {
            List<String> values = fields(lines.get(line));
            if (values.getFirst().equals(BENCHMARK)) {
                table.add(file + ":" + (line + 1), names, values);
            }
        }
        if (table.nanosByOrder.isEmpty()) {
            throw new LabException("no results of " + BENCHMARK + ": " + file);
        }
        return table;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw LabException.unreadable(file.toString(), e);
        }
    }

    /** The values of a line. JMH puts text in quotes, and none of its text here has a comma or a quote. */
    private static List<String> fields(String line) {
        return List.of(line.replace("\"", "").split(",", -1));
    }

    private void add(String where, List<String> names, List<String> values) {
        try {
            int order = Integer.parseInt(value("Param: order", names, values));
            SplitMethod method = SplitMethod.valueOf(value("Param: policy", names, values));
            PieceOrders pieceOrders = PieceOrders.valueOf(value("Param: pieceOrders", names, values));
            HeadMapKind headMap = HeadMapKind.valueOf(value("Param: headMap", names, values));
            if (!value("Unit", names, values).equals("ns/op")) {
                throw new IllegalArgumentException("unit other than ns/op");
            }
            double nanos = Double.parseDouble(value("Score", names, values));
            Kind kind = new Kind(method, pieceOrders);
            measured.add(kind);
            nanosByOrder
                    .computeIfAbsent(order, key -> new TreeMap<>())
                    .computeIfAbsent(kind, key -> new EnumMap<>(HeadMapKind.class))
                    .put(headMap, nanos);
        } catch (IllegalArgumentException malformed) {
            throw new LabException(where + ": no result of JMH: " + malformed.getMessage());
        }
    }

    private static String value(String name, List<String> names, List<String> values) {
        int column = names.indexOf(name);
        if (column < 0 || column >= values.size()) {
            throw new IllegalArgumentException("no column " + name);
        }
        return values.get(column);
    }

    /** {@return the table in Markdown; an empty cell where there is no result} */
    String markdown() {
        StringBuilder text = new StringBuilder("| order | folio |");
        StringBuilder rule = new StringBuilder("|---|---|");
        for (Kind kind : measured) {
            for (HeadMapKind headMap : HeadMapKind.values()) {
                text.append(' ').append(kind).append(", ").append(headMap).append(" |");
                rule.append("---|");
            }
        }
        text.append('\n').append(rule).append('\n');
        nanosByOrder.forEach((order, byKind) -> appendRow(text, order, byKind));
        return text.toString();
    }

    private void appendRow(StringBuilder text, int order, Map<Kind, Map<HeadMapKind, Double>> byKind) {
        text.append("| ")
                .append(order)
                .append(" | ")
                .append(PlanDrawing.size(order))
                .append(" |");
        for (Kind kind : measured) {
            for (HeadMapKind headMap : HeadMapKind.values()) {
                Double nanos = byKind.getOrDefault(kind, Map.of()).get(headMap);
                text.append(nanos == null ? " |" : " " + time(nanos) + " |");
            }
        }
        text.append('\n');
    }

    /** A method, and what limits its pieces. */
    private record Kind(SplitMethod method, PieceOrders pieceOrders) implements Comparable<Kind> {
        @Override
        public int compareTo(Kind other) {
            int byMethod = method.compareTo(other.method);
            return byMethod != 0 ? byMethod : pieceOrders.compareTo(other.pieceOrders);
        }

        /** As the head of a column. */
        @Override
        public String toString() {
            return pieceOrders == PieceOrders.ALL ? method.toString() : method + " (" + pieceOrders + ")";
        }
    }

    /** A time with three digits, in the unit in which it has at most three before the point. */
    private static String time(double nanos) {
        if (nanos < 999.5) {
            return threeDigits(nanos) + " ns";
        }
        return nanos < 999_500 ? threeDigits(nanos / 1e3) + " us" : threeDigits(nanos / 1e6) + " ms";
    }

    private static String threeDigits(double value) {
        String format = value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, format, value);
    }
}
