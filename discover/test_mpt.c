/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages made by the definitions of the open driver: none was taken from a controller. */
#include "discover/mpt.h"
#include "discover/test_tree.h"

#define PCI     "0000:01:00.0"
#define DEVICES "sys/devices/pci0000:00/"

static void put_words(void *to, const char *text)
{
        for (uint8_t *at = to; *text; at++, text++)
                *at = (uint8_t)*text;
}

static void put_le(uint8_t *to, uint64_t value, int bytes)
{
        for (int i = 0; i < bytes; i++)
                to[i] = (uint8_t)(value >> 8 * i);
}

static void make_volume1(uint8_t to[static 0x40])
{
        memset(to, 0, 0x40);
        to[2] = 1;
        to[3] = MPT_PAGE_VOLUME | 0x20; /* attributes stand above the type */
        put_le(to + 4, 0x011d, 2);
        put_words(to + 0x20, "boot");
}

/* Two disks, 0 and 1. */
static void make_volume0(uint8_t to[static 0x30])
{
        memset(to, 0, 0x30);
        to[3] = MPT_PAGE_VOLUME;
        put_le(to + 4, 0x011d, 2);
        to[6] = 5;
        to[7] = 2;
        put_le(to + 0x0c, 1, 2);
        put_le(to + 0x10, 4095, 8);
        put_le(to + 0x18, 128, 4);
        put_le(to + 0x1c, 512, 2);
        to[0x24] = 2;
        to[0x2e] = 1;
}

static void make_disk(uint8_t to[static 0x78], uint8_t number)
{
        memset(to, 0, 0x78);
        to[3] = MPT_PAGE_DISK;
        to[7] = number;
        put_words(to + 0x10, "ATA     ST1000NM0033-9ZMSN04Z1W0ABCD            ");
        to[0x50] = 7;
        to[0x53] = 0x05;
        put_le(to + 0x58, 8191, 8);
        put_le(to + 0x70, 512, 2);
}

static void test_messages(void **state)
{
        const struct mpt_page wanted = {.number = 1, .type = MPT_PAGE_VOLUME}, told = {1, 16, 1, 8};
        uint8_t request[MPT_REQUEST_SIZE], reply[MPT_REPLY_SIZE] = {[3] = 4, [0x14] = 1, 16, 1, 8};
        struct mpt_page page = {0};

        (void)state;
        mpt_request_write(request, &wanted, MPT_FORM_NEXT | MPT_NO_HANDLE, true);
        assert_int_equal(request[0], 0);
        assert_int_equal(request[3], 4);
        assert_int_equal(request[0x16], 1);
        assert_int_equal(request[0x17], 8);
        assert_memory_equal(request + 0x18, "\xff\xff\0\0", 4);
        mpt_request_write(request, &told, MPT_FORM_THIS | 0x11d, false);
        assert_int_equal(request[0], 1);
        assert_int_equal(request[0x15], 16);
        assert_memory_equal(request + 0x18, "\x1d\x01\0\x10", 4);

        assert_int_equal(mpt_reply_parse(reply, sizeof(reply), &page), 1);
        assert_int_equal(page.length, 16);
        assert_int_equal(mpt_reply_parse(reply, sizeof(reply) - 1, &page), -1);
        reply[0x0e] = 0x22; /* no such page, and the firmware's log speaks of it */
        reply[0x0f] = 0x80;
        assert_int_equal(mpt_reply_parse(reply, sizeof(reply), &page), 0);
        reply[0x0e] = 0x04;
        assert_int_equal(mpt_reply_parse(reply, sizeof(reply), &page), -1);
        reply[0x0e] = 0;
        reply[3] = 0;
        assert_int_equal(mpt_reply_parse(reply, sizeof(reply), &page), -1);
}

static void test_pages(void **state)
{
        _doc_ struct doc *volume = doc_object(), *drive = doc_object(), *none = doc_object();
        uint8_t one[0x40], zero[0x30], disk[0x78], number = 0;
        uint16_t handle = 0;

        (void)state;
        make_volume1(one);
        make_volume0(zero);
        make_disk(disk, 1);
        assert_true(mpt_volume1_parse(one, sizeof(one), &handle, volume));
        assert_int_equal(handle, 0x11d);
        assert_true(mpt_volume0_parse(zero, sizeof(zero), volume));
        assert_string_equal(doc_get_text(volume, "name"), "boot");
        assert_string_equal(doc_get_text(volume, "level"), "raid1");
        assert_string_equal(doc_get_text(volume, "state"), "optimal");
        assert_string_equal(doc_get_text(volume, "cache"), "write-through");
        assert_int_equal(doc_get_number(volume, "size", 0), 4096 * 512);
        assert_int_equal(doc_get_number(volume, "strip", 0), 65536);
        assert_int_equal(doc_number(doc_at(doc_get(volume, "drives"), 1)), 1);

        assert_true(mpt_disk_parse(disk, sizeof(disk), &number, drive));
        assert_int_equal(number, 1);
        assert_null(doc_get(drive, "vendor"));
        assert_string_equal(doc_get_text(drive, "model"), "ST1000NM0033-9ZM");
        assert_string_equal(doc_get_text(drive, "firmware"), "SN04");
        assert_string_equal(doc_get_text(drive, "serial"), "Z1W0ABCD");
        assert_string_equal(doc_get_text(drive, "state"), "optimal");
        assert_string_equal(doc_get_text(drive, "media"), "hdd");
        assert_int_equal(doc_get_number(drive, "size", 0), 8192 * 512);

        zero[0x24] = 3; /* more disks than there are bytes */
        assert_false(mpt_volume0_parse(zero, sizeof(zero), none));
        assert_false(mpt_volume0_parse(one, sizeof(one), none));
        assert_false(mpt_volume1_parse(zero, sizeof(zero), &handle, none));
        assert_false(mpt_disk_parse(disk, 0x71, &number, none));
        memset(disk, 0, sizeof(disk));
        assert_false(mpt_disk_parse(disk, sizeof(disk), &number, none));
        assert_int_equal(doc_count(none), 0);
}

static void put_answer(const char *name, const void *bytes, size_t size)
{
        char path[100];

        snprintf(path, sizeof(path), "answers/mpt/" PCI "/%s", name);
        put_bytes(path, bytes, size);
}

static void test_in_an_inventory(void **state)
{
        _doc_ struct doc *inventory = NULL;
        const struct doc *controller;
        uint8_t bytes[0x78];

        (void)state;
        put("sys/bus/pci/devices/" PCI "/class", "0x010700\n");
        put_link("sys/bus/pci/devices/" PCI "/driver", "../../../bus/pci/drivers/mpt3sas");
        put(DEVICES PCI "/host0/scsi_host/host0/proc_name", "mpt2sas\n");
        put(DEVICES PCI "/host0/scsi_host/host0/board_name", "SAS9211-8i\n");
        put(DEVICES PCI "/host0/scsi_host/host0/board_tracer", "SP12345678\n");
        put(DEVICES PCI "/host0/scsi_host/host0/version_fw", "20.00.07.00\n");
        put_link("sys/class/scsi_host/host0",
                 "../../devices/pci0000:00/" PCI "/host0/scsi_host/host0");
        make_volume1(bytes);
        put_answer("08-1-0000ffff", bytes, 0x40);
        make_volume0(bytes);
        put_answer("08-0-1000011d", bytes, 0x30);
        make_disk(bytes, 0);
        put_answer("0a-0-000000ff", bytes, 0x78);
        make_disk(bytes, 1);
        put_answer("0a-0-00000000", bytes, 0x78);
        inventory = inventory_of_tree("raid");
        controller = doc_at(doc_get(inventory, "raid.controllers"), 0);
        assert_string_equal(doc_get_text(controller, "model"), "SAS9211-8i");
        assert_string_equal(doc_get_text(controller, "serial"), "SP12345678");
        assert_string_equal(doc_get_text(controller, "firmware"), "20.00.07.00");
        assert_null(doc_get(controller, "volumes_unknown"));
        assert_int_equal(doc_count(doc_get(controller, "volumes")), 1);
        assert_int_equal(doc_count(doc_get(controller, "drives")), 2);
}

/* Somebody else's copy of /sys: nobody was asked, and that is said. */
static void test_not_asked(void **state)
{
        _doc_ struct doc *inventory = NULL;
        const struct doc *controller;

        (void)state;
        put("sys/bus/pci/devices/" PCI "/class", "0x010700\n");
        put_link("sys/bus/pci/devices/" PCI "/driver", "../../../bus/pci/drivers/mpt3sas");
        put(DEVICES PCI "/host0/scsi_host/host0/proc_name", "mpt3sas\n");
        put(DEVICES PCI "/host0/scsi_host/host0/board_name", "SAS9300-8i\n");
        put_link("sys/class/scsi_host/host0",
                 "../../devices/pci0000:00/" PCI "/host0/scsi_host/host0");
        inventory = inventory_of_tree("raid");
        controller = doc_at(doc_get(inventory, "raid.controllers"), 0);
        assert_string_equal(doc_get_text(controller, "model"), "SAS9300-8i");
        assert_non_null(strstr(doc_get_text(controller, "volumes_unknown"), "not asked"));
        assert_null(doc_get(controller, "volumes"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_pages),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_not_asked, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
