/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.folio.EngineCounts.Count;
import dev.quire.engine.lock.References;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What must hold after every attempt to split or merge a folio, successful or not. Made before an attempt, it remembers
 * what the folio and everything around it looked like. {@link SplitWatch} makes one for the attempts of all tests.
 *
 * <p>Looks at every piece, and at every page of folios up to order 9 and at samples of larger ones; but of more than
 * 4096 pieces it follows samples to their pages, their entries in the index and their owners. For a test that has the
 * engine for itself.
 */
final class FolioInvariants {
    /** What a piece has from the folio, written down from the rules, not taken from the engine. */
    private static final long INHERITED = mask(
            PageFlag.REFERENCED,
            PageFlag.SWAPBACKED,
            PageFlag.SWAPCACHE,
            PageFlag.MLOCKED,
            PageFlag.UPTODATE,
            PageFlag.DIRTY,
            PageFlag.ACTIVE,
            PageFlag.WORKINGSET,
            PageFlag.UNEVICTABLE,
            PageFlag.DROPBEHIND,
            PageFlag.ARCH_2,
            PageFlag.ARCH_3,
            PageFlag.YOUNG,
            PageFlag.IDLE);

    /** What the head of the whole says, and the first piece does not. */
    private static final long OF_THE_WHOLE = mask(PageFlag.LOCKED, PageFlag.WAITERS, PageFlag.HEAD, PageFlag.LRU);

    /** The same of page 1. */
    private static final long OF_THE_WHOLE_SECOND = FolioStruct.ORDER_MASK
            | mask(PageFlag.HAS_HWPOISONED, PageFlag.PARTIALLY_MAPPED, PageFlag.DEFERRED_SPLIT, PageFlag.HWPOISON);

    /** Bit of a slot of the swap cache that is free once its folio leaves. */
    private static final long GIVEN_BACK = 2;

    private static final int MAX_PIECES_FOLLOWED = 4096;
    private static final int PIECE_STRIDE = 61;

    private final FolioContext context;
    private final @Nullable FolioOwner owner;
    private final @Nullable OwnerIndex ownerIndex;

    /**
     * Whether the folio is split as a part of a restructuring: it is frozen, and its owner's index locked, from
     * before to after.
     */
    private final boolean isRestructured;

    private final long folio;
    private final int order;
    private final long nrPages;
    private final long flags;
    private final long secondFlags;
    private final long mapping;
    private final long index;
    private final long privateWord;
    private final long memcgData;
    private final long tag;

    /** Marks of the folio's entry in the index. */
    private final int marks;

    /** First page, relative to the folio, of the pieces that a split drops. */
    private final long firstDropped;

    private final BitSet poisonedPages = new BitSet();

    /** Slots of the swap cache that were given back, relative to the folio's first. */
    private final BitSet slotsGivenBack = new BitSet();

    private final FolioLeaves leaves;
    private final FolioState state;
    private final EngineCounts counts;
    private int nrFailedSplits;
    private BiPredicate<Long, Integer> frozen = (offset, order) -> false;

    /** Remembers the folio of a subject, or the pieces that are to be one again. */
    FolioInvariants(SplitSubject subject) {
        this(subject.splitter.context(), subject.space, subject.folio, subject.order);
    }

    /** Remembers a folio that the splitter of this context, or a restructurer beside it, is to split. */
    FolioInvariants(FolioContext context, long folio) {
        this(context, ownerOf(context, folio), folio, FolioStruct.order(folio));
    }

    private FolioInvariants(FolioContext context, @Nullable FolioOwner owner, long folio, int order) {
        this.context = context;
        this.owner = owner;
        isRestructured = References.count(folio) == 0;
        ownerIndex = owner == null ? null : new OwnerIndex(owner, isRestructured);
        this.folio = folio;
        this.order = order;
        nrPages = Geometry.pagesIn(order);
        flags = PageStruct.flags(folio);
        secondFlags = order > 0 ? FolioStruct.flags1(folio) : 0;
        mapping = PageStruct.mapping(folio);
        index = PageStruct.index(folio);
        privateWord = PageStruct.privateWord(folio);
        memcgData = PageStruct.memcgData(folio);
        PageOwners pageOwners = context.accounting().owners();
        tag = pageOwners == null ? 0 : pageOwners.tag(folio);
        marks = ownerIndex == null ? 0 : ownerIndex.at(index).marks();
        firstDropped = owner == null ? Long.MAX_VALUE : Math.max(owner.endIndex() - index, 1);
        boolean probed = order <= Geometry.PMD_ORDER || PageFlag.HAS_HWPOISONED.isSet(secondFlags);
        for (long page = 0; probed && page < nrPages; page++) {
            boolean poisoned = PageFlag.HWPOISON.isSet(PageStruct.flags(folio + page * PageStruct.BYTES));
            poisonedPages.set((int) page, poisoned);
        }
        for (long page = 0; isSwapCached() && page < nrPages; page++) {
            slotsGivenBack.set((int) page, (slot(page) & GIVEN_BACK) != 0);
        }
        boolean mapped = FolioMapcounts.total(folio) > 0;
        leaves = mapped ? readLeaves() : FolioLeaves.none();
        state = FolioState.of(context, ownerIndex, folio, order);
        counts = EngineCounts.of(context, owner, memcgData);
    }

    private static @Nullable FolioOwner ownerOf(FolioContext context, long folio) {
        long mapping = PageStruct.mapping(folio);
        return mapping == 0 || FolioSplitter.isAnonymous(mapping)
                ? null
                : context.owners().of(mapping);
    }

    private FolioLeaves readLeaves() {
        return FolioLeaves.of(context, folio, nrPages, mapping, index);
    }

    private long slot(long page) {
        return NativeMemory.getLong(context.arena().swapTableBase() + (privateWord + page) * Long.BYTES);
    }

    private static long mask(PageFlag... flags) {
        long mask = 0;
        for (PageFlag flag : flags) {
            mask |= flag.mask();
        }
        return mask;
    }

    // ---- failure

    /**
     * 10: nothing has changed, not a byte, not an entry, not a list, not a count; but that a file's folio may be mapped
     * no more, or an anonymous one in smaller leaves.
     */
    void afterFailure() {
        String when = "after a refused attempt";
        FolioLeaves now = leaves.isEmpty() ? leaves : readLeaves();
        boolean gone = isIndexed() && now.isEmpty();
        if (!gone) {
            assertEquals(leaves.runs(), now.runs(), () -> "what page tables show " + when);
        }
        FolioState expected = state.with(leaves, now, order, gone ? leaves.gatheredFlags() : 0);
        expected.requireSame(FolioState.of(context, ownerIndex, folio, order), when);
        counts.requireState(EngineCounts.of(context, owner, memcgData), when);
    }

    /** The same, after one more split that failed, of which nothing is counted but that. */
    void afterFailedSplit() {
        afterFailure();
        nrFailedSplits++;
        EngineCounts expected = counts.copy();
        expected.addFailed(order, nrFailedSplits);
        expected.requireStatistics(EngineCounts.of(context, owner, memcgData), false, "after a failed split");
    }

    // ---- success

    /**
     * The folio has become folios of these orders, in this order.
     *
     * @param orders expected orders
     * @param lockAt page of the folio that must be locked and have the caller's reference
     * @param keptReferences references that each piece has beyond those of its kind, and the locked one's
     */
    void afterSuccess(int[] orders, long lockAt, int keptReferences) {
        FolioLeaves now = leaves.isEmpty() ? leaves : readLeaves();
        assertEquals(isIndexed() ? List.of() : leaves.runs(), now.runs(), "what page tables show after a split");
        int nrMappedPages = Math.toIntExact(now.isEmpty() ? 0 : nrPages);
        int[] nrLeaves = now.leavesByPage(nrMappedPages);
        int[] nrLargeLeaves = now.largeLeavesByPage(nrMappedPages);
        EngineCounts expected = counts.copy();
        List<ExpectedPiece> followed = new ArrayList<>();
        long lastLink = state.place().before();
        long offset = 0;
        for (int number = 0; number < orders.length; number++) {
            ExpectedPiece piece = expect(offset, orders[number], lockAt, keptReferences, nrLeaves, nrLargeLeaves);
            checkPiece(piece);
            if (orders.length <= MAX_PIECES_FOLLOWED || number % PIECE_STRIDE == 0 || piece.locked) {
                followed.add(piece);
            }
            count(expected, piece);
            if (piece.references > 0) {
                // 7: the pieces that live are where the folio was, in order, each once.
                lastLink = state.place().requireNext(lastLink, PageStruct.list(piece.head));
            }
            offset += Geometry.pagesIn(piece.order);
        }
        assertEquals(nrPages, offset, "pages of all pieces");
        state.place().requireNext(lastLink, state.place().after());
        follow(followed);
        expectUnqueued(expected);
        expectIndexed(expected, orders);
        EngineCounts actual = EngineCounts.of(context, owner, memcgData);
        if (isAnyDropped() || isRestructured) {
            // The index may have given nodes back; the nodes of a restructuring are in use before it.
            expected.accept(Count.INDEX_NODES, actual);
        }
        expected.requireState(actual, "after a split");
    }

    /** Names the pieces, by first page and order, that a restructuring splits again and leaves frozen until then. */
    void stayFrozen(BiPredicate<Long, Integer> pieces) {
        frozen = pieces;
    }

    /** The same, after a split, of which the right things are counted. */
    void afterSplit(int[] orders, long lockAt, int keptReferences) {
        afterSuccess(orders, lockAt, keptReferences);
        EngineCounts expected = counts.copy();
        expected.addFailed(order, nrFailedSplits);
        expected.addSplits(order, 1);
        expected.add(Count.PIECES_MADE, orders.length);
        long nrNodes = owner == null ? 0 : SplitLayouts.nrNodes(order, orders);
        expected.add(Count.NODES_ADDED, nrNodes);
        expected.add(Count.GROUP_INDEX_NODES, memcgData == 0 ? 0 : nrNodes);
        long nrDropped = nrPagesDropped(orders);
        if (owner != null && AddressSpaceStruct.isSwapBacked(mapping)) {
            expected.add(Count.SHARED_MEMORY_DROPPED, nrDropped);
        } else if (PageFlag.DIRTY.isSet(flags | leaves.gatheredFlags())) {
            expected.add(Count.FILE_CLEANED, nrDropped);
        }
        expected.requireStatistics(EngineCounts.of(context, owner, memcgData), true, "after a split");
    }

    private ExpectedPiece expect(
            long offset, int pieceOrder, long lockAt, int keptReferences, int[] leavesByPage, int[] largeLeavesByPage) {
        boolean dropped = offset > 0 && offset >= firstDropped;
        boolean cached = isSwapCached() || (isIndexed() && !dropped);
        return new ExpectedPiece(
                folio, offset, pieceOrder, dropped, cached, lockAt, keptReferences, leavesByPage, largeLeavesByPage);
    }

    private boolean isPoisoned(ExpectedPiece piece) {
        int next = poisonedPages.nextSetBit((int) piece.offset);
        return next >= 0 && next < piece.end;
    }

    private void checkPiece(ExpectedPiece piece) {
        // 2: references of the kind, none frozen. What is freed may be part of a larger free block by now.
        long references = frozen.test(piece.offset, piece.order) ? 0 : piece.references;
        piece.check(references, References.count(piece.head), "references");
        if (piece.references > 0) {
            checkFields(piece);
            checkMapcounts(piece);
        }
    }

    /** Looks from the pieces at what leads to them. */
    private void follow(List<ExpectedPiece> pieces) {
        for (ExpectedPiece piece : pieces) {
            if (piece.references > 0) {
                FoliosAtRest.checkBlock(context, piece.head, piece.order, piece::toString);
                checkPageOwners(piece);
            }
        }
        OwnerIndex asked = ownerIndex;
        if (asked != null) {
            asked.ask(() -> pieces.forEach(piece -> checkIndex(asked, piece)));
        }
    }

    /** 4, 5 and 9: flags, mapping, index, private word, group, poison; only the right one is locked. */
    private void checkFields(ExpectedPiece piece) {
        long offset = piece.offset;
        // The first piece is the old head, and keeps what a new head does not get.
        // Of what has an owner's own data only the owner makes pieces, each with such data.
        long inherited = INHERITED | (isRestructured ? PageFlag.PRIVATE.mask() : 0);
        long kept = (flags | (isIndexed() ? leaves.gatheredFlags() : 0)) & (offset == 0 ? ~OF_THE_WHOLE : inherited);
        long expected = kept & ~PageFlag.HWPOISON.mask();
        expected |= piece.order > 0 ? PageFlag.HEAD.mask() : 0;
        expected |= piece.locked ? PageFlag.LOCKED.mask() : 0;
        expected |= isOnLru() ? PageFlag.LRU.mask() : 0;
        expected |= poisonedPages.get((int) offset) ? PageFlag.HWPOISON.mask() : 0;
        if (piece.dropped && !PageFlag.SWAPBACKED.isSet(flags)) {
            expected &= ~PageFlag.DIRTY.mask();
        }
        piece.check(expected, PageStruct.flags(piece.head), "flags");
        piece.check(piece.dropped ? 0 : mapping, PageStruct.mapping(piece.head), "mapping");
        piece.check(index + offset, PageStruct.index(piece.head), "index");
        long expectedPrivate = isSwapCached() ? privateWord + offset : offset == 0 ? privateWord : 0;
        piece.check(expectedPrivate, PageStruct.privateWord(piece.head), "private word");
        piece.check(memcgData, PageStruct.memcgData(piece.head), "memory group");
        piece.check(piece.order, FolioStruct.order(piece.head), "order");
        if (piece.order > 0) {
            checkSecondPage(piece);
        }
        for (long page = 0; isSwapCached() && page < Geometry.pagesIn(piece.order); page++) {
            long word = piece.head | (slotsGivenBack.get((int) (offset + page)) ? GIVEN_BACK : 0);
            piece.check(word, slot(offset + page), "slot of the swap cache");
        }
    }

    /** 8 is here too: no piece says that it is queued or partially mapped. */
    private void checkSecondPage(ExpectedPiece piece) {
        boolean first = piece.offset == 0;
        long kept = first ? secondFlags & ~OF_THE_WHOLE_SECOND : PageFlag.LARGE_RMAPPABLE.mask();
        boolean knownPoison = PageFlag.HAS_HWPOISONED.isSet(secondFlags) && isPoisoned(piece);
        long expected = piece.order | kept | (knownPoison ? PageFlag.HAS_HWPOISONED.mask() : 0);
        expected |= poisonedPages.get((int) piece.offset + 1) ? PageFlag.HWPOISON.mask() : 0;
        piece.check(expected, FolioStruct.flags1(piece.head), "flags of page 1");
        piece.check(Geometry.pagesIn(piece.order), FolioStruct.nrPages(piece.head), "number of pages");
        piece.check(0, FolioStruct.pincount(piece.head), "pin count");
    }

    /** Every leaf is one of a single page now, or of 2 MiB. */
    private void checkMapcounts(ExpectedPiece piece) {
        piece.check(piece.nrLeaves, FolioMapcounts.total(piece.head), "leaves that map it");
        if (piece.order > 0) {
            int nrEntire = piece.order == Geometry.PMD_ORDER ? piece.nrLargeLeaves : 0;
            piece.check(nrEntire, FolioMapcounts.entire(piece.head), "leaves that map the whole of it");
            long nrPagesMapped = piece.nrLeaves
                    - piece.nrLargeLeaves
                    + (piece.nrLargeLeaves - nrEntire) * Geometry.pagesIn(Geometry.PMD_ORDER);
            piece.check(nrPagesMapped, FolioMapcounts.nrPagesMapped(piece.head), "pages mapped by smaller leaves");
        }
    }

    private void checkPageOwners(ExpectedPiece piece) {
        PageOwners pageOwners = context.accounting().owners();
        if (pageOwners == null) {
            return;
        }
        piece.check(tag, pageOwners.tag(piece.head), "allocation tag");
        long size = Geometry.pagesIn(piece.order);
        for (long page = 0; page < size; page += Math.max(size / FoliosAtRest.MAX_PROBES, 1)) {
            piece.check(piece.order, pageOwners.order(piece.head + page * PageStruct.BYTES), "recorded order");
        }
    }

    /**
     * 3: every index that is kept leads to its folio, with its order and marks; nothing is found of what is dropped.
     */
    private void checkIndex(OwnerIndex asked, ExpectedPiece piece) {
        long size = Geometry.pagesIn(piece.order);
        long start = index + piece.offset;
        for (long page = 0; page < size; page += Math.max(size / FoliosAtRest.MAX_PROBES, 1)) {
            piece.check(piece.dropped ? 0 : piece.head, asked.wordAt(start + page), "entry of the index");
        }
        if (!piece.dropped) {
            OwnerIndex.Entry entry = asked.at(start);
            piece.check(piece.order, entry.order(), "order of the entry");
            piece.check(marks, entry.marks(), "marks of the entry");
        }
    }

    /** 6, and what else is counted of pieces one by one. */
    private void count(EngineCounts expected, ExpectedPiece piece) {
        long size = Geometry.pagesIn(piece.order);
        boolean alive = piece.references > 0;
        if (FolioSplitter.isAnonymous(mapping) && alive) {
            expected.addAnonymous(piece.order, 1);
        }
        if (memcgData != 0) {
            expected.add(Count.GROUP_REFERENCES, alive ? 1 : 0);
            expected.add(Count.GROUP_PAGES, alive ? 0 : -size);
        }
        if (isOnLru() && !alive) {
            expected.addLruPages(LruList.of(flags), -size);
        }
        if (piece.dropped) {
            expected.add(Count.OWNER_PAGES, -size);
            expected.add(Count.OWNER_CHARGED, AddressSpaceStruct.isSwapBacked(mapping) ? -size : 0);
        }
        if (isIndexed() && !piece.dropped && piece.order >= Geometry.PMD_ORDER) {
            expected.add(thpCount(), size);
        }
    }

    private Count thpCount() {
        return AddressSpaceStruct.isSwapBacked(mapping) ? Count.SHARED_MEMORY_THP_PAGES : Count.FILE_THP_PAGES;
    }

    /** 8: the folio is no longer queued or partially mapped; it is the last of what is counted of the folio itself. */
    private void expectUnqueued(EngineCounts expected) {
        expected.add(Count.QUEUED, PageFlag.DEFERRED_SPLIT.isSet(secondFlags) ? -1 : 0);
        expected.add(Count.PARTIALLY_MAPPED, PageFlag.PARTIALLY_MAPPED.isSet(secondFlags) ? -1 : 0);
        expected.add(Count.GROUP_REFERENCES, memcgData == 0 ? 0 : -1);
        if (FolioSplitter.isAnonymous(mapping)) {
            expected.addAnonymous(order, -1);
        }
    }

    private void expectIndexed(EngineCounts expected, int[] orders) {
        if (!isIndexed()) {
            return;
        }
        if (order >= Geometry.PMD_ORDER) {
            expected.add(thpCount(), -nrPages);
        }
        expected.add(Count.INDEX_NODES, SplitLayouts.nrNodes(order, orders));
    }

    private boolean isAnyDropped() {
        return firstDropped < nrPages;
    }

    private long nrPagesDropped(int[] orders) {
        long nrDropped = 0;
        long offset = 0;
        for (int pieceOrder : orders) {
            nrDropped += offset > 0 && offset >= firstDropped ? Geometry.pagesIn(pieceOrder) : 0;
            offset += Geometry.pagesIn(pieceOrder);
        }
        return nrDropped;
    }

    /** Whether an index has the folio. */
    private boolean isIndexed() {
        return owner != null;
    }

    private boolean isSwapCached() {
        return PageFlag.isSwapCached(flags);
    }

    private boolean isOnLru() {
        return PageFlag.LRU.isSet(flags);
    }

    /**
     * What the owner must count.
     *
     * @param nrPagesDropped pages that it has no more
     */
    void checkCounts(long nrPagesDropped) {
        if (owner == null) {
            return;
        }
        long change = AddressSpaceStruct.isSwapBacked(mapping) ? -nrPagesDropped : 0;
        EngineCounts actual = EngineCounts.of(context, owner, 0);
        assertEquals(
                counts.get(Count.OWNER_PAGES) - nrPagesDropped, actual.get(Count.OWNER_PAGES), "pages in the index");
        assertEquals(counts.get(Count.OWNER_CHARGED) + change, actual.get(Count.OWNER_CHARGED), "pages charged");
    }
}
