/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The results of one trace under several policies, as a table with one column per policy. All rows but the latencies
 * are the same in each run.
 */
public final class ReplayTable {
    private static final int ORDER_OF_64_KIB = 4;
    private static final int MIN_COLUMN_WIDTH = 14;

    /** One line: a name, a unit (or nothing), and a number per policy. */
    private record Row(String name, String unit, List<Number> values) {
        String header() {
            return unit.isEmpty() ? name : name + " [" + unit + "]";
        }
    }

    /** A block of lines under a title. */
    private record Section(String title, List<Row> rows) {}

    private final String traceName;
    private final TraceSummary summary;
    private final List<ReplayResult> results;

    /**
     * Makes a table.
     *
     * @param traceName name of the trace
     * @param summary what of it was skipped
     * @param results one per policy, in the order of the columns; at least one
     */
    public ReplayTable(String traceName, TraceSummary summary, List<ReplayResult> results) {
        this.traceName = traceName;
        this.summary = summary;
        this.results = List.copyOf(results);
    }

    /**
     * Prints aligned text.
     *
     * @param out where to
     */
    public void printText(PrintWriter out) {
        List<Section> sections = measuredSections();
        int nameWidth = sections.stream()
                .flatMap(section -> section.rows().stream())
                .mapToInt(row -> row.header().length())
                .max()
                .orElse(0);
        out.println(traceName);
        for (Section section : sections) {
            out.println();
            out.println(heading(section.title(), nameWidth));
            section.rows().forEach(row -> out.println(line(row, nameWidth)));
        }
        out.println();
        out.println("skipped: " + inOneLine(skipped()));
        out.println("unknown calls: " + (summary.unknownCalls().isEmpty() ? "none" : inOneLine(unknownCalls())));
        out.flush();
    }

    /** Files, unless there is nothing but memory; then memory, if there is any. */
    private List<Section> measuredSections() {
        List<Section> sections = new ArrayList<>();
        boolean hasMemory = results.getFirst().memory().isPresent();
        if (!hasMemory || results.getFirst().nrOperations() > 0) {
            sections.addAll(List.of(
                    totals(),
                    foliosByOrder("folios by order", ReplayResult::measurements),
                    latencies("split latency", result -> result.measurements().splitLatencies())));
        }
        if (hasMemory) {
            sections.addAll(List.of(
                    memoryTotals(),
                    foliosByOrder("anonymous folios by order", ReplayTable::anonymous),
                    latencies("fault latency", result -> memory(result).faultLatencies()),
                    latencies(
                            "anonymous split latency",
                            result -> anonymous(result).splitLatencies())));
        }
        return sections;
    }

    private static MemoryMeasurements memory(ReplayResult result) {
        return result.memory().orElseThrow();
    }

    private static Measurements anonymous(ReplayResult result) {
        return memory(result).folios();
    }

    private Section memoryTotals() {
        return new Section(
                "anonymous memory",
                List.of(
                        row("faults", "", result -> memory(result).nrFaults()),
                        row("faults of 2 MiB", "", result -> memory(result).nrHugeFaults()),
                        row("calls refused", "", result -> memory(result).nrCallsRefused()),
                        row(
                                "folios queued for splitting",
                                "",
                                result -> memory(result).nrDeferredSplits()),
                        row("still queued", "", result -> memory(result).nrStillQueued()),
                        row(
                                "splits over the budget",
                                "",
                                result -> anonymous(result).nrSplits()),
                        row("pages freed by them", "", result -> memory(result).nrPagesFreed()),
                        row("anonymous folios", "", result -> anonymous(result).nrFolios()),
                        row("mapped", "bytes", result -> memory(result).mappedBytes()),
                        row(
                                "mapped in folios of 2 MiB",
                                "%",
                                result -> 100 * memory(result).hugeShare()),
                        row(
                                "resident folios",
                                "bytes",
                                result -> anonymous(result).residentBytes()),
                        row("most resident", "bytes", result -> memory(result).peakResidentBytes()),
                        row("page tables", "bytes", result -> anonymous(result).indexBytes()),
                        row(
                                "metadata written by splits",
                                "bytes",
                                result -> anonymous(result).metadataBytesWritten()),
                        row("pages verified", "", result -> memory(result).nrPagesVerified()),
                        row(
                                "file mappings not replayed",
                                "",
                                result -> memory(result).nrFileMappings())));
    }

    private String heading(String title, int nameWidth) {
        StringBuilder line = new StringBuilder(pad(title, nameWidth));
        results.forEach(result -> line.append(padLeft(result.policy().name(), MIN_COLUMN_WIDTH)));
        return line.toString();
    }

    private static String line(Row row, int nameWidth) {
        StringBuilder line = new StringBuilder(pad(row.header(), nameWidth));
        row.values().forEach(value -> line.append(padLeft(grouped(value), MIN_COLUMN_WIDTH)));
        return line.toString();
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /** A number that is too wide moves the rest of its line, but never touches its neighbour. */
    private static String padLeft(String text, int width) {
        return " ".repeat(Math.max(2, width - text.length())) + text;
    }

    private static String grouped(Number value) {
        return value instanceof Double share
                ? String.format(Locale.ROOT, "%,.2f", share)
                : String.format(Locale.ROOT, "%,d", value.longValue());
    }

    /**
     * Prints the names of the columns of {@link #printCsv}, which are the same for every trace under these policies.
     *
     * @param out where to
     */
    public void printCsvHeader(PrintWriter out) {
        String policies = results.stream().map(result -> result.policy().name()).collect(Collectors.joining(","));
        out.println("trace,section,name,unit," + policies);
    }

    /**
     * Prints the same as comma-separated values, numbers without grouping, and no header.
     *
     * @param out where to
     */
    public void printCsv(PrintWriter out) {
        List<Section> all = new ArrayList<>(measuredSections());
        all.add(skipped());
        all.add(unknownCalls());
        for (Section section : all) {
            section.rows().forEach(row -> out.println(csvLine(section, row)));
        }
        out.flush();
    }

    private String csvLine(Section section, Row row) {
        String values = row.values().stream().map(ReplayTable::plain).collect(Collectors.joining(","));
        return String.join(",", quote(traceName), section.title(), quote(row.name()), row.unit(), values);
    }

    private static String plain(Number value) {
        return value instanceof Double share ? String.format(Locale.ROOT, "%.4f", share) : value.toString();
    }

    private static String quote(String field) {
        boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
    }

    private Section totals() {
        return new Section(
                "total",
                List.of(
                        row("operations", "", ReplayResult::nrOperations),
                        measured("splits", "", Measurements::nrSplits),
                        measured("folios", "", Measurements::nrFolios),
                        measured("resident", "bytes", Measurements::residentBytes),
                        measured("resident in folios >= 64 KiB", "%", all -> percent(all, ORDER_OF_64_KIB)),
                        measured("resident in folios >= 2 MiB", "%", all -> percent(all, Geometry.PMD_ORDER)),
                        measured("index nodes", "", Measurements::nrIndexNodes),
                        measured("index", "bytes", Measurements::indexBytes),
                        measured("metadata written by splits", "bytes", Measurements::metadataBytesWritten)));
    }

    private static double percent(Measurements measurements, int firstOrder) {
        return 100 * measurements.shareFromOrder(firstOrder);
    }

    private Section foliosByOrder(String title, Function<ReplayResult, Measurements> of) {
        List<Row> rows = new ArrayList<>();
        for (int order = 0; order <= highestOrder(of); order++) {
            int rowOrder = order;
            rows.add(row(
                    String.format(Locale.ROOT, "order %2d, %s", order, PlanDrawing.size(order)),
                    "",
                    result -> of.apply(result).nrFolios(rowOrder)));
        }
        return new Section(title, rows);
    }

    private int highestOrder(Function<ReplayResult, Measurements> of) {
        int highest = 0;
        for (ReplayResult result : results) {
            for (int order = 0; order <= Geometry.MAX_ORDER; order++) {
                if (of.apply(result).nrFolios(order) > 0) {
                    highest = Math.max(highest, order);
                }
            }
        }
        return highest;
    }

    private Section latencies(String title, Function<ReplayResult, Latencies> of) {
        return new Section(
                title,
                List.of(
                        row("p50", "ns", result -> of.apply(result).nanosAt(50)),
                        row("p99", "ns", result -> of.apply(result).nanosAt(99)),
                        row("max", "ns", result -> of.apply(result).nanosAt(100))));
    }

    private Section skipped() {
        List<Row> rows = new ArrayList<>();
        rows.add(row("failed calls", "", result -> summary.nrFailedCalls()));
        rows.add(row("calls that never returned", "", result -> summary.nrUnreturnedCalls()));
        rows.add(row("calls on other than files", "", result -> summary.nrNonFileCalls()));
        rows.add(row("malformed lines", "", result -> summary.nrMalformedLines()));
        return new Section("skipped", rows);
    }

    private Section unknownCalls() {
        List<Row> rows = new ArrayList<>();
        summary.unknownCalls().forEach((name, count) -> rows.add(row(name, "", result -> count)));
        return new Section("unknown calls", rows);
    }

    private static String inOneLine(Section section) {
        return section.rows().stream()
                .map(row -> row.name() + " " + grouped(row.values().getFirst()))
                .collect(Collectors.joining(", "));
    }

    private Row measured(String name, String unit, Function<Measurements, Number> value) {
        return row(name, unit, result -> value.apply(result.measurements()));
    }

    private Row row(String name, String unit, Function<ReplayResult, Number> value) {
        return new Row(name, unit, results.stream().map(value).toList());
    }
}
