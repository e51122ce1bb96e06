/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.TestSeed;
import dev.quire.engine.xarray.ModelledCursor.Operation;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations of two cursors under one lock, beside {@link RangeModel}: results, indices and, whenever the lock
 * is given back, the whole contents must agree. What one cursor changes makes the other's position stale: reading from
 * that is refused, and a change walks anew. {@code -Dquire.model.operations=N} sets the length of each run.
 */
class XaCursorModelTest extends XArrayCatalogue {
    private static final int NR_OPERATIONS = Integer.getInteger("quire.model.operations", 200_000);
    private static final int OPERATIONS_PER_HOLD = 40;
    private static final int MAX_ENTRIES = 300;
    private static final int MAX_PREPARED = 12;
    private static final int NR_REMEMBERED = 25;
    private static final Operation[] OPERATIONS = Operation.values();

    private final RangeModel model = new RangeModel();
    private final Deque<String> history = new ArrayDeque<>();
    private SplittableRandom random = new SplittableRandom(0);
    private RandomArguments arguments = new RandomArguments(random, model, 1);

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(1, 1 << 20, 1);
    }

    @ParameterizedTest(name = "indices of {0} bits")
    @ValueSource(ints = {3, 6, 8, 12, 14, 64})
    void agreesWithTheModel(int indexBits) {
        random = TestSeed.random("XaCursorModelTest, " + indexBits + " bits");
        arguments = new RandomArguments(random, model, indexBits);
        for (int nrDone = 0; nrDone < NR_OPERATIONS; nrDone += OPERATIONS_PER_HOLD) {
            try {
                prepare();
                hold();
                RangeComparison.assertSame(model, array);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        TestSeed.asOption() + " operations=" + nrDone + " after\n" + String.join("\n", history), e);
            }
        }
    }

    /** Something else to begin with, most of the time what was there and a little more. */
    private void prepare() {
        if (model.size() > MAX_ENTRIES || random.nextInt(4) == 0) {
            array.destroy();
            model.clear();
            history.clear();
        }
        for (int nrStores = random.nextInt(MAX_PREPARED); nrStores > 0; nrStores--) {
            int order = anyOrder();
            long first = arguments.anyIndex() & -1L << order;
            long word = arguments.anyWord();
            int mark = random.nextInt(XArray.NR_MARKS);
            remember("store 0x" + Long.toHexString(first) + "/" + order + " mark " + mark);
            array.storeOrder(first, order, word);
            array.setMark(first, mark);
            model.storeOrder(first, order, word);
            model.mark(first, mark, true);
        }
    }

    private void hold() {
        ModelledCursor often = newCursor();
        ModelledCursor seldom = newCursor();
        array.lock();
        try {
            for (int nrDone = 0; nrDone < OPERATIONS_PER_HOLD; nrDone++) {
                if (random.nextInt(4) > 0) {
                    use("often", often, seldom);
                } else {
                    use("seldom", seldom, often);
                }
            }
        } finally {
            array.unlock();
        }
    }

    private ModelledCursor newCursor() {
        ModelledCursor cursor = new ModelledCursor(array, model, random, arguments, engine.failures);
        cursor.setOrder(arguments.anyIndex(), 0);
        return cursor;
    }

    private void use(String name, ModelledCursor cursor, ModelledCursor other) {
        int choice = random.nextInt(OPERATIONS.length + 3);
        String action = name + " " + cursor + ": ";
        if (choice < OPERATIONS.length) {
            Operation operation = OPERATIONS[choice];
            remember(action + operation);
            cursor.perform(operation);
            if (operation.isChange()) {
                other.overtake();
            }
        } else if (choice == OPERATIONS.length) {
            remember(action + "RESET");
            cursor.reset();
        } else {
            long index = arguments.anyIndex();
            int order = anyOrder();
            remember(action + "SET_ORDER 0x" + Long.toHexString(index) + "/" + order);
            cursor.setOrder(index, order);
        }
    }

    private int anyOrder() {
        return random.nextInt(3) == 0 ? 0 : arguments.anyOrder();
    }

    private void remember(String action) {
        if (history.size() == NR_REMEMBERED) {
            history.removeFirst();
        }
        history.addLast(action);
    }
}
