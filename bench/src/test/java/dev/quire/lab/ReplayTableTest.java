/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class ReplayTableTest {
    private static ReplayResult result(SplitPolicies policy, long nrSplits, long nrSmall, long nrLarge) {
        long[] folios = new long[Geometry.NR_ORDERS];
        folios[0] = nrSmall;
        folios[2] = nrLarge;
        Histogram splitNanos = new Histogram(3);
        splitNanos.recordValue(1000);
        return new ReplayResult(
                policy,
                23_596,
                new Measurements(nrSplits, folios, 1_234_567, 711_110_592, 64, new Latencies(splitNanos)),
                Optional.empty());
    }

    private static ReplayTable table() {
        TraceSummary summary = TraceText.of(
                        "futex(0x7f, FUTEX_WAKE, 1) = 0",
                        "getpid() = 1",
                        "futex(0x7f, FUTEX_WAKE, 1) = 0",
                        "brk(NULL) = 0x1000",
                        "nonsense",
                        "write(1, \"x\", 1) = 1",
                        "exit_group(0) = ?",
                        "open(\"a\", O_RDONLY) = -1 ENOENT (No such file or directory)")
                .summary();
        return new ReplayTable(
                "a,b.strace",
                summary,
                List.of(result(SplitPolicies.UNIFORM, 843, 7, 0), result(SplitPolicies.RANGE, 12, 4, 1)));
    }

    private static String print(Consumer<PrintWriter> printing) {
        StringWriter text = new StringWriter();
        printing.accept(new PrintWriter(text));
        return text.toString().replace(System.lineSeparator(), "\n");
    }

    @Test
    void textIsAligned() {
        assertEquals("""
            a,b.strace

            total                                    UNIFORM         RANGE
            operations                                23,596        23,596
            splits                                       843            12
            folios                                         7             5
            resident [bytes]                          28,672        32,768
            resident in folios >= 64 KiB [%]            0.00          0.00
            resident in folios >= 2 MiB [%]             0.00          0.00
            index nodes                            1,234,567     1,234,567
            index [bytes]                        711,110,592   711,110,592
            metadata written by splits [bytes]            64            64

            folios by order                          UNIFORM         RANGE
            order  0, 4 KiB                                7             4
            order  1, 8 KiB                                0             0
            order  2, 16 KiB                               0             1

            split latency                            UNIFORM         RANGE
            p50 [ns]                                   1,000         1,000
            p99 [ns]                                   1,000         1,000
            max [ns]                                   1,000         1,000

            skipped: failed calls 1, calls that never returned 1, calls on other than files 1, \
            malformed lines 1
            unknown calls: futex 2, getpid 1
            """, print(table()::printText));
    }

    @Test
    void csvHoldsTheSame() {
        assertEquals(
                """
                trace,section,name,unit,UNIFORM,RANGE
                "a,b.strace",total,operations,,23596,23596
                "a,b.strace",total,splits,,843,12
                "a,b.strace",total,folios,,7,5
                "a,b.strace",total,resident,bytes,28672,32768
                "a,b.strace",total,resident in folios >= 64 KiB,%,0.0000,0.0000
                "a,b.strace",total,resident in folios >= 2 MiB,%,0.0000,0.0000
                "a,b.strace",total,index nodes,,1234567,1234567
                "a,b.strace",total,index,bytes,711110592,711110592
                "a,b.strace",total,metadata written by splits,bytes,64,64
                "a,b.strace",folios by order,"order  0, 4 KiB",,7,4
                "a,b.strace",folios by order,"order  1, 8 KiB",,0,0
                "a,b.strace",folios by order,"order  2, 16 KiB",,0,1
                "a,b.strace",split latency,p50,ns,1000,1000
                "a,b.strace",split latency,p99,ns,1000,1000
                "a,b.strace",split latency,max,ns,1000,1000
                "a,b.strace",skipped,failed calls,,1,1
                "a,b.strace",skipped,calls that never returned,,1,1
                "a,b.strace",skipped,calls on other than files,,1,1
                "a,b.strace",skipped,malformed lines,,1,1
                "a,b.strace",unknown calls,futex,,2,2
                "a,b.strace",unknown calls,getpid,,1,1
                """,
                print(out -> {
                    table().printCsvHeader(out);
                    table().printCsv(out);
                }));
    }
}
