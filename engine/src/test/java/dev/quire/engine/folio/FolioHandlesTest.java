/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Handles of pages that are no head of a folio in use are refused before anything is written through them. */
class FolioHandlesTest extends WholeEngineTest {
    private static final int NR_PAGES_WATCHED = 8;

    private static Map<String, LongConsumer> callsThatWrite(Quire engine, MemoryGroup group, long slot) {
        Folios folios = engine.folios();
        LruLists lru = engine.accounting().lru();
        PageOwners pageOwners = Objects.requireNonNull(engine.accounting().owners());
        return Map.ofEntries(
                Map.entry("lock", folios::lock),
                Map.entry("tryLock", folios::tryLock),
                Map.entry("unlock", folios::unlock),
                Map.entry("lru.add", lru::add),
                Map.entry("lru.isolate", lru::isolate),
                Map.entry("lru.setActive", folio -> lru.setActive(folio, true)),
                Map.entry("lru.setUnevictable", folio -> lru.setUnevictable(folio, false)),
                Map.entry(
                        "deferredSplits.add",
                        folio -> engine.accounting().deferredSplits().add(folio, true)),
                Map.entry("group.charge", group::charge),
                Map.entry("groups.idOf", folio -> engine.accounting().groups().idOf(folio, -1)),
                Map.entry("pageOwners.tag", folio -> pageOwners.tag(folio, 5)),
                Map.entry("swapTable.add", folio -> engine.swapTable().add(folio, slot)),
                Map.entry("swapTable.remove", folio -> engine.swapTable().remove(folio)));
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void whatIsNoFolioInUseIsRefusedAndStaysAsItIs(HeadMapKind headMap) {
        Quire engine =
                open(Quire.builder().capacityBytes(1L << 30).headMap(headMap).pageOwners(true));
        Folios folios = engine.folios();
        // Of order 2 and 3: the order of the first, in page 1, has the lock bit clear, that of the second has it set.
        long even = folios.allocate(2);
        long odd = folios.allocate(3);
        long freed = folios.allocate(4);
        long table = engine.zone().allocateFrozen(0);
        long slot = engine.swapTable().allocate(4);
        MemoryGroup group = engine.accounting().groups().open(7);
        try (RcuReader reader = engine.newReader()) {
            reader.enter();
            folios.unpin(freed);
            PageOwners pageOwners = Objects.requireNonNull(engine.accounting().owners());
            Map<String, Long> handles = Map.of(
                    "page 1 of order 2", even + PageStruct.BYTES,
                    "page 2 of order 2", even + 2 * PageStruct.BYTES,
                    "page 1 of order 3", odd + PageStruct.BYTES,
                    "page 2 of order 3", odd + 2 * PageStruct.BYTES,
                    "a freed folio", freed,
                    "page 1 of a freed folio", freed + PageStruct.BYTES,
                    "a frozen block", table);
            callsThatWrite(engine, group, slot)
                    .forEach(
                            (name, call) -> handles.forEach((kind, handle) -> assertRefused(name, call, kind, handle)));
            assertEquals(PageOwners.FREE, pageOwners.order(freed));
            assertEquals(0, pageOwners.tag(even + PageStruct.BYTES));
            reader.exit();
        }
        engine.awaitReclaim();
        assertEquals(0, engine.accounting().deferredSplits().nrFolios());
        assertEquals(1, group.nrReferences());
        assertEquals(0, engine.accounting().lru().nrPages(LruList.INACTIVE_FILE));
        group.close();
        engine.swapTable().free(slot, 16);
        engine.zone().freeFrozen(table, 0);
        folios.unpin(odd);
        folios.unpin(even);
    }

    private static void assertRefused(String name, LongConsumer call, String kind, long handle) {
        long[] before = words(handle);
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> call.accept(handle), name + " of " + kind);
        assertEquals(
                "nobody holds a reference: free, frozen, or no head of a folio: folio=0x" + Long.toHexString(handle),
                refused.getMessage());
        assertArrayEquals(before, words(handle), name + " of " + kind + ": page structs");
    }

    private static long[] words(long page) {
        long[] words = new long[NR_PAGES_WATCHED * PageStruct.BYTES / Long.BYTES];
        for (int i = 0; i < words.length; i++) {
            words[i] = NativeMemory.getLong(page + (long) i * Long.BYTES);
        }
        return words;
    }
}
