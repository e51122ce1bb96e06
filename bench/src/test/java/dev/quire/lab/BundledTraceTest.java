/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The trace that ships with the lab: a program digs holes into the zero-filled parts of a disk image. */
class BundledTraceTest {
    @Test
    void exactCounts() throws IOException {
        List<TraceOperation> onImage = new ArrayList<>();
        TraceSource source = TraceSource.bundled("dig-holes.strace.gz");
        TraceSummary summary;
        try (InputStream text = source.open(bytes -> {})) {
            summary = TraceReader.read(source.name(), text, (line, operation) -> {
                if (operation instanceof TraceOperation.FileOperation onFile
                        && onFile.file().name().equals("img")) {
                    onImage.add(operation);
                }
            });
        }
        assertEquals(184_951, source.sizeBytes());
        assertEquals(23_653, summary.nrLines());
        assertEquals(22_753, summary.count(TraceOperation.Read.class));
        assertEquals(843, summary.count(TraceOperation.PunchHole.class));
        assertEquals(18, summary.count(TraceOperation.Open.class));
        assertEquals(18, summary.count(TraceOperation.Close.class));
        assertEquals(0, summary.count(TraceOperation.Write.class));
        assertEquals(14, summary.nrFailedCalls());
        assertEquals(0, summary.nrMalformedLines());
        assertEquals(Map.of(), summary.unknownCalls());
        assertEquals(22_749 + 843 + 2, onImage.size());
        assertEquals(
                93_176_021, ((TraceOperation.Open) onImage.getFirst()).file().sizeBytes());
    }

    @Test
    void holesAscendAndStartAtPages() throws IOException {
        TraceSource source = TraceSource.bundled("dig-holes.strace.gz");
        long[] punchedBytes = {0};
        long[] lastEnd = {0};
        try (InputStream text = source.open(bytes -> {})) {
            TraceReader.read(source.name(), text, (line, operation) -> {
                if (operation instanceof TraceOperation.PunchHole hole) {
                    assertEquals(0, hole.offsetBytes() % 4096);
                    assertTrue(hole.offsetBytes() >= lastEnd[0], hole::toString);
                    lastEnd[0] = hole.offsetBytes() + hole.lengthBytes();
                    punchedBytes[0] += hole.lengthBytes();
                }
            });
        }
        assertEquals(50_061_525, punchedBytes[0]);
    }
}
