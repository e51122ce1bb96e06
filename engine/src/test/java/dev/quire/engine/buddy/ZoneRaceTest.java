/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** Two threads allocate, cut and free at once; no page ever has two owners, and nothing is lost. */
class ZoneRaceTest {
    private static final int NR_PAGES = 5000;
    private static final int NR_STEPS = 300_000;
    private static final int LARGEST_ORDER = 7;

    @Test
    void noPageHasTwoOwners() throws Exception {
        SplittableRandom random = TestSeed.random("ZoneRaceTest");
        try (ZoneFixture fixture = ZoneFixture.withHeadBits(NR_PAGES);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            AtomicIntegerArray owners = new AtomicIntegerArray(NR_PAGES);
            CyclicBarrier start = new CyclicBarrier(2);
            List<Future<?>> runs = new ArrayList<>();
            for (int owner = 1; owner <= 2; owner++) {
                Owner run = new Owner(fixture, owners, owner, random.split());
                runs.add(threads.submit(() -> {
                    start.await();
                    run.run();
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
            assertArrayEquals(ZoneFixture.maximalBlocks(NR_PAGES), fixture.freeBlocks(), TestSeed.asOption());
            assertEquals(NR_PAGES, fixture.zone.nrFreePages());
        }
    }

    private record Owner(ZoneFixture fixture, AtomicIntegerArray owners, int owner, SplittableRandom random) {
        private record Block(long pfn, int order) {}

        void run() {
            List<Block> blocks = new ArrayList<>();
            for (int step = 0; step < NR_STEPS; step++) {
                if (blocks.isEmpty() || random.nextBoolean()) {
                    allocate(blocks);
                } else {
                    Block block = removeAny(blocks);
                    if (block.order > 0 && random.nextInt(4) == 0) {
                        cut(block, blocks);
                    } else {
                        free(block);
                    }
                }
            }
            blocks.forEach(this::free);
        }

        private Block removeAny(List<Block> blocks) {
            int chosen = random.nextInt(blocks.size());
            Block last = blocks.removeLast();
            return chosen == blocks.size() ? last : blocks.set(chosen, last);
        }

        private void allocate(List<Block> blocks) {
            int order = random.nextInt(LARGEST_ORDER + 1);
            long pfn = fixture.allocate(order);
            if (pfn < 0) {
                return;
            }
            for (long page = pfn; page < pfn + (1L << order); page++) {
                assertTrue(owners.compareAndSet((int) page, 0, owner), "two owners: pfn=" + page);
            }
            blocks.add(new Block(pfn, order));
        }

        /** Cuts an owned block into equal parts, without the zone: neighbours in the same words keep their heads. */
        private void cut(Block block, List<Block> blocks) {
            int newOrder = random.nextInt(block.order);
            fixture.headBits.setUniform(block.pfn, block.order, newOrder);
            for (long pfn = block.pfn; pfn < block.pfn + (1L << block.order); pfn += 1L << newOrder) {
                assertEquals(pfn, fixture.headBits.headOf(pfn + (1L << newOrder) - 1));
                PageStruct.mapcount(fixture.arena.pageAt(pfn), PageStruct.MAPCOUNT_NONE);
                blocks.add(new Block(pfn, newOrder));
            }
        }

        private void free(Block block) {
            for (long page = block.pfn; page < block.pfn + (1L << block.order); page++) {
                assertTrue(owners.compareAndSet((int) page, owner, 0), "owner lost: pfn=" + page);
            }
            fixture.free(block.pfn, block.order);
        }
    }
}
