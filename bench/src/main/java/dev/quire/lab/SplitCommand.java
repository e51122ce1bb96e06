/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitStages;
import dev.quire.engine.memory.Geometry;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quire split}. */
@Command(
        name = "split",
        description = "Splits one fresh folio of a page cache and prints its pieces and what the split took.",
        footer = {
            "",
            "Example: one 4 KiB page out of 1 GiB",
            "  quire split --order 18 --at 175053 --policy NON_UNIFORM",
            "Example: the same where only 64 KiB and 2 MiB are allowed beside it",
            "  quire split --order 18 --at 175053 --orders 0,4,9"
        })
final class SplitCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--order",
            paramLabel = "N",
            description = "Order of the folio in log2 pages, 1 to 18 (default: ${DEFAULT-VALUE}).")
    private int order = Geometry.PMD_ORDER;

    @Option(
            names = "--new-order",
            paramLabel = "N",
            description = "Order of the smallest piece (default: ${DEFAULT-VALUE}).")
    private int newOrder = 0;

    @Option(
            names = {"--at", "--range"},
            paramLabel = "PAGE[:END]",
            description = "The page wanted apart, or pages from PAGE up to but not including END; relative to the folio"
                    + " (default: ${DEFAULT-VALUE}).")
    private String range = "0";

    @Option(
            names = "--policy",
            paramLabel = "P",
            description = "How to split: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private SplitPolicies policy = SplitPolicies.RANGE;

    @Option(
            names = "--orders",
            paramLabel = "N",
            split = ",",
            description = "Orders that pieces may have beside that of the smallest, as all but UNIFORM heed them"
                    + " (default: all).")
    private Set<Integer> orders = Set.of();

    @Option(
            names = "--head-map",
            paramLabel = "MAP",
            description = "How pages find their head: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private HeadMapKind headMap = HeadMapKind.HEAD_BITS;

    @Override
    public Integer call() {
        requireIn("--order", order, 1, Geometry.MAX_ORDER);
        requireIn("--new-order", newOrder, 0, order - 1L);
        String[] ends = range.split(":", -1);
        if (ends.length > 2) {
            throw noRange();
        }
        long start = number(ends[0]);
        requireIn("PAGE", start, 0, Geometry.pagesIn(order) - 1);
        long end = ends.length == 2 ? number(ends[1]) : start + 1;
        requireIn("END", end, start + 1, Geometry.pagesIn(order));
        PrintWriter out = spec.commandLine().getOut();
        out.println("planned, as page: order -> pieces");
        out.println(SplitStages.of(policy, order, start, end, newOrder, allowedOrders()));
        MeasuredSplit split = MeasuredSplit.run(headMap, policy, order, start, end, newOrder, allowedOrders());
        out.printf(Locale.ROOT, "%s folio, %s, %s:%n", PlanDrawing.size(order), policy, headMap);
        PlanDrawing.print(split.plan(), start, end, out);
        out.printf(
                Locale.ROOT,
                "%d folios, %d index nodes added, %,d bytes of metadata written, %.1f us, frozen for at most %.1f us"
                        + " (best of %,d)%n",
                split.plan().nrPieces(),
                split.nrNodes(),
                split.metadataBytes(),
                split.nanos() / 1000.0,
                split.frozenNanos() / 1000.0,
                split.nrRepeats());
        return ExitCode.OK;
    }

    private long allowedOrders() {
        if (orders.isEmpty()) {
            return SplitPolicies.ALL_ORDERS;
        }
        long allowed = 0;
        for (int each : orders) {
            requireIn("--orders", each, 0, Geometry.MAX_ORDER);
            allowed |= 1L << each;
        }
        return allowed;
    }

    private long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            throw noRange();
        }
    }

    private ParameterException noRange() {
        return new ParameterException(spec.commandLine(), "not PAGE or PAGE:END: " + range);
    }

    private void requireIn(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new ParameterException(
                    spec.commandLine(), "out of range: " + name + "=" + value + ", min=" + min + ", max=" + max);
        }
    }
}
