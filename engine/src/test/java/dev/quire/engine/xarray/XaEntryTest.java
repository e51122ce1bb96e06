/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class XaEntryTest {
    private static final long LARGEST_ADDRESS = (1L << 57) - 64;
    private static final long LAST_STAMP = (1L << 54) - 1;

    @Test
    void everySmallWordIsWhatTheTableSays() {
        for (long word = 0; word <= 4096; word++) {
            boolean isInternal = word % 4 == 2;
            assertEquals(word % 2 == 1, XaEntry.isValue(word), "word=" + word);
            assertEquals(word % 4 == 0 && word > 0, XaEntry.isPointer(word), "word=" + word);
            assertEquals(isInternal, XaEntry.isInternal(word), "word=" + word);
            assertFalse(XaEntry.isSibling(word), "word=" + word);
            assertEquals(word == 1026, XaEntry.isAdvanced(word), "word=" + word);
            assertFalse(XaEntry.isNode(word), "word=" + word);
            assertFalse(XaEntry.isError(word), "word=" + word);
            assertEquals(Errno.OK, XaEntry.errnoOf(word), "word=" + word);
        }
    }

    @Test
    void valuesHoldEveryInteger() {
        SplittableRandom random = TestSeed.random("valuesHoldEveryInteger");
        for (int bits = 0; bits < Long.SIZE - 1; bits++) {
            for (long integer :
                    new long[] {1L << bits, (1L << bits) - 1, random.nextLong() >>> (Long.SIZE - 1 - bits)}) {
                long word = XaEntry.value(integer);
                assertTrue(XaEntry.isValue(word));
                assertFalse(XaEntry.isPointer(word) || XaEntry.isInternal(word));
                assertEquals(integer, XaEntry.valueOf(word));
                assertEquals("v" + integer, XaEntry.toText(word));
            }
        }
        assertEquals(-1L, XaEntry.value(XaEntry.MAX_VALUE));
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> XaEntry.value(Long.MIN_VALUE));
        assertEquals("integer out of range: integer=-9223372036854775808, min=0", refusal.getMessage());
    }

    @Test
    void siblingsNameEverySlotThatCanHaveSome() {
        for (int slot = 0; slot <= 62; slot++) {
            for (long stamp : new long[] {0, 1, 77, 1L << 53, LAST_STAMP}) {
                long word = XaEntry.sibling(slot, stamp);
                assertTrue(XaEntry.isSibling(word) && XaEntry.isInternal(word) && XaEntry.isAdvanced(word));
                assertFalse(XaEntry.isNode(word) || XaEntry.isError(word));
                assertEquals(slot, XaEntry.siblingSlot(word));
                assertEquals(stamp, XaEntry.siblingStamp(word));
                assertEquals("s" + slot, XaEntry.toText(word));
                assertTrue(XaEntry.isSiblingOf(word, slot));
                assertFalse(XaEntry.isSiblingOf(word, 62 - slot) && slot != 31);
            }
            assertEquals(XaEntry.sibling(slot, 1), XaEntry.sibling(slot, LAST_STAMP + 2), "stamps begin again");
        }
    }

    @Test
    void errorsKeepTheirNumberAndAreNothingElse() {
        for (int errno = -1; errno >= -4095; errno--) {
            long word = XaEntry.error(errno);
            assertTrue(XaEntry.isError(word));
            assertEquals(errno, XaEntry.errnoOf(word));
            assertTrue(XaEntry.isInternal(word));
            assertFalse(XaEntry.isAdvanced(word) || XaEntry.isSibling(word) || XaEntry.isPointer(word));
            assertFalse(XaEntry.isNode(word));
        }
        assertEquals("!ENOMEM", XaEntry.toText(XaEntry.error(Errno.ENOMEM)));
        assertThrows(IllegalArgumentException.class, () -> XaEntry.error(0));
        assertThrows(IllegalArgumentException.class, () -> XaEntry.error(-4096));
    }

    @Test
    void nodesKeepAddressAndShift() {
        for (int shift = 0; shift <= 60; shift += 6) {
            for (long address : new long[] {8192, 0x7fff_ffff_ffc0L, 1L << 56, LARGEST_ADDRESS}) {
                long word = XaEntry.node(address, shift);
                assertTrue(XaEntry.isNode(word));
                assertEquals(address, XaEntry.nodeAddress(word));
                assertEquals(shift, XaEntry.nodeShift(word));
                assertEquals("N", XaEntry.toText(word));
                assertFalse(XaEntry.isError(word) || XaEntry.isAdvanced(word));
                assertFalse(XaEntry.isValue(word) || XaEntry.isPointer(word));
            }
        }
    }

    @Test
    void namesWhatIsLeft() {
        assertEquals("-", XaEntry.toText(XaEntry.EMPTY));
        assertEquals("R", XaEntry.toText(XaEntry.RETRY));
        assertEquals("Z", XaEntry.toText(XaEntry.ZERO));
        assertEquals("p7f40", XaEntry.toText(0x7f40));
        assertEquals("?3fe", XaEntry.toText(1022));
    }
}
