/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * Reads guest scenarios. One statement a line; {@code #} begins a comment, and the first comment is the title.
 *
 * <pre>
 *  memory SIZE huge SIZE      first: size of the memory, and of its huge pages (2MiB or 1GiB)
 *  allocate OFFSET LENGTH     populate
 *  shared OFFSET LENGTH       convert to shared
 *  private OFFSET LENGTH      convert to private
 *  hole OFFSET LENGTH         punch a hole
 *  repeat COUNT [step BYTES]  up to the end that belongs to it, offsets growing by the step each time
 *  end
 * </pre>
 *
 * Numbers are bytes, or have a unit: {@code KiB}, {@code MiB}, {@code GiB}. Offsets and lengths are multiples of 4096.
 */
final class GuestScenarioReader {
    private static final List<String> BUNDLED =
            List.of("confidential-boot", "ballooning", "convert-and-back", "one-page", "one-huge-page");
    private static final String EXTENSION = ".guest";
    private static final int MAX_OPERATIONS = 1_000_000;

    private record Repetition(int lineNumber, int count, long stepBytes, int firstOperation) {}

    private final String name;
    private final List<GuestOperation> operations = new ArrayList<>();
    private final Deque<Repetition> open = new ArrayDeque<>();
    private String title = "";
    private long memoryBytes;
    private int hugeOrder;
    private int lineNumber;

    private GuestScenarioReader(String name) {
        this.name = name;
    }

    /** Names of the scenarios that ship with the lab. */
    static List<String> bundledNames() {
        return BUNDLED;
    }

    /**
     * Opens a scenario: one that ships with the lab, or else a file.
     *
     * @throws LabException if there is neither, or if it is no scenario
     */
    static GuestScenario open(String nameOrPath) {
        try {
            return read(
                    nameOrPath,
                    BUNDLED.contains(nameOrPath) ? bundled(nameOrPath) : Files.readString(Path.of(nameOrPath)));
        } catch (NoSuchFileException e) {
            throw new LabException(nameOrPath + ": no such scenario or file: quire guest --list names scenarios", e);
        } catch (IOException e) {
            throw LabException.unreadable(nameOrPath, e);
        }
    }

    private static String bundled(String name) throws IOException {
        try (InputStream found = GuestScenarioReader.class.getResourceAsStream(name + EXTENSION)) {
            if (found == null) {
                throw new FileNotFoundException("no bundled scenario of this name: " + name);
            }
            return new String(found.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /**
     * Reads a scenario.
     *
     * @throws LabException if it is none; the message says where and why
     */
    static GuestScenario read(String name, String text) {
        GuestScenarioReader reader = new GuestScenarioReader(name);
        text.lines().forEach(reader::line);
        return reader.finish();
    }

    private GuestScenario finish() {
        if (!open.isEmpty()) {
            lineNumber = open.peek().lineNumber();
            throw malformed("repeat without end");
        }
        if (memoryBytes == 0) {
            throw malformed("no memory statement");
        }
        return new GuestScenario(name, title, memoryBytes, hugeOrder, operations);
    }

    private void line(String line) {
        lineNumber++;
        int comment = line.indexOf('#');
        if (comment >= 0 && title.isEmpty() && memoryBytes == 0) {
            title = line.substring(comment + 1).trim();
        }
        String statement = (comment < 0 ? line : line.substring(0, comment)).trim();
        if (!statement.isEmpty()) {
            statement(statement.split("\\s+"));
        }
    }

    private void statement(String[] words) {
        if (memoryBytes == 0 && !words[0].equals("memory")) {
            throw malformed("the first statement must be memory: " + words[0]);
        }
        switch (words[0]) {
            case "memory" -> memory(words);
            case "repeat" -> repeat(words);
            case "end" -> end(words);
            case "allocate", "shared", "private", "hole" -> operation(words);
            default -> throw malformed("no such statement: " + words[0]);
        }
    }

    private void memory(String[] words) {
        if (memoryBytes != 0 || words.length != 4 || !words[2].equals("huge")) {
            throw malformed("not memory SIZE huge SIZE, once");
        }
        long hugeBytes = number(words[3]);
        hugeOrder = Long.numberOfTrailingZeros(hugeBytes) - Geometry.PAGE_SHIFT;
        if (hugeBytes != Geometry.bytesIn(Geometry.PMD_ORDER) && hugeBytes != Geometry.bytesIn(Geometry.PUD_ORDER)) {
            throw malformed("huge pages of neither 2MiB nor 1GiB: " + words[3]);
        }
        memoryBytes = number(words[1]);
        if (memoryBytes == 0 || memoryBytes % hugeBytes != 0) {
            throw malformed("size is no multiple of the huge page: " + words[1]);
        }
        if (memoryBytes > GuestScenario.MAX_MEMORY_BYTES) {
            throw malformed("memory larger than " + (GuestScenario.MAX_MEMORY_BYTES >> 30) + "GiB: " + words[1]);
        }
    }

    private void repeat(String[] words) {
        boolean hasStep = words.length == 4 && words[2].equals("step");
        if (words.length != 2 && !hasStep) {
            throw malformed("not repeat COUNT [step BYTES]");
        }
        long count = number(words[1]);
        if (count < 1 || count > MAX_OPERATIONS) {
            throw malformed("count out of range: " + words[1]);
        }
        open.push(new Repetition(lineNumber, (int) count, hasStep ? number(words[3]) : 0, operations.size()));
    }

    private void end(String[] words) {
        if (words.length != 1 || open.isEmpty()) {
            throw malformed("end without repeat");
        }
        Repetition repetition = open.pop();
        List<GuestOperation> body = List.copyOf(operations.subList(repetition.firstOperation(), operations.size()));
        for (int round = 1; round < repetition.count(); round++) {
            for (GuestOperation operation : body) {
                add(
                        operation.kind(),
                        operation.offsetBytes() + round * repetition.stepBytes(),
                        operation.lengthBytes());
            }
        }
    }

    private void operation(String[] words) {
        if (words.length != 3) {
            throw malformed("not " + words[0] + " OFFSET LENGTH");
        }
        add(GuestOperation.Kind.valueOf(words[0].toUpperCase(Locale.ROOT)), number(words[1]), number(words[2]));
    }

    private void add(GuestOperation.Kind kind, long offsetBytes, long lengthBytes) {
        boolean isAligned = (offsetBytes | lengthBytes) % Geometry.PAGE_BYTES == 0;
        if (!isAligned || lengthBytes == 0 || lengthBytes > memoryBytes || offsetBytes > memoryBytes - lengthBytes) {
            throw malformed(
                    "range out of bounds or not aligned to pages: offset=" + offsetBytes + ", length=" + lengthBytes);
        }
        if (operations.size() == MAX_OPERATIONS) {
            throw malformed("too many operations: max=" + MAX_OPERATIONS);
        }
        operations.add(new GuestOperation(kind, offsetBytes, lengthBytes));
    }

    /** A number of bytes; at most 2^50, so that no sum overflows. */
    private long number(String word) {
        int shift = word.endsWith("KiB") ? 10 : word.endsWith("MiB") ? 20 : word.endsWith("GiB") ? 30 : 0;
        String digits = shift == 0 ? word : word.substring(0, word.length() - 3);
        if (!digits.matches("[0-9]{1,16}") || Long.parseLong(digits) > 1L << (50 - shift)) {
            throw malformed("no number, or too large: " + word);
        }
        return Long.parseLong(digits) << shift;
    }

    private LabException malformed(String reason) {
        return new LabException(name + ":" + lineNumber + ": " + reason);
    }
}
