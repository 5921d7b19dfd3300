/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/dmar.h"

#include "discover/test_tree.h"

/* clang-format off */
/* Header; a unit; memory for 00:1d.0 and for 00:02.0 -> 00.0; memory for all behind 00:03.0. */
static const uint8_t table[] = {
        'D', 'M', 'A', 'R', 150, 0, 0, 0, 1, 0, 'M', 'A', 'K', 'E', 'R', 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 36 */
        38, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 48 */
        0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, /* 64 */
        1, 0, 42, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xcb, 0, 0, 0, 0, 0xff, 0xff, 0x81, 0xcb, 0, 0, 0, 0,
        1, 8, 0, 0, 0, 0, 0x1d, 0,
        1, 10, 0, 0, 0, 0, 2, 0, 0, 0, /* 106 */
        1, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0xcc, 0, 0, 0, 0, 0xff, 0xff, 0, 0xcc, 0, 0, 0, 0,
        2, 8, 0, 0, 0, 0, 3, 0, /* 138 */
};

static const struct {
        const char *link;
        size_t count;
        uint64_t start;
} cases[] = {
        {"../../../devices/pci0000:00/0000:00:1d.0",                           1, 0xcb800000},
        {"../../../devices/pci0000:00/0000:00:1d.1",                           0, 0         },
        {"../../../devices/pci0000:00/0000:00:02.0",                           0, 0         }, /* a bridge on the way */
        {"../../../devices/pci0000:00/0000:00:02.0/0000:03:00.0",              1, 0xcb800000},
        {"../../../devices/pci0000:00/0000:00:02.0/0000:03:00.1",              0, 0         },
        {"../../../devices/pci0000:00/0000:00:03.0/0000:04:00.0/0000:05:01.0", 1, 0xcc000000},
        {"../../../devices/pci0000:80/0000:80:1d.0",                           0, 0         },
        {"../../../devices/pci0001:00/0001:00:1d.0",                           0, 0         },
};
/* clang-format on */

static void test_functions(void **state)
{
        struct dmar_region regions[4];
        struct dmar_path path;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_true(dmar_path_parse(cases[i].link, &path));
                assert_int_equal(dmar_reserved(table, sizeof(table), &path, regions, 4),
                                 cases[i].count);
                if (cases[i].count > 0)
                        assert_int_equal(regions[0].start, cases[i].start);
        }
        assert_int_equal(dmar_reserved(table, sizeof(table), NULL, regions, 4), 2);
        assert_int_equal(regions[0].end, 0xcb81ffff);
        assert_int_equal(dmar_reserved(table, sizeof(table), NULL, regions, 1), 1);
        assert_false(dmar_path_parse("../../devices/virtual/net/lo", &path));
        assert_false(dmar_path_parse("../10000:e1:00.0", &path));
}

/* Cut anywhere: what stands whole before it counts. */
static void test_cut(void **state)
{
        struct dmar_region regions[4];

        (void)state;
        for (size_t cut = 0; cut < sizeof(table); cut++) {
                uint8_t *copy = malloc(cut + 1);

                assert_non_null(copy);
                memcpy(copy, table, cut);
                assert_int_equal(dmar_reserved(copy, cut, NULL, regions, 4), cut >= 106 ? 1 : 0);
                free(copy);
        }
}

/* A RAID controller behind a bridge cannot be given away, a USB host can: the kernel lets it go. */
static void test_verdicts(void **state)
{
        struct doc *inventory;
        const struct doc *items;

        (void)state;
        put_bytes("sys/firmware/acpi/tables/DMAR", table, sizeof(table));
        put("sys/devices/pci0000:00/0000:00:1d.0/modalias",
            "pci:v00008086d00001C26sv00000000sd00000000bc0Csc03i20\n");
        put("sys/devices/pci0000:00/0000:00:1d.0/revision", "0x01\n");
        put("sys/devices/pci0000:00/0000:00:1d.0/reset_method", "flr\n");
        put_link("sys/devices/pci0000:00/0000:00:1d.0/iommu_group",
                 "../../../kernel/iommu_groups/1");
        put_link("sys/bus/pci/devices/0000:00:1d.0", "../../../devices/pci0000:00/0000:00:1d.0");
        put("sys/devices/pci0000:00/0000:00:02.0/0000:03:00.0/modalias",
            "pci:v0000103Cd0000323Bsv00000000sd00000000bc01sc04i00\n");
        put("sys/devices/pci0000:00/0000:00:02.0/0000:03:00.0/revision", "0x01\n");
        put_link("sys/devices/pci0000:00/0000:00:02.0/0000:03:00.0/iommu_group",
                 "../../../../kernel/iommu_groups/2");
        put_link("sys/bus/pci/devices/0000:03:00.0",
                 "../../../devices/pci0000:00/0000:00:02.0/0000:03:00.0");
        inventory = inventory_of_tree("pci");
        items = doc_get(inventory, "pci.items");
        assert_int_equal(doc_count(items), 2);
        assert_true(doc_get_bool(doc_at(items, 0), "passthrough.possible", false));
        assert_string_equal(
                doc_get_text(doc_at(doc_get(doc_at(items, 0), "reserved_memory"), 0), "start"),
                "0xcb800000");
        assert_false(doc_get_bool(doc_at(items, 1), "passthrough.possible", true));
        assert_non_null(strstr(doc_get_text(doc_at(items, 1), "passthrough.reason"), "RMRR"));
        assert_string_equal(
                doc_get_text(doc_at(doc_get(doc_at(items, 1), "reserved_memory"), 0), "end"),
                "0xcb81ffff");
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_functions),
                cmocka_unit_test(test_cut),
                cmocka_unit_test_setup_teardown(test_verdicts, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
