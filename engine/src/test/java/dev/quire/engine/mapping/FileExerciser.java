/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Does random things to a range of a file or of shared memory, as one thread that nobody else may change the range
 * beside, and compares all it reads with an array that had the same done to it. Errors of the file are part of the
 * game, and so is a lack of memory: the array follows what the page cache says has happened.
 */
final class FileExerciser implements AutoCloseable {
    /** Not a measure of speed: a run that takes so long hangs. */
    private static final long LIMIT_NANOS = TimeUnit.MINUTES.toNanos(5);

    private static final int STEPS_PER_LOOK = 64;
    private static final int LONGEST = 1 << 16;
    private static final int LONGEST_STEP_BITS = 15;
    private static final int PUNCHES_PER_END = 32;
    private static final int PIECES_READ_ON = 20;
    private static final int PIECE_READ_ON = 3000;

    /** What a step may be; the weights say how often each comes. */
    enum Operation {
        READ(1800),
        WRITE(1000),
        VIEW(240),
        MAP(240),
        WRITE_MAPPED(300),
        PUNCH(240),
        SPLIT(240),
        EVICT(200),
        TRUNCATE(140),
        READ_ON(115),
        RECLAIM(20),
        REOPEN(4),
        SYNC(1);

        private static final Operation[] ALL = values();
        private static final int WEIGHT_OF_ALL =
                Arrays.stream(ALL).mapToInt(operation -> operation.weight).sum();

        private final int weight;

        Operation(int weight) {
            this.weight = weight;
        }

        private static Operation draw(SplittableRandom random) {
            int left = random.nextInt(WEIGHT_OF_ALL);
            int drawn = 0;
            while (left >= ALL[drawn].weight) {
                left -= ALL[drawn].weight;
                drawn++;
            }
            return ALL[drawn];
        }
    }

    /** What a file has. */
    @FunctionalInterface
    interface Content {
        byte[] get() throws IOException;
    }

    /** Opens the file, or opens it again. */
    @FunctionalInterface
    interface Opener {
        OpenFile open(RcuReader reader) throws IOException;
    }

    private final Quire engine;
    private final Opener opener;
    private final SplittableRandom random;
    private final int start;
    private final boolean ownsEnd;

    /** Whether the file does not fail, nor memory run out, but for reads of the bad pages. */
    private boolean faultless;

    /** Bytes of the range that cannot be read from the file while they are not cached; none if they are equal. */
    private int badStart;

    private int badEnd;

    private @Nullable Content onDisk;

    /** What the range must have, from its start; beyond {@link #size} all zero. */
    private final byte[] model;

    private final byte[] buffer;
    private final MemorySegment segment;
    private final RcuReader reader;
    private final long[] nrByOperation = new long[Operation.ALL.length];
    private final Step[] lastSteps = new Step[16];
    private OpenFile file;

    /** Shows the range in page tables as long as the file is open. */
    private final ExercisedMapping mapping;

    /** Whether something may be behind the end, in the last page. */
    private boolean wroteBehindEnd;

    private int size;
    private long nrOperations;
    private long nrErrors;
    private long nrStarved;
    private long nrMerged;

    private record Step(Operation operation, int at, int length) {}

    /**
     * Starts on a range whose bytes are all zero, or not there.
     *
     * @param start first byte of the range in the file
     * @param length its length
     * @param size bytes of the range that are there
     * @param ownsEnd whether the file ends in the range, and may be cut off there and grow
     */
    FileExerciser(
            Quire engine, Opener opener, SplittableRandom random, int start, int length, int size, boolean ownsEnd)
            throws IOException {
        this.engine = engine;
        this.opener = opener;
        this.random = random;
        this.start = start;
        this.size = size;
        this.ownsEnd = ownsEnd;
        model = new byte[length];
        buffer = new byte[LONGEST];
        segment = MemorySegment.ofArray(buffer);
        reader = engine.newReader();
        file = opener.open(reader);
        mapping = new ExercisedMapping(engine, reader, random.split(), start, length);
        mapping.map(file);
    }

    /** Has every read that comes short, and every error, taken for a fault of the page cache. */
    FileExerciser faultless() {
        faultless = true;
        return this;
    }

    /**
     * The same, but for a part of the range, from the start of a page to the end of one, that the file fails to read.
     */
    FileExerciser faultlessBut(int newBadStart, int newBadEnd) {
        badStart = newBadStart;
        badEnd = newBadEnd;
        return faultless();
    }

    /** Has the file itself looked at whenever it was synced or closed; nobody else has it open. */
    FileExerciser comparing(Content content) {
        onDisk = content;
        return this;
    }

    /** Takes steps. */
    void run(long nrSteps) {
        run(nrSteps, () -> true);
    }

    /** Lets exercisers run side by side, in a thread each, for so many steps each, unless one fails. */
    static void runAll(List<FileExerciser> exercisers, long nrStepsEach) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (FileExerciser exerciser : exercisers) {
            Thread thread = new Thread(() -> exerciser.run(nrStepsEach, () -> failure.get() == null));
            thread.setUncaughtExceptionHandler((ended, thrown) -> failure.compareAndSet(null, thrown));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError(TestSeed.asOption(), thrown);
        }
    }

    private void run(long nrSteps, BooleanSupplier goesOn) {
        long startNanos = System.nanoTime();
        for (long step = 0; step < nrSteps && goesOn.getAsBoolean(); step++) {
            if (step % STEPS_PER_LOOK == 0 && System.nanoTime() - startNanos > LIMIT_NANOS) {
                throw new AssertionError("hangs: " + TestSeed.asOption() + ", operations=" + step + ", of=" + nrSteps);
            }
            step();
        }
    }

    /** Steps taken, those included in which the file failed. */
    long nrOperations() {
        return nrOperations;
    }

    /** How many of them were of one kind. */
    long nrOperations(Operation operation) {
        return nrByOperation[operation.ordinal()];
    }

    /** Errors of the file that came up. */
    long nrErrors() {
        return nrErrors;
    }

    /** Steps for which there was no memory. */
    long nrStarved() {
        return nrStarved;
    }

    /** Blocks of folios that became one. */
    long nrMerged() {
        return nrMerged;
    }

    /** What the range must have. */
    byte[] expected() {
        return Arrays.copyOf(model, size);
    }

    void step() {
        int at = random.nextInt(model.length);
        int length = 1 + random.nextInt(Math.min(model.length - at, 1 << random.nextInt(LONGEST_STEP_BITS)));
        if (random.nextBoolean()) {
            // Whole pages, as far as the range has them.
            at = Math.max(Geometry.PAGE_BYTES * ((start + at) / Geometry.PAGE_BYTES) - start, 0);
            length = Math.min(Geometry.PAGE_BYTES * Math.ceilDiv(length, Geometry.PAGE_BYTES), model.length - at);
        }
        Operation drawn = Operation.draw(random);
        Operation operation = drawn == Operation.TRUNCATE && !ownsEnd ? Operation.READ_ON : drawn;
        lastSteps[(int) (nrOperations++ % lastSteps.length)] = new Step(operation, at, length);
        nrByOperation[operation.ordinal()]++;
        try {
            perform(operation, at, length);
        } catch (IOException e) {
            nrErrors++;
        } catch (OutOfMemoryError e) {
            nrStarved++;
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    TestSeed.asOption() + ", operation " + nrOperations + ", range at " + start + ", last steps "
                            + Arrays.toString(lastSteps),
                    e);
        }
    }

    private void perform(Operation operation, int at, int length) throws IOException {
        switch (operation) {
            case READ -> read(at, length);
            case WRITE -> write(at, length);
            case VIEW -> view(at, length);
            case MAP -> readMapped(at, length);
            case WRITE_MAPPED -> writeMapped(at, length);
            case PUNCH -> punchOrPunchEnd(at, length);
            case SPLIT -> split(at);
            case EVICT -> file.evict(start + at, length);
            case TRUNCATE -> truncate(at);
            case READ_ON -> readOn();
            case RECLAIM -> engine.pageCache().reclaim(1 + length / 4096);
            case REOPEN -> reopen();
            case SYNC -> {
                file.sync();
                compareFile();
            }
        }
    }

    /** Compares the file, which has just got all that was written, if it can be looked at. */
    private void compareFile() throws IOException {
        if (onDisk != null) {
            assertArrayEquals(expected(), onDisk.get());
        }
    }

    private void read(int at, int length) throws IOException {
        Arrays.fill(buffer, 0, length, (byte) 0xee);
        int nrThere = Math.min(length, size - at);
        int nrReadable = nrReadable(at, nrThere);
        long nrRead;
        try {
            nrRead = file.read(segment.asSlice(0, length), start + at);
        } catch (IOException e) {
            requireExpected(e, nrReadable);
            throw e;
        }
        if (nrThere <= 0) {
            assertEquals(-1, nrRead);
        } else if (nrRead < (faultless ? nrReadable : 1)) {
            throw new AssertionError("read " + nrRead + " bytes at " + at + ", can be read " + nrReadable);
        }
        compare(at, (int) Math.max(nrRead, 0), nrThere);
    }

    /** Bytes at a place, of those that are there, that the file can read for sure. */
    private int nrReadable(int at, int nrThere) {
        boolean meetsBad = at < badEnd && at + nrThere > badStart;
        return meetsBad ? Math.max(badStart - at, 0) : nrThere;
    }

    private void requireExpected(IOException error, int nrReadable) {
        if (faultless && nrReadable > 0) {
            throw new AssertionError("bytes that can be read: " + nrReadable, error);
        }
    }

    private void compare(int at, int nrRead, int nrThere) {
        if (nrRead > Math.max(nrThere, 0)) {
            throw new AssertionError("read " + nrRead + " bytes at " + at + ", there are " + nrThere);
        }
        int mismatch = Arrays.mismatch(buffer, 0, nrRead, model, at, at + nrRead);
        if (mismatch >= 0) {
            throw new AssertionError("byte " + (at + mismatch) + ": expected " + model[at + mismatch] + ", read "
                    + buffer[mismatch] + ", read at " + at + ", bytes read " + nrRead);
        }
    }

    private void readOn() throws IOException {
        int at = size / 2;
        for (int piece = 0; piece < PIECES_READ_ON && at < size; piece++) {
            int length = Math.min(PIECE_READ_ON, size - at);
            read(at, length);
            at += length;
        }
    }

    private void view(int wantedAt, int length) throws IOException {
        if (size == 0) {
            return;
        }
        int at = wantedAt % size;
        try (FolioView view = file.view(start + at)) {
            int nrBytes = (int) Math.min(view.bytes().byteSize(), Math.min(length, size - at));
            MemorySegment.copy(view.bytes(), ValueLayout.JAVA_BYTE, 0, buffer, 0, nrBytes);
            compare(at, nrBytes, nrBytes);
        } catch (IOException e) {
            requireExpected(e, nrReadable(at, 1));
            throw e;
        }
    }

    /** Reads through page tables; behind the end there is nothing but the rest of the last page, which is zero. */
    private void readMapped(int at, int length) throws IOException {
        int nrThere = Math.max(Math.min(length, size - at), 0);
        int nrReadable = nrReadable(at, nrThere);
        int nrRead;
        try {
            nrRead = mapping.read(buffer, start + at, length);
        } catch (IOException e) {
            requireExpected(e, nrReadable);
            throw e;
        }
        if (nrRead < (faultless ? nrReadable : Math.min(nrThere, 1))) {
            throw new AssertionError("mapped " + nrRead + " bytes at " + at + ", can be read " + nrReadable);
        }
        compare(at, Math.min(nrRead, nrThere), nrThere);
        if (ownsEnd && !wroteBehindEnd) {
            int pageEnd = Geometry.PAGE_BYTES * Math.ceilDiv(start + size, Geometry.PAGE_BYTES) - start;
            assertTrue(at + nrRead <= Math.max(pageEnd, at), "mapped behind the end");
            for (int i = nrThere; i < nrRead; i++) {
                assertEquals(0, buffer[i], "behind the end");
            }
        }
    }

    private void write(int at, int length) throws IOException {
        if (!ownsEnd && at + length > size) {
            return;
        }
        byte value = (byte) (1 + random.nextInt(255));
        for (int i = 0; i < length; i++) {
            buffer[i] = (byte) (value + (i >>> 5));
        }
        int nrWritten = (int) file.write(segment.asSlice(0, length), start + at);
        System.arraycopy(buffer, 0, model, at, nrWritten);
        size = Math.max(size, at + nrWritten);
        checkSize();
    }

    /** Writes through page tables, now and then also behind the end, which makes no file longer. */
    private void writeMapped(int at, int length) throws IOException {
        int nrThere = Math.max(Math.min(length, size - at), 0);
        boolean behindEnd = ownsEnd && random.nextInt(8) == 0;
        wroteBehindEnd |= behindEnd && nrThere < length;
        int nrBytes = behindEnd ? length : nrThere;
        byte value = (byte) (1 + random.nextInt(255));
        for (int i = 0; i < nrBytes; i++) {
            buffer[i] = (byte) (value + (i >>> 5));
        }
        int nrReadable = nrReadable(at, nrThere);
        int nrWritten;
        try {
            nrWritten = mapping.write(buffer, start + at, nrBytes);
        } catch (IOException e) {
            requireExpected(e, nrReadable);
            throw e;
        }
        if (nrWritten < (faultless ? nrReadable : Math.min(nrThere, 1))) {
            throw new AssertionError("mapped " + nrWritten + " bytes at " + at + ", can be written " + nrReadable);
        }
        System.arraycopy(buffer, 0, model, at, Math.min(nrWritten, nrThere));
        checkSize();
    }

    private void checkSize() throws IOException {
        if (ownsEnd) {
            assertEquals(start + size, file.sizeBytes());
        }
    }

    /**
     * Now and then a hole takes the end of what is there, some of which the file has not seen yet; then this looks what
     * the file has.
     */
    private void punchOrPunchEnd(int at, int length) throws IOException {
        if (random.nextInt(PUNCHES_PER_END) > 0) {
            punch(at, length);
        } else {
            int from = Math.max(size - length, 0);
            punch(from, Math.max(size - from, 1));
            reopen();
        }
    }

    private void punch(int at, int length) throws IOException {
        int end = Math.min(at + length, size);
        SplitPolicy policy = SplitPolicies.values()[random.nextInt(3)];
        boolean punched = false;
        while (!punched) {
            try {
                file.punchHole(start + at, length, policy);
                punched = true;
            } catch (IOException e) {
                // Undecided until it has worked.
                nrErrors++;
            } catch (OutOfMemoryError e) {
                nrStarved++;
            }
        }
        if (at < end) {
            Arrays.fill(model, at, end, (byte) 0);
        }
        checkSize();
    }

    private void truncate(int newSize) throws IOException {
        file.truncate(start + newSize, SplitPolicies.values()[random.nextInt(3)]);
        if (newSize < size) {
            Arrays.fill(model, newSize, size, (byte) 0);
        }
        size = newSize;
        checkSize();
    }

    private void reopen() throws IOException {
        try {
            closeAll();
            compareFile();
        } finally {
            file = opener.open(reader);
            mapping.map(file);
        }
        checkSize();
    }

    /** Splits the folio that has a byte, and now and then makes it one again. */
    private void split(int at) {
        Folios folios = engine.folios();
        long folio = file.file().space().newLookup(reader).pin((start + at) / 4096);
        if (folio == 0) {
            return;
        }
        int order = folios.order(folio);
        if (order > 0 && folios.tryLock(folio)) {
            int first = random.nextInt(1 << order);
            int end = first + 1 + random.nextInt((1 << order) - first);
            SplitPolicy policy = SplitPolicies.values()[random.nextInt(3)];
            int result = engine.splitter()
                    .split(folio, policy, first, end, random.nextInt(order), SplitPolicies.ALL_ORDERS, false);
            if (result == Errno.OK && random.nextInt(4) == 0) {
                nrMerged += engine.merger().merge(folio, order) == Errno.OK ? 1 : 0;
            }
            folios.unlock(folio);
        }
        folios.unpin(folio);
    }

    /** Reads and compares all of the range; the file works now. */
    void checkAll() throws IOException {
        for (int at = 0; at < size; at += LONGEST) {
            int length = Math.min(LONGEST, size - at);
            assertEquals(length, file.read(segment.asSlice(0, length), start + at));
            compare(at, length, length);
            assertEquals(length, mapping.read(buffer, start + at, length));
            compare(at, length, length);
        }
    }

    /** Is told of the error that is news to it, if there is one. */
    void hearError() {
        try {
            file.sync();
        } catch (IOException e) {
            nrErrors++;
        }
    }

    /** The open file. */
    OpenFile file() {
        return file;
    }

    /** Closes the mapping and then the file, which keeps the error that both are told of for the last. */
    private void closeAll() throws IOException {
        try {
            mapping.unmap();
        } catch (IOException e) {
            nrErrors++;
        }
        file.close();
    }

    @Override
    public void close() throws IOException {
        try {
            closeAll();
        } finally {
            mapping.close();
            reader.close();
        }
    }
}
