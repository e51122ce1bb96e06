/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** A target that writes down what it is told, and fails where it is told to. */
final class RecordingTarget implements ReplayTarget {
    private final List<String> calls;
    private final ReplaySettings settings;
    private final String failingCall;
    private int nrFiles;
    private long nrHoles;

    RecordingTarget(ReplaySettings settings, List<String> calls, String failingCall) {
        this.settings = settings;
        this.calls = calls;
        this.failingCall = failingCall;
        call("create " + settings.policy() + " " + settings.maxOrder() + " " + settings.headMap());
    }

    /** A factory whose targets all write to one list. */
    static Factory recordingTo(List<String> calls) {
        return settings -> new RecordingTarget(settings, calls, "");
    }

    static Factory failingAt(String call) {
        return settings -> new RecordingTarget(settings, new ArrayList<>(), call);
    }

    private void call(String call) {
        calls.add(call);
        if (call.equals(failingCall)) {
            throw new IllegalStateException("out of pages");
        }
    }

    @Override
    public int open(String fileName, long sizeBytes) {
        call("open " + fileName + " " + sizeBytes);
        return 100 + nrFiles++;
    }

    @Override
    public void read(int file, long offsetBytes, long lengthBytes) {
        call("read " + file + " " + offsetBytes + " " + lengthBytes);
    }

    @Override
    public void write(int file, long offsetBytes, long lengthBytes) {
        call("write " + file + " " + offsetBytes + " " + lengthBytes);
    }

    @Override
    public void truncate(int file, long sizeBytes) {
        call("truncate " + file + " " + sizeBytes);
    }

    @Override
    public void allocate(int file, long offsetBytes, long lengthBytes, boolean keepSize) {
        call("allocate " + file + " " + offsetBytes + " " + lengthBytes + " " + keepSize);
    }

    @Override
    public void punchHole(int file, long offsetBytes, long lengthBytes) {
        nrHoles++;
        call("punchHole " + file + " " + offsetBytes + " " + lengthBytes);
    }

    @Override
    public void sync(int file) {
        call("sync " + file);
    }

    @Override
    public void remove(int file) {
        call("remove " + file);
    }

    /** One folio of the largest order per file, one split per hole, each split 1000 ns and one more 5000 ns. */
    @Override
    public Measurements measure() {
        call("measure");
        long[] foliosByOrder = new long[Geometry.NR_ORDERS];
        foliosByOrder[settings.maxOrder()] = nrFiles;
        Histogram splitNanos = new Histogram(3);
        splitNanos.recordValueWithCount(1000, nrHoles);
        splitNanos.recordValue(5000);
        return new Measurements(
                nrHoles, foliosByOrder, 2L * nrFiles, 2L * 576 * nrFiles, 64 * nrHoles, new Latencies(splitNanos));
    }

    @Override
    public void close() {
        call("close");
    }
}
