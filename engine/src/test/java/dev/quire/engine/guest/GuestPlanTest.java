/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitStages;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is printed of a conversion is what then happens. */
class GuestPlanTest extends GuestTest {
    /** Each freeze by the order of what it splits and the number of pieces. */
    private final List<String> freezes = new ArrayList<>();

    private void openHuge(GuestSplitPolicy policy) {
        engine = open(Quire.builder()
                .capacityBytes(4L << 30)
                .splitObserver((order, nrPieces, result, nanos, frozenNanos) -> freezes.add(order + " " + nrPieces)));
        guest = engine.newGuestMemory(1L << 30, Geometry.PUD_ORDER, policy, mmu);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        STAGED      | 175053 | 1    | 0: 18 -> 512x9;174592: 9 -> 512x0
        STAGED      | 500    | 20   | 0: 18 -> 512x9;0 to 512 (2 times): 9 -> 512x0
        STAGED      | 512    | 1024 | 0: 18 -> 512x9;512 to 1024 (2 times): 9 -> 512x0
        UNIFORM     | 5      | 1    | 0: 18 -> 262144x0
        NON_UNIFORM | 0      | 2    | 0: 18 -> 0,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
        """)
    void aConversionDoesWhatIsPrinted(GuestSplitPolicy policy, long index, long nrPages, String text) {
        openHuge(policy);
        SplitStages stages = guest.planConversion(index * PAGE, nrPages * PAGE, true, index);
        assertEquals(text.replace(";", "\n"), stages.toString());
        assertEquals(ConversionResult.OK, toShared(index, nrPages));
        assertEquals(runsOf(stages.pieces()), layout());
        assertEquals(
                stages.freezes().stream()
                        .map(freeze ->
                                freeze.plan().order() + " " + freeze.plan().nrPieces())
                        .sorted()
                        .collect(Collectors.toList()),
                freezes.stream().sorted().collect(Collectors.toList()));
        assertEquals(
                "18 stays whole",
                guest.planConversion(0, guest.sizeBytes(), false, 0).toString());
    }

    private static String runsOf(SplitPlan plan) {
        return IntStream.range(0, plan.nrRuns())
                .mapToObj(run -> (plan.runCount(run) == 1 ? "" : plan.runCount(run) + "x") + plan.runOrder(run))
                .collect(Collectors.joining(" "));
    }

    @Test
    void badQuestions() {
        open(GuestSplitPolicy.STAGED, 1);
        assertEquals(
                "index out of range: index=512, max=511",
                assertThrows(IllegalArgumentException.class, () -> guest.planConversion(0, PAGE, true, 512))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> guest.planConversion(1, PAGE, true, 0));
    }
}
