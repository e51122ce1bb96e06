/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One operation on one folio, as a running Linux kernel did it; the header of the bundled file explains the fields.
 *
 * @param line line in the file
 * @param kind anon, shmem, file, or file-min and the minimum order
 * @param order order of the folio before
 * @param operation what was done
 * @param newOrder order asked for
 * @param offsets pages that the operation is about
 * @param orders orders of the folios afterwards, "-" for a run of pages that are gone
 * @param status ok, failed, or an errno
 */
public record KernelSplitRow(
        int line,
        String kind,
        int order,
        String operation,
        int newOrder,
        String offsets,
        String orders,
        String status) {
    private static final String BUNDLED = "kernel-split.tsv.gz";
    private static final int NR_FIELDS = 8;

    /** A number of the offsets, which are separated by ':' or '@'. */
    public long offset(int field) {
        return Long.parseLong(offsets.split("[:@]", -1)[field]);
    }

    /** Minimum order of the mapping that the row was recorded on. */
    public int minimumOrder() {
        return kind.startsWith("file-min") ? Integer.parseInt(kind.substring("file-min".length())) : newOrder;
    }

    /** Whether the rows are those that come with the tests, not others that were asked for. */
    public static boolean isBundled() {
        return file() == null;
    }

    /** The rows that a test wants, in order. */
    public static List<KernelSplitRow> read(Predicate<KernelSplitRow> wanted) throws IOException {
        List<KernelSplitRow> rows = new ArrayList<>();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(source(), StandardCharsets.UTF_8))) {
            int line = 0;
            for (String text : reader.readAllLines()) {
                line++;
                if (!text.startsWith("#")) {
                    KernelSplitRow row = parse(line, text);
                    if (wanted.test(row)) {
                        rows.add(row);
                    }
                }
            }
        }
        return rows;
    }

    private static @Nullable String file() {
        return System.getProperty("quire.golden.kernelSplit");
    }

    private static InputStream source() throws IOException {
        String file = file();
        return file == null
                ? new GZIPInputStream(Objects.requireNonNull(KernelSplitRow.class.getResourceAsStream(BUNDLED)))
                : Files.newInputStream(Path.of(file));
    }

    private static KernelSplitRow parse(int line, String text) {
        String[] fields = text.split("\t", -1);
        assertEquals(NR_FIELDS, fields.length, "fields in line " + line);
        return new KernelSplitRow(
                line,
                fields[1],
                Integer.parseInt(fields[2]),
                fields[3],
                Integer.parseInt(fields[4]),
                fields[5],
                fields[6],
                fields[7]);
    }
}
