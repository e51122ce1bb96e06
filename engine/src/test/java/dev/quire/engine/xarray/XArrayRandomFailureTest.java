/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.RandomChanges.Change;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random changes, whose node number k, drawn for each, is not to be had. After a change that failed the array is as it
 * was, bit for bit, with its list of nodes, and nobody was told of anything; made again with memory, it leaves what it
 * leaves in a second array, where nothing ever fails. {@code -Dquire.failure.changes=N} sets the length of each run.
 */
class XArrayRandomFailureTest extends XArrayCatalogue {
    private static final int NR_CHANGES = Integer.getInteger("quire.failure.changes", 2_000);
    private static final int MAX_NODES = 100;
    private static final int NR_REMEMBERED = 15;

    private final Deque<String> history = new ArrayDeque<>();
    private SplittableRandom random = new SplittableRandom(0);

    static Stream<Arguments> arrays() {
        return Stream.of(0, XArray.TRACK_FREE, XArray.TRACK_FREE | XArray.ZERO_BUSY)
                .flatMap(flags -> Stream.of(7, 13, 31, 64).map(indexBits -> Arguments.of(flags, indexBits)));
    }

    @ParameterizedTest(name = "flags {0}, indices of {1} bits")
    @MethodSource("arrays")
    void aChangeThatFailsLeavesTheArrayAsItWas(int flags, int indexBits) {
        run(flags, indexBits, false);
    }

    @ParameterizedTest(name = "flags {0}, indices of {1} bits")
    @MethodSource("arrays")
    void theListOfNodesIsWhatTheTreeSays(int flags, int indexBits) {
        run(flags, indexBits, true);
    }

    private void run(int flags, int indexBits, boolean isWatched) {
        random = TestSeed.random("XArrayRandomFailureTest, " + flags + ", " + indexBits + ", " + isWatched);
        array = engine.newArray(flags);
        Pair pair = new Pair(engine.newArray(flags), isWatched);
        RandomChanges changes = new RandomChanges(random, indexBits, flags, engine.failures);
        int nrFailed = 0;
        for (int nrDone = 0; nrDone < NR_CHANGES; nrDone++) {
            boolean destroys = NodeWatch.countsByNode(array).size() > MAX_NODES || random.nextInt(30) == 0;
            Change change = destroys ? RandomChanges.destroy() : changes.next();
            remember(change.name());
            try {
                nrFailed += pair.make(change) ? 0 : 1;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        TestSeed.asOption() + " changes=" + nrDone + " after\n" + String.join("\n", history), e);
            }
        }
        assertTrue(nrFailed > NR_CHANGES / 100, "changes that failed: " + nrFailed);
    }

    private void remember(String change) {
        if (history.size() == NR_REMEMBERED) {
            history.removeFirst();
        }
        history.addLast(change);
    }

    /** The array of the catalogue, whose changes fail, and one whose do not. */
    private final class Pair {
        private final XArray other;
        private final NodeWatch watch;
        private final NodeWatch otherWatch;
        private final boolean isWatched;

        Pair(XArray other, boolean isWatched) {
            this.other = other;
            this.isWatched = isWatched;
            watch = new NodeWatch(array);
            otherWatch = new NodeWatch(other);
            if (!isWatched) {
                array.update = null;
                other.update = null;
            }
        }

        /** Whether it was done at once. */
        boolean make(Change change) {
            byte[] imageBefore = image();
            watch.begin();
            engine.failures.failAfter(random.nextInt(4) == 0 ? random.nextInt(70) : random.nextInt(4));
            long result = change.on().applyAsLong(array);
            engine.failures.stop();
            boolean isDone = result != Errno.ENOMEM;
            if (!isDone) {
                assertArrayEquals(imageBefore, image());
                watch.assertUntouched();
                assertNothingLeaked();
                if (random.nextInt(3) == 0) {
                    return false;
                }
                result = change.on().applyAsLong(array);
                assertNotEquals(Errno.ENOMEM, result);
            }
            assertEquals(change.on().applyAsLong(other), result);
            if (isWatched) {
                watch.assertTold(change.isSplit());
                if (random.nextInt(16) == 0) {
                    reclaim();
                }
            }
            assertEquals(XaText.tree(other), text());
            XaChecker.check(array);
            assertNothingLeaked();
            return isDone;
        }

        /** Equal trees remain only if the lists are in the same order. */
        private void reclaim() {
            int nrWanted = random.nextInt(4);
            watch.begin();
            assertEquals(
                    otherWatch.valueNodes().reclaim(nrWanted),
                    watch.valueNodes().reclaim(nrWanted));
            watch.assertTold(false);
        }

        private void assertNothingLeaked() {
            int nrNodes = NodeWatch.countsByNode(array).size()
                    + NodeWatch.countsByNode(other).size();
            assertEquals(nrNodes, engine.nodes.nrInUse());
        }
    }
}
