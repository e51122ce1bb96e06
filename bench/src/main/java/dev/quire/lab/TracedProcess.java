/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.HdrHistogram.Histogram;

/**
 * The anonymous memory of one process of a trace, with what was written to it. Each page is zero when it is first
 * touched, and from then on holds a stamp that no other page of the replay ever holds, wherever it is moved to.
 */
final class TracedProcess implements AutoCloseable {
    private static final ValueLayout.OfLong STAMP = ValueLayout.JAVA_LONG;
    private static final int MAX_TOUCHES_LOG2 = 40;

    /** Odd, so that different numbers make different stamps; these differ in many bits. */
    private static final long STAMP_FACTOR = 0x9E37_79B9_7F4A_7C15L;

    private final Quire engine;
    private final AnonymousMemory memory;
    private final PageWalker walker;
    private final int touchPercent;
    private final Histogram faultNanos;
    private final TouchedPages touched = new TouchedPages();

    /** Of touches, across all processes. */
    private long lastNumber;

    private long heapEnd;
    private long nrCallsRefused;

    /** Makes a process with a number that no other of the replay ever has. */
    TracedProcess(
            Quire engine,
            AnonymousMemory memory,
            RcuReader reader,
            int touchPercent,
            Histogram faultNanos,
            int processNumber) {
        lastNumber = (long) processNumber << MAX_TOUCHES_LOG2;
        this.engine = engine;
        this.memory = memory;
        this.touchPercent = touchPercent;
        this.faultNanos = faultNanos;
        walker = memory.tables().newWalker(reader);
    }

    /** Calls that the traced kernel did not refuse: the trace lacks what would explain them. */
    long nrCallsRefused() {
        return nrCallsRefused;
    }

    AnonymousMemory memory() {
        return memory;
    }

    void map(long address, long lengthBytes, Protection protection, boolean isTouched) {
        require("map", memory.map(address, lengthBytes, protection));
        touched.clear(pageOf(address), endPageOf(address + lengthBytes));
        if (isTouched) {
            touchIf(protection, address, lengthBytes);
        }
    }

    /** Something that is not anonymous memory takes its place. */
    void unmap(long address, long lengthBytes) {
        require("unmap", memory.unmap(address, lengthBytes));
        touched.clear(pageOf(address), endPageOf(address + lengthBytes));
    }

    /** Of memory that is not anonymous, and so not known here, nothing is to be protected. */
    void protect(long address, long lengthBytes, Protection protection) {
        if (memory.protect(address, lengthBytes, protection) == Errno.OK) {
            touchIf(protection, address, lengthBytes);
        }
    }

    void advise(long address, long lengthBytes, Advice advice) {
        memory.advise(address, lengthBytes, advice);
        if (advice == Advice.DONT_NEED || advice == Advice.FREE) {
            touched.clear(pageOf(address), endPageOf(address + lengthBytes));
        }
    }

    void setBreak(long address) {
        long before = heapEnd;
        heapEnd = memory.setBreak(address);
        if (heapEnd != address) {
            nrCallsRefused++;
            return;
        }
        if (before != 0 && address > before) {
            touch(endPageOf(before) << Geometry.PAGE_SHIFT, address);
        } else if (before != 0) {
            touched.clear(endPageOf(address), endPageOf(before));
        }
    }

    /**
     * Memory that is not known here is moved without being noticed; what is at the new place is gone. So is what is in
     * the way of memory that grows where it is: the kernel did not meet it.
     */
    void remap(long oldAddress, long oldLengthBytes, long newAddress, long newLengthBytes) {
        int result = memory.remap(oldAddress, oldLengthBytes, newAddress, newLengthBytes);
        if (result == Errno.ENOMEM && newAddress == oldAddress) {
            nrCallsRefused++;
            long oldEnd = endPageOf(oldAddress + oldLengthBytes) << Geometry.PAGE_SHIFT;
            unmap(oldEnd, newAddress + newLengthBytes - oldEnd);
            result = memory.remap(oldAddress, oldLengthBytes, newAddress, newLengthBytes);
        }
        if (result == Errno.EFAULT || result == Errno.EINVAL) {
            nrCallsRefused += result == Errno.EINVAL ? 1 : 0;
            unmap(newAddress, newLengthBytes);
            return;
        }
        require("remap", result);
        long keptPages = endPageOf(Math.min(oldLengthBytes, newLengthBytes));
        long oldPage = pageOf(oldAddress);
        if (newAddress != oldAddress) {
            touched.clear(pageOf(newAddress), endPageOf(newAddress + newLengthBytes));
            touched.move(oldPage, oldPage + keptPages, pageOf(newAddress));
        }
        touched.clear(oldPage + keptPages, endPageOf(oldAddress + oldLengthBytes));
        touch((pageOf(newAddress) + keptPages) << Geometry.PAGE_SHIFT, newAddress + newLengthBytes);
    }

    private static void require(String call, int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException(call + " is refused: result=" + Errno.name(result));
        }
    }

    // ---- first touch

    private void touchIf(Protection protection, long address, long lengthBytes) {
        if (protection == Protection.READ_WRITE) {
            touch(address, address + lengthBytes);
        }
    }

    /** Writes to the first pages of a range, in order of their address, unless they were written to before. */
    private void touch(long start, long end) {
        long first = pageOf(start);
        long nrPages = endPageOf(end) - first;
        long nrTouched = Math.ceilDiv(nrPages * touchPercent, 100L);
        if (nrTouched > engine.arena().nrPages()) {
            throw new IllegalStateException("more to touch than a replay has memory: nrPages=" + nrTouched + ", max="
                    + engine.arena().nrPages() + "; --touch says how much of memory is touched");
        }
        for (long page = first; page < first + nrTouched; page++) {
            if (touched.get(page) == TouchedPages.NONE && !touchPage(page)) {
                return;
            }
        }
    }

    /**
     * A page for which there is no memory stays untouched, with the rest of its range: the real program would have been
     * killed.
     */
    private boolean touchPage(long page) {
        long handle = walker.pinOrFault(page << Geometry.PAGE_SHIFT, true, this::fault);
        if (handle == PageWalker.NOT_PINNED) {
            return false;
        }
        long stamp = ++lastNumber * STAMP_FACTOR;
        long before = stamps(handle).get(STAMP, offsetOf(handle));
        stamps(handle).set(STAMP, offsetOf(handle), stamp);
        walker.unpin(handle);
        if (before != TouchedPages.NONE) {
            throw new IllegalStateException("a new page is not zero: page=0x" + Long.toHexString(page));
        }
        touched.put(page, stamp);
        return true;
    }

    private boolean fault(PageTables tables, long address, boolean forWriting) {
        long startNanos = System.nanoTime();
        boolean broughtIn = memory.fault(tables, address, forWriting);
        faultNanos.recordValue(System.nanoTime() - startNanos);
        return broughtIn;
    }

    /**
     * Reads all stamps.
     *
     * @return number of pages that hold theirs, which are all that were touched and not given up
     * @throws IllegalStateException if one does not
     */
    long verify() {
        long[] nrVerified = {0};
        touched.forEach((page, stamp) -> {
            long handle = walker.pin(page << Geometry.PAGE_SHIFT, false);
            if (handle == PageWalker.NOT_PINNED) {
                throw new IllegalStateException("a page is lost: page=0x" + Long.toHexString(page));
            }
            long found = stamps(handle).get(STAMP, offsetOf(handle));
            walker.unpin(handle);
            if (found != stamp) {
                throw new IllegalStateException("a page holds another's contents: page=0x" + Long.toHexString(page));
            }
            nrVerified[0]++;
        });
        return nrVerified[0];
    }

    private MemorySegment stamps(long page) {
        return engine.folios().bytes(engine.folios().headOf(page));
    }

    private long offsetOf(long page) {
        long firstPfn = engine.arena().pfnOf(engine.folios().headOf(page));
        return (engine.arena().pfnOf(page) - firstPfn) << Geometry.PAGE_SHIFT;
    }

    private static long pageOf(long address) {
        return address >>> Geometry.PAGE_SHIFT;
    }

    private static long endPageOf(long end) {
        return (end + Geometry.PAGE_BYTES - 1) >>> Geometry.PAGE_SHIFT;
    }

    @Override
    public void close() {
        memory.close();
    }
}
