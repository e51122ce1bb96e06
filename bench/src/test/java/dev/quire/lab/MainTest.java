/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
    private final List<String> calls = new ArrayList<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    private String trace = "";

    @BeforeEach
    void writeTrace() throws IOException {
        Path file = directory.resolve("t.strace");
        Files.writeString(file, "open(\"a\", O_RDWR) = 3\nnonsense\nwrite(3, \"x\"..., 5) = 5\n");
        trace = file.toString();
    }

    private int run(ReplayTarget.Factory factory, String... arguments) {
        CommandLine main = Main.commandLine(factory);
        main.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return main.execute(arguments);
    }

    private int run(String... arguments) {
        return run(RecordingTarget.recordingTo(calls), arguments);
    }

    private List<String> targets() {
        return calls.stream().filter(call -> call.startsWith("create ")).toList();
    }

    @Test
    void replayRunsEveryPolicyByDefault() {
        assertEquals(0, run("replay", trace));
        assertEquals(
                List.of("create UNIFORM 9 HEAD_BITS", "create NON_UNIFORM 9 HEAD_BITS", "create RANGE 9 HEAD_BITS"),
                targets());
        assertTrue(out.toString().contains("UNIFORM   NON_UNIFORM         RANGE"), out::toString);
        assertEquals("quire: skipped " + trace + ":2: no call on this line\n", err.toString());
    }

    @Test
    void replayTakesItsOptions() {
        assertEquals(
                0,
                run(
                        "replay",
                        "--csv",
                        "--max-order=18",
                        "--policy=range",
                        "--policy=UNIFORM",
                        "--head-map=TAIL_WORDS",
                        "--repeat=2",
                        trace));
        assertEquals(
                List.of(
                        "create UNIFORM 18 TAIL_WORDS",
                        "create UNIFORM 18 TAIL_WORDS",
                        "create RANGE 18 TAIL_WORDS",
                        "create RANGE 18 TAIL_WORDS"),
                targets());
        assertTrue(out.toString().startsWith("trace,section,name,unit,UNIFORM,RANGE\n"), out::toString);
    }

    @Test
    void theValuesOfSeveralTracesHaveOneHeader() {
        assertEquals(0, run("replay", "--csv", "--policy=RANGE", trace));
        String one = out.toString();
        out.getBuffer().setLength(0);
        assertEquals(0, run("replay", "--csv", "--policy=RANGE", trace, trace));
        assertEquals(one + one.substring(one.indexOf('\n') + 1), out.toString());
    }

    @Test
    void replayTakesThePolicyOfStagesWhereItDiffers() {
        assertEquals(0, run("replay", "--policy=STAGED", trace));
        assertEquals(List.of("create STAGED 9 HEAD_BITS"), targets());
        calls.clear();
        assertEquals(0, run("replay", "--max-order=10", trace));
        assertEquals(
                List.of(
                        "create UNIFORM 10 HEAD_BITS",
                        "create NON_UNIFORM 10 HEAD_BITS",
                        "create RANGE 10 HEAD_BITS",
                        "create STAGED 10 HEAD_BITS"),
                targets());
    }

    @Test
    void twoReplaysPrintTheSame() {
        assertEquals(0, run("replay", trace));
        String first = out.toString();
        out.getBuffer().setLength(0);
        assertEquals(0, run("replay", trace));
        assertEquals(first, out.toString());
    }

    @Test
    void aReplayThatFailsExitsWithOne() {
        assertEquals(1, run(RecordingTarget.failingAt("write 100 0 5"), "replay", trace));
        assertEquals(
                "quire: " + trace + ":3: UNIFORM: Write[file=a#0, offsetBytes=0, lengthBytes=5] failed:"
                        + " java.lang.IllegalStateException: out of pages\n",
                err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void aTraceThatCannotBeReadExitsWithOne() throws IOException {
        Path cut = Files.write(directory.resolve("cut.gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
        assertEquals(1, run("replay", cut.toString()));
        assertEquals("quire: " + cut + ": ends too early\n", err.toString());
    }

    @Test
    void theFileThatCannotBeReadIsNamed() throws IOException {
        byte[] whole;
        try (InputStream bundled = Objects.requireNonNull(Main.class.getResourceAsStream("dig-holes.strace.gz"))) {
            whole = bundled.readAllBytes();
        }
        Path cut = Files.write(directory.resolve("b.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertEquals(1, run("replay", trace, cut.toString()));
        assertEquals("quire: " + cut + ": ends too early\n", lastLineOf(err));
        assertEquals(1, run("growth", cut.toString()));
        assertEquals("quire: " + cut + ": not text in UTF-8\n", lastLineOf(err));
        assertEquals(1, run("guest", cut.toString()));
        assertEquals("quire: " + cut + ": not text in UTF-8\n", lastLineOf(err));
        assertEquals(1, run("guest", "nosuch"));
        assertEquals("quire: nosuch: no such scenario or file: quire guest --list names scenarios\n", lastLineOf(err));
        assertEquals(1, run("growth", "nosuch"));
        assertEquals("quire: nosuch: no such file\n", lastLineOf(err));
    }

    private static String lastLineOf(StringWriter text) {
        return text.toString().lines().reduce("", (_, last) -> last + "\n");
    }

    @Test
    void aTargetThatCannotBeMadeExitsWithOne() {
        ReplayTarget.Factory withoutDisk = _ -> {
            throw new UncheckedIOException(new IOException("no space"));
        };
        assertEquals(1, run(withoutDisk, "replay", trace));
        assertEquals(
                "quire: " + trace + ": UNIFORM: the replay failed: java.io.UncheckedIOException: java.io.IOException:"
                        + " no space\n",
                err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"measure", "close"})
    void aTargetThatFailsAtTheEndExitsWithOne(String call) {
        assertEquals(1, run(RecordingTarget.failingAt(call), "replay", trace));
        assertEquals(
                "quire: " + trace + ": UNIFORM: the replay failed: java.lang.IllegalStateException: out of pages\n",
                err.toString());
    }

    @Test
    void aSystemThatRefusesMemoryExitsWithOne() {
        ReplayTarget.Factory withoutMemory = _ -> {
            throw new OutOfMemoryError("refused");
        };
        assertEquals(1, run(withoutMemory, "replay", trace));
        assertEquals(
                "quire: " + trace + ": UNIFORM: the replay failed: java.lang.OutOfMemoryError: refused\n",
                err.toString());
    }

    @Test
    void aFileThatIsNoTraceExitsWithOne() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "Dear reader,\nthis is a letter.\n");
        assertEquals(1, run("replay", text.toString()));
        assertEquals("quire: " + text + ": no line of this file is strace output\n", err.toString());
    }

    @Test
    void aTraceWithoutOperationsIsSaidToBeOne() throws IOException {
        Path empty = Files.writeString(directory.resolve("empty"), "getpid() = 5\n");
        assertEquals(0, run("replay", empty.toString()));
        assertEquals("quire: " + empty + ": no operations to replay\n", err.toString());
    }

    @Test
    void wrongCommandLinesExitWithTwo() {
        assertEquals(2, run());
        assertEquals(2, run("no-such-command"));
        assertEquals(2, run("replay"));
        assertEquals(2, run("replay", "--max-order=19", trace));
        assertEquals(2, run("replay", "--max-order=-1", trace));
        assertEquals(2, run("replay", "--repeat=0", trace));
        assertEquals(2, run("replay", "--policy=NONE", trace));
        assertEquals(2, run("replay", directory.resolve("missing").toString()));
        assertEquals(2, run("replay", directory.toString()));
        assertEquals(List.of(), calls);
    }

    @Test
    void footprintPrintsATable() {
        assertEquals(0, run("footprint", "--ranges=512"));
        assertTrue(out.toString().startsWith("Bytes per range, 512 ranges"), out::toString);
        assertEquals(2, run("footprint", "--ranges=511"));
        assertEquals(
                "quire: out of range: --ranges=511, min=512, max=4000000\nTry: quire footprint --help\n",
                err.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --order=9 --at=300                             | 10 folios, 1 index nodes added
        --order=9 --at=300 --orders=4,9                | 47 folios, 8 index nodes added
        --order=11 --policy=STAGED                     | 515 folios, 8 index nodes added
        --order=11 --policy=STAGED --new-order=3       | 256 folios, 32 index nodes added
        """)
    void splitPrintsWhatItTook(String arguments, String result) {
        assertEquals(0, run(("split " + arguments).split(" +", -1)));
        assertTrue(out.toString().contains("\n" + result), out::toString);
        assertEquals("", err.toString());
    }

    @Test
    void splitPrintsItsPlanFirst() {
        assertEquals(0, run("split", "--order=11", "--policy=STAGED"));
        assertTrue(out.toString().startsWith("""
            planned, as page: order -> pieces
            0: 11 -> 4x9
            0: 9 -> 512x0
            """), out::toString);
    }

    @Test
    void splitRefusesOrdersThatNoFolioHas() {
        assertEquals(2, run("split", "--orders=0,19"));
        assertEquals("quire: out of range: --orders=19, min=0, max=18\nTry: quire split --help\n", err.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --at=1:2:3   | not PAGE or PAGE:END: 1:2:3
        --at=1:      | not PAGE or PAGE:END: 1:
        --range=5:3  | out of range: END=3, min=6, max=512
        --range=5:513  | out of range: END=513, min=6, max=512
        --at=9223372036854775807 | out of range: PAGE=9223372036854775807, min=0, max=511
        """)
    void splitRefusesWhatIsNoRange(String argument, String message) {
        assertEquals(2, run("split", argument));
        assertEquals("quire: " + message + "\nTry: quire split --help\n", err.toString());
    }

    @Test
    void growthReadsResultsOfJmh() throws IOException {
        Path missing = directory.resolve("missing.csv");
        assertEquals(1, run("growth", missing.toString()));
        Path other = Files.writeString(directory.resolve("other.csv"), "\"Benchmark\"\n\"some.other.Benchmark\"\n");
        assertEquals(1, run("growth", other.toString()));
        assertTrue(
                err.toString().contains("no results of dev.quire.bench.FolioSplitGrowthBenchmark.split"),
                err::toString);
    }

    @Test
    void usageErrorsTellWhatIsWrongAndWhereToLook() {
        assertEquals(2, run("replay", "--max-order=19", trace));
        assertEquals("quire: order out of range: order=19, max=18\nTry: quire replay --help\n", err.toString());
    }

    @Test
    void jmhTakesItsOwnOptions() {
        PrintStream standardOutput = System.out;
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        System.setOut(new PrintStream(captured, true, StandardCharsets.UTF_8));
        try {
            assertEquals(0, run("jmh", "-h"));
        } finally {
            System.setOut(standardOutput);
        }
        String help = captured.toString(StandardCharsets.UTF_8);
        assertTrue(help.contains("Benchmarks to run"), help);
        assertEquals("", out.toString() + err);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "replay --help",
                "demo --help",
                "split --help",
                "footprint --help",
                "guest --help",
                "stall --help",
                "growth --help",
                "jmh --help"
            })
    void helpHasAnExample(String arguments) {
        assertEquals(0, run(arguments.split(" ", -1)));
        assertTrue(out.toString().contains("Example"), out::toString);
        assertEquals("", err.toString());
    }

    /** What the launcher hands on to other jars is a command to its user too. */
    @Test
    void helpNamesEveryCommandOfTheLauncher() throws IOException {
        assertEquals(0, run("--help"));
        Matcher command = Pattern.compile("#   quire (\\w+) ").matcher(Files.readString(Path.of("quire")));
        int nrCommands = 0;
        while (command.find()) {
            String line = "\n  " + command.group(1) + " ";
            assertTrue(out.toString().contains(line), () -> line + out);
            nrCommands++;
        }
        assertEquals(4, nrCommands);
    }

    /** A description is broken into lines by the width of the usage, not by hand and then once more. */
    @ParameterizedTest
    @ValueSource(strings = {"replay", "demo", "guest"})
    void descriptionsAreBrokenIntoLinesOnce(String name) {
        assertEquals(0, run(name, "--help"));
        List<String> description = out.toString()
                .lines()
                .dropWhile(line -> line.startsWith("Usage") || line.startsWith(" "))
                .toList();
        assertTrue(description.get(1).length() > 70, description.get(1));
    }
}
