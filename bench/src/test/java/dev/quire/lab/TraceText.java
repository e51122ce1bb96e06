/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A small literal trace and what the reader made of it. */
final class TraceText {
    private final List<TraceOperation> operations = new ArrayList<>();
    private final List<Long> lineNumbers = new ArrayList<>();
    private final TraceSummary summary;

    private TraceText(String text) {
        try {
            summary = TraceReader.read(
                    "test.strace",
                    new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                    (lineNumber, operation) -> {
                        lineNumbers.add(lineNumber);
                        operations.add(operation);
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static TraceText of(String... lines) {
        return new TraceText(String.join("\n", lines) + "\n");
    }

    static TraceText ofRawText(String text) {
        return new TraceText(text);
    }

    /** Each operation as text, such as {@code Read[file=a#0, offsetBytes=0, lengthBytes=10]}. */
    List<String> operations() {
        return operations.stream().map(TraceOperation::toString).toList();
    }

    /** The same without opens and closes. */
    List<String> transfers() {
        return operations.stream()
                .filter(operation ->
                        !(operation instanceof TraceOperation.Open) && !(operation instanceof TraceOperation.Close))
                .map(TraceOperation::toString)
                .toList();
    }

    List<Long> lineNumbers() {
        return lineNumbers;
    }

    TraceSummary summary() {
        return summary;
    }

    List<String> malformedLines() {
        return summary.malformedLines().stream().map(MalformedLine::toString).toList();
    }

    TraceFile file(int id) {
        return operations.stream()
                .filter(TraceOperation.FileOperation.class::isInstance)
                .map(operation -> ((TraceOperation.FileOperation) operation).file())
                .filter(file -> file.id() == id)
                .findFirst()
                .orElseThrow();
    }

    static String execute(int pid) {
        return "Execute[pid=" + pid + "]";
    }

    static String read(String file, long offsetBytes, long lengthBytes) {
        return "Read[file=" + file + ", offsetBytes=" + offsetBytes + ", lengthBytes=" + lengthBytes + "]";
    }

    static String write(String file, long offsetBytes, long lengthBytes) {
        return "Write[file=" + file + ", offsetBytes=" + offsetBytes + ", lengthBytes=" + lengthBytes + "]";
    }

    static String truncate(String file, long sizeBytes) {
        return "Truncate[file=" + file + ", sizeBytes=" + sizeBytes + "]";
    }

    static String open(String file) {
        return "Open[file=" + file + "]";
    }

    static String close(String file) {
        return "Close[file=" + file + "]";
    }

    static String remove(String file) {
        return "Remove[file=" + file + "]";
    }
}
