/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The structs have the sizes and offsets of the kernel's; prints the map of each. */
class StructMapTest {
    private static final String PAGE = """
        page 64
            0    8 flags
            8   16 list
           24    8 mapping
           32    8 index
           40    8 private
           48    4 mapcount
           52    4 refcount
           56    8 memcg_data
        """;

    private static final String FOLIO = """
        folio 256
            0   64 page_0
           64    8 flags_1
           72    8 head_1
           80    4 large_mapcount
           84    4 nr_pages_mapped
           88    4 entire_mapcount
           92    4 pincount
           96    8 mm_id_mapcount
          104    8 mm_id
          112    4 mapcount_1
          116    4 refcount_1
          120    4 nr_pages
          124    4 -
          128    8 flags_2
          136    8 head_2
          144   16 deferred_list
          160   32 -
          192    8 flags_3
          200    8 head_3
          208    8 hugetlb_subpool
          216    8 hugetlb_cgroup
          224    8 hugetlb_cgroup_rsvd
          232    8 hugetlb_hwpoison
          240   16 -
        """;

    private static final String PAGE_TABLE = """
        ptdesc 64
            0    8 flags
            8    8 next
           16    8 deposit
           24   16 -
           40    4 lock
           44    4 nr_entries
           48    4 type
           52    4 refcount
           56    8 -
        """;

    private static final String XA_NODE = """
        xa_node 576
            0    1 shift
            1    1 offset
            2    1 count
            3    1 nr_values
            4    4 -
            8    8 parent
           16    8 array
           24   16 private_list
           40  512 slots
          552   24 marks
        """;

    private static final String XARRAY = """
        xarray 16
            0    4 lock
            4    4 flags
            8    8 head
        """;

    private static final String LIST_HEAD = """
        list_head 16
            0    8 next
            8    8 prev
        """;

    private static final String FREE_AREA = """
        free_area 24
            0   16 list
           16    8 nr_free
        """;

    private static final String ZONE = """
        zone 576
            0    4 lock
            4   60 -
           64    8 nr_free_pages
           72    8 untouched_pfn
           80  456 free_area
          536   40 -
        """;

    record Struct(StructLayout layout, int nrBytes, String map) {
        @Override
        public String toString() {
            return layout.name().orElseThrow();
        }
    }

    static Stream<Struct> structs() {
        return Stream.of(
                new Struct(PageStruct.LAYOUT, PageStruct.BYTES, PAGE),
                new Struct(FolioStruct.LAYOUT, FolioStruct.BYTES, FOLIO),
                new Struct(PageTableStruct.LAYOUT, PageTableStruct.BYTES, PAGE_TABLE),
                new Struct(XaNodeStruct.LAYOUT, XaNodeStruct.BYTES, XA_NODE),
                new Struct(XArrayStruct.LAYOUT, XArrayStruct.BYTES, XARRAY),
                new Struct(ListHead.LAYOUT, ListHead.BYTES, LIST_HEAD),
                new Struct(ZoneStruct.FREE_AREA_LAYOUT, ZoneStruct.FREE_AREA_BYTES, FREE_AREA),
                new Struct(ZoneStruct.LAYOUT, ZoneStruct.BYTES, ZONE));
    }

    @ParameterizedTest
    @MethodSource("structs")
    void everyFieldIsWhereTheKernelHasIt(Struct struct) {
        String map = StructMap.draw(struct.layout);
        System.out.print(map);

        assertEquals(struct.map, map);
        assertEquals(struct.nrBytes, struct.layout.byteSize());
    }

    @Test
    void pageAndLinksOverlayEachOther() {
        assertAll(
                () -> assertEquals(8, PageStruct.list(0), "list link of a page"),
                () -> assertEquals(PageStruct.LIST, PageStruct.COMPOUND_INFO, "compound info shares the next pointer"),
                () -> assertEquals(0x1000, PageStruct.pageOfList(PageStruct.list(0x1000))),
                () -> assertEquals(144, FolioStruct.deferredList(0), "deferred list of a folio"),
                () -> assertEquals(24, XaNodeStruct.RCU_LINK, "rcu head shares the private list"),
                () -> assertEquals(24, XaNodeStruct.privateList(0)),
                () -> assertEquals(40, XaNodeStruct.slotAddress(0, 0)),
                () -> assertEquals(544, XaNodeStruct.slotAddress(0, 63)));
    }

    @Test
    void zoneLockHasACacheLineOfItsOwn() {
        assertAll(
                () -> assertEquals(0, ZoneStruct.lock(0)),
                () -> assertEquals(80, ZoneStruct.freeList(0, 0)),
                () -> assertEquals(80 + 18 * 24, ZoneStruct.freeList(0, 18)),
                () -> assertEquals(64, ZoneStruct.LAYOUT.byteOffset(PathElement.groupElement("nr_free_pages"))));
    }

    @Test
    void refusesAWrongSizeOrOffset() {
        AssertionError size = assertThrows(AssertionError.class, () -> StructMap.requireSize(PageStruct.LAYOUT, 72));
        AssertionError offset =
                assertThrows(AssertionError.class, () -> StructMap.requireOffset(PageStruct.LAYOUT, "index", 40));

        assertEquals("struct size: name=page, bytes=64, want=72", size.getMessage());
        assertEquals("field offset: field=index, bytes=32, want=40", offset.getMessage());
    }
}
