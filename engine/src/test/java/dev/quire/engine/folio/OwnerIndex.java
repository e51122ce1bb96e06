/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the index of a folio's owner says, under its lock, which whoever asks may hold already. */
final class OwnerIndex {
    /**
     * An entry of the index.
     *
     * @param index an index that it covers; the first one that was asked for
     * @param order log2 indices; 0 if there is none
     * @param word the entry; 0 if there is none
     * @param marks bit k for mark k
     */
    record Entry(long index, int order, long word, int marks) {
        private static Entry at(XaCursor cursor, long word) {
            int marks = 0;
            for (int mark = 0; word != 0 && mark < XArray.NR_MARKS; mark++) {
                marks |= cursor.getMark(mark) ? 1 << mark : 0;
            }
            return new Entry(cursor.index(), word == 0 ? 0 : cursor.getOrder(), word, marks);
        }
    }

    private final XArray index;
    private final XaCursor cursor;

    /** Whether the calling thread holds the lock of the index. */
    private boolean isLocked;

    /**
     * Makes a view of an index.
     *
     * @param owner whose index
     * @param isLocked whether the calling thread holds its lock whenever it asks
     */
    OwnerIndex(FolioOwner owner, boolean isLocked) {
        index = owner.index();
        cursor = new XaCursor(index);
        this.isLocked = isLocked;
    }

    /** Asks many questions under the lock, which is taken once. */
    void ask(Runnable questions) {
        read(() -> {
            questions.run();
            return null;
        });
    }

    /** The entry that covers an index. */
    Entry at(long at) {
        return read(() -> {
            cursor.set(at);
            return Entry.at(cursor, cursor.load());
        });
    }

    /** The same without its order and marks. */
    long wordAt(long at) {
        return read(() -> {
            cursor.set(at);
            return cursor.load();
        });
    }

    /** All entries of the block that a block and its buddy would be. */
    List<Entry> aroundBlock(long startIndex, int order) {
        long first = Geometry.alignDown(startIndex, order + 1);
        long last = first + (2L << order) - 1;
        return read(() -> {
            List<Entry> entries = new ArrayList<>();
            cursor.set(first);
            for (long word = cursor.find(last); word != 0; word = cursor.find(last)) {
                entries.add(Entry.at(cursor, word));
            }
            return entries;
        });
    }

    private <T extends @Nullable Object> T read(Supplier<T> question) {
        if (isLocked) {
            return question.get();
        }
        index.lock();
        isLocked = true;
        try {
            return question.get();
        } finally {
            isLocked = false;
            index.unlock();
        }
    }
}
