/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/pci_vpd.h"
#include "discover/test_tree.h"

static const char card[] = "\x82\x08\0Fast NIC\x90\x16\0PN\x05"
                           "A1B2 SN\x06"
                           "SNSN77RV\2\0\0\x78";

static void test_card(void **state)
{
        struct pci_vpd vpd;

        (void)state;
        assert_true(pci_vpd_parse(card, sizeof(card) - 1, &vpd));
        assert_string_equal(vpd.name, "Fast NIC");
        assert_string_equal(vpd.part, "A1B2");
        assert_string_equal(vpd.serial, "SNSN77");
        assert_string_equal(vpd.change, "");
        /* Cut in the serial number: what stands before it counts. */
        assert_true(pci_vpd_parse(card, 26, &vpd));
        assert_string_equal(vpd.part, "A1B2");
        assert_string_equal(vpd.serial, "");
        assert_false(pci_vpd_parse(card, 2, &vpd));
        assert_false(pci_vpd_parse("\xff\xff\xff\xff", 4, &vpd)); /* a card that is gone */
        assert_false(pci_vpd_parse("\x78", 1, &vpd));
        assert_false(pci_vpd_parse("", 0, &vpd));
}

static void test_in_an_inventory(void **state)
{
        struct doc *inventory;
        const struct doc *items;

        (void)state;
        put("sys/bus/pci/devices/0000:01:00.0/class", "0x020000\n");
        put_bytes("sys/bus/pci/devices/0000:01:00.0/vpd", card, sizeof(card) - 1);
        put("sys/bus/pci/devices/0000:02:00.0/class", "0x020000\n");
        inventory = inventory_of_tree("pci");
        items = doc_get(inventory, "pci.items");
        assert_int_equal(doc_count(items), 2);
        assert_string_equal(doc_get_text(doc_at(items, 0), "vpd.serial"), "SNSN77");
        assert_null(doc_get(doc_at(items, 1), "vpd"));
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_card),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
