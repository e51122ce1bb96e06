/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random programs against a trivial model, and random damage. Set {@code -Dquire.seed=N} to repeat a failure. */
class TraceReaderPropertyTest {
    private static final long SEED = Long.getLong("quire.seed", System.nanoTime());

    @Test
    void printedNamesChangeNothing() {
        for (int round = 0; round < 200; round++) {
            long seed = SEED + round;
            RandomProgram program = new RandomProgram(new Random(seed));
            program.run(200);
            String message = "-Dquire.seed=" + seed;
            assertIterableEquals(
                    program.expected,
                    TraceText.of(program.plain.toArray(String[]::new)).transfers(),
                    message);
            assertIterableEquals(
                    program.expected,
                    TraceText.of(program.named.toArray(String[]::new)).transfers(),
                    message);
        }
    }

    @Test
    void damagedLinesAreCountedAndNeverFatal() throws IOException {
        byte[] text;
        try (InputStream bundled = TraceSource.bundled("dig-holes.strace.gz").open(bytes -> {})) {
            text = bundled.readNBytes(20_000);
        }
        for (int round = 0; round < 300; round++) {
            long seed = SEED + round;
            Random random = new Random(seed);
            byte[] damaged = text.clone();
            for (int i = 0; i < 200; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) "<>()[]\"\\,= \n0-9x".charAt(random.nextInt(16));
            }
            TraceSummary summary = TraceText.ofRawText(new String(damaged, StandardCharsets.ISO_8859_1))
                    .summary();
            long nrNewlines =
                    new String(damaged, StandardCharsets.ISO_8859_1).lines().count();
            assertEquals(nrNewlines, summary.nrLines(), "-Dquire.seed=" + seed);
        }
    }

    /** Opens, copies, reads, writes, cuts, unlinks and closes three names, and notes what that does. */
    private static final class RandomProgram {
        private static final int NR_NAMES = 3;

        private static final class File {
            private final int id;
            private final String name;
            private boolean linked = true;
            private int nrOpen;

            File(int id, String name) {
                this.id = id;
                this.name = name;
            }

            @Override
            public String toString() {
                return name + "#" + id;
            }
        }

        private static final class Open {
            private final File file;
            private long position;
            private int nrDescriptors;

            Open(File file) {
                this.file = file;
            }
        }

        private final Random random;
        private final File[] files = new File[NR_NAMES];
        private final Open[] descriptors = new Open[8];
        private final List<String> plain = new ArrayList<>();
        private final List<String> named = new ArrayList<>();
        private final List<String> expected = new ArrayList<>();
        private int nrFiles;

        RandomProgram(Random random) {
            this.random = random;
        }

        void run(int nrSteps) {
            for (int step = 0; step < nrSteps; step++) {
                int descriptor = 3 + random.nextInt(descriptors.length - 3);
                if (descriptors[descriptor] == null) {
                    open(descriptor);
                } else {
                    use(descriptor, descriptors[descriptor]);
                }
            }
        }

        private void print(String format, int descriptor, Open open) {
            plain.add(format.replace("@", Integer.toString(descriptor)));
            String suffix = open.file.linked ? ">" : ">(deleted)";
            named.add(format.replace("@", descriptor + "<" + open.file.name + suffix));
        }

        private void open(int descriptor) {
            int which = random.nextInt(NR_NAMES);
            if (files[which] == null) {
                files[which] = new File(nrFiles++, "/f" + which);
            }
            Open open = new Open(files[which]);
            boolean truncate = random.nextInt(4) == 0;
            String flags = truncate ? "O_RDWR|O_CREAT|O_TRUNC" : "O_RDWR|O_CREAT";
            print("openat(AT_FDCWD, \"/f" + which + "\", " + flags + ", 0600) = @", descriptor, open);
            bind(descriptor, open);
            if (truncate) {
                expected.add(TraceText.truncate(open.file.toString(), 0));
            }
        }

        private void bind(int descriptor, Open open) {
            if (open.nrDescriptors++ == 0) {
                open.file.nrOpen++;
            }
            descriptors[descriptor] = open;
        }

        private void use(int descriptor, Open open) {
            int length = 1 + random.nextInt(10_000);
            int offset = random.nextInt(100_000);
            switch (random.nextInt(9)) {
                case 0 -> close(descriptor, open);
                case 1 -> unlink(open.file);
                case 2 -> copy(descriptor, open);
                case 3 -> {
                    print("read(@, \"x\"..., 10000) = " + length, descriptor, open);
                    expected.add(TraceText.read(open.file.toString(), open.position, length));
                    open.position += length;
                }
                case 4 -> {
                    print("write(@, \"x\"..., " + length + ") = " + length, descriptor, open);
                    expected.add(TraceText.write(open.file.toString(), open.position, length));
                    open.position += length;
                }
                case 5 -> {
                    print("lseek(@, " + offset + ", SEEK_SET) = " + offset, descriptor, open);
                    open.position = offset;
                }
                case 6 -> {
                    print("pread64(@, \"x\"..., " + length + ", " + offset + ") = " + length, descriptor, open);
                    expected.add(TraceText.read(open.file.toString(), offset, length));
                }
                case 7 -> {
                    print("ftruncate(@, " + offset + ") = 0", descriptor, open);
                    expected.add(TraceText.truncate(open.file.toString(), offset));
                }
                default -> {
                    print(
                            "fallocate(@, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, " + offset + ", " + length
                                    + ") = 0",
                            descriptor,
                            open);
                    expected.add("PunchHole[file=" + open.file + ", offsetBytes=" + offset + ", lengthBytes=" + length
                            + "]");
                }
            }
        }

        private void close(int descriptor, Open open) {
            print("close(@) = 0", descriptor, open);
            descriptors[descriptor] = null;
            if (--open.nrDescriptors == 0) {
                open.file.nrOpen--;
                removeIfGone(open.file);
            }
        }

        private void unlink(File file) {
            if (file.linked) {
                file.linked = false;
                files[file.name.charAt(2) - '0'] = null;
                plain.add("unlink(\"" + file.name + "\") = 0");
                named.add("unlink(\"" + file.name + "\") = 0");
                removeIfGone(file);
            }
        }

        private void removeIfGone(File file) {
            if (!file.linked && file.nrOpen == 0) {
                expected.add(TraceText.remove(file.toString()));
            }
        }

        private void copy(int descriptor, Open open) {
            for (int free = 3; free < descriptors.length; free++) {
                if (descriptors[free] == null) {
                    bind(free, open);
                    plain.add("dup(" + descriptor + ") = " + free);
                    String suffix = open.file.linked ? ">" : ">(deleted)";
                    String name = "<" + open.file.name + suffix;
                    named.add("dup(" + descriptor + name + ") = " + free + name);
                    return;
                }
            }
        }
    }
}
