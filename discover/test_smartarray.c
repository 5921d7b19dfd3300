/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers made by the definitions of the open drivers: none was taken from a controller. */
#include "discover/smartarray.h"
#include "discover/test_tree.h"

#define PCI "0000:03:00.0"

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

static void make_controller(uint8_t to[static SMARTARRAY_ID_SIZE])
{
        memset(to, 0, SMARTARRAY_ID_SIZE);
        put_words(to + 5, "6.88");
        put_words(to + 200, "HP      P420i           ");
}

/* Two volumes: numbers 0 and 1. */
static size_t make_volumes(uint8_t *to)
{
        memset(to, 0, 24);
        to[3] = 16;
        to[8 + 3] = 0x40;
        to[16] = 1;
        to[16 + 3] = 0x40;
        return 24;
}

/* Two disks, an enclosure, and a disk without an address. */
static size_t make_drives(uint8_t *to)
{
        static const struct {
                uint8_t target, bus, type, handle;
        } rows[] = {
                {0, 1, 2, 0x11},
                {1, 1, 2, 0x12},
                {7, 1, 6, 0   },
                {0, 0, 2, 0x13},
        };

        memset(to, 0, 8 + sizeof(rows) / sizeof(rows[0]) * 24);
        to[3] = 4 * 24;
        to[4] = 2;
        for (size_t i = 0; i < 4; i++) {
                uint8_t *at = to + 8 + i * 24;

                at[3] = 0xc0; /* masked: part of a volume */
                at[6] = rows[i].target;
                at[7] = rows[i].bus;
                at[16] = rows[i].type;
                at[20] = rows[i].handle;
        }
        return 8 + (size_t)4 * 24;
}

static void make_volume(uint8_t to[static SMARTARRAY_ID_SIZE])
{
        memset(to, 0, SMARTARRAY_ID_SIZE);
        put_le(to, 512, 2);
        put_le(to + 2, 4096, 4);
        to[22] = 2;
        put_words(to + 30, "system");
}

/* A mirror of the drives 0x11 and 0x12. */
static size_t make_map(uint8_t *to)
{
        memset(to, 0, 64 + 16);
        put_le(to, 64 + 16, 4);
        put_le(to + 4, 512, 4);
        put_le(to + 18, 512, 2);
        put_le(to + 36, 1, 2);
        put_le(to + 38, 0, 2);
        put_le(to + 40, 1, 2);
        put_le(to + 42, 2, 2);
        to[64] = 0x11;
        to[72] = 0x12;
        return 64 + 16;
}

static void make_drive(uint8_t to[static SMARTARRAY_DRIVE_SIZE])
{
        memset(to, 0, SMARTARRAY_DRIVE_SIZE);
        put_le(to + 2, 512, 2);
        put_words(to + 12, "HP      EG0300FBVFL     ");
        put_words(to + 52, "            KSJ1234");
        put_words(to + 92, "HPDC");
        to[114] = 1;
        to[115] = 4;
        put_le(to + 116, 10500, 4);
        put_le(to + 122, 8192, 8);
        to[1792] = 33;
}

static void test_identify(void **state)
{
        uint8_t id[SMARTARRAY_ID_SIZE] = {0}, bytes[SMARTARRAY_DRIVE_SIZE] = {0};
        _doc_ struct doc *doc = doc_object(), *drive = doc_object();

        (void)state;
        assert_false(smartarray_controller_parse(id, sizeof(id), doc));
        assert_false(smartarray_subsystem_parse(id, sizeof(id), doc));
        assert_false(smartarray_volume_parse(id, sizeof(id), doc));
        assert_false(smartarray_drive_parse(bytes, sizeof(bytes), drive));
        make_drive(bytes);
        assert_false(smartarray_drive_parse(bytes, 129, drive));
        assert_int_equal(doc_count(doc) + doc_count(drive), 0);
        bytes[102] = 4;
        bytes[115] = 0xff;
        assert_true(smartarray_drive_parse(bytes, sizeof(bytes), drive));
        assert_string_equal(doc_get_text(drive, "state"), "failed");
        assert_string_equal(doc_get_text(drive, "serial"), "KSJ1234");
        assert_string_equal(doc_get_text(drive, "media"), "hdd");
        assert_int_equal(doc_get_number(drive, "size", 0), 8192 * 512);
        assert_int_equal(doc_get_number(drive, "temperature_c", 0), 33);
        assert_null(doc_get(drive, "slot"));

        make_volume(id);
        put_le(id + 94, (uint64_t)1 << 33, 8);
        assert_true(smartarray_volume_parse(id, sizeof(id), doc));
        assert_int_equal(doc_get_number(doc, "size", 0), (int64_t)512 << 33);
}

static void test_lists(void **state)
{
        struct smartarray_lun luns[SMARTARRAY_MAX];
        uint8_t bytes[256];
        size_t size;

        (void)state;
        size = make_volumes(bytes);
        assert_int_equal(smartarray_volumes_parse(bytes, size, luns), 2);
        assert_int_equal(luns[1].number, 1);
        assert_int_equal(luns[1].address[3], 0x40);
        assert_int_equal(smartarray_volumes_parse(bytes, 16, luns), 1); /* the rest was not sent */
        assert_int_equal(smartarray_volumes_parse(bytes, 7, luns), -1);
        bytes[3] = 15;
        assert_int_equal(smartarray_volumes_parse(bytes, size, luns), -1);

        size = make_drives(bytes);
        assert_int_equal(smartarray_drives_parse(bytes, size, luns), 2);
        assert_int_equal(luns[1].number, 1);
        assert_int_equal(luns[1].handle, 0x12);
        bytes[15] = 3; /* the third bus */
        assert_int_equal(smartarray_drives_parse(bytes, size, luns), 2);
        assert_int_equal(luns[0].number, 512);
        bytes[4] = 0; /* the short form */
        assert_int_equal(smartarray_drives_parse(bytes, size, luns), -1);
}

static void test_map(void **state)
{
        struct smartarray_lun drives[] = {
                {.number = 5, .handle = 0x11},
                {.number = 6, .handle = 0x12},
                {.number = 7, .handle = 0x13}
        };
        _doc_ struct doc *volume = doc_object(), *none = doc_object();
        uint8_t bytes[SMARTARRAY_MAP_SIZE] = {0}, page[8] = {0, 0xc3, 0, 4, 3};
        size_t size;

        (void)state;
        assert_false(smartarray_map_parse(bytes, sizeof(bytes), drives, 3, none));
        size = make_map(bytes);
        assert_false(smartarray_map_parse(bytes, size - 1, drives, 3, none));
        put_le(bytes + 42, 3, 2); /* three groups of mirrors in the place of two */
        assert_false(smartarray_map_parse(bytes, size, drives, 3, none));
        assert_int_equal(doc_count(none), 0);
        make_map(bytes);
        (void)doc_set_text(volume, "level", "raid1");
        assert_true(smartarray_map_parse(bytes, size, drives, 3, volume));
        assert_int_equal(doc_count(doc_get(volume, "drives")), 2);
        assert_int_equal(doc_number(doc_at(doc_get(volume, "drives"), 1)), 6);
        assert_int_equal(doc_get_number(volume, "strip", 0), 262144);
        assert_string_equal(doc_get_text(volume, "level"), "raid1");
        put_le(bytes, 64 + 24, 4);
        put_le(bytes + 42, 3, 2);
        bytes[80] = 0x13;
        assert_true(smartarray_map_parse(bytes, 64 + 24, drives, 3, volume));
        assert_string_equal(doc_get_text(volume, "level"), "raid10");

        assert_true(smartarray_status_parse(page, sizeof(page), volume));
        assert_string_equal(doc_get_text(volume, "state"), "degraded");
        page[4] = 0xff;
        assert_false(smartarray_status_parse(page, sizeof(page), none));
        page[4] = 0;
        page[1] = 0x83;
        assert_false(smartarray_status_parse(page, sizeof(page), none));
}

static void put_answer(const char *name, const void *bytes, size_t size)
{
        char path[100];

        snprintf(path, sizeof(path), "answers/smartarray/" PCI "/%s", name);
        put_bytes(path, bytes, size);
}

static void put_answers(void)
{
        static const uint8_t status[] = {0, 0xc3, 0, 4, 5};
        uint8_t bytes[SMARTARRAY_DRIVE_SIZE];

        make_controller(bytes);
        put_answer("bmic-11-0", bytes, SMARTARRAY_ID_SIZE);
        memset(bytes, 0, sizeof(bytes));
        put_words(bytes + 44, "PACCRID12345678 ");
        put_answer("bmic-66-0", bytes, SMARTARRAY_ID_SIZE);
        put_answer("volumes", bytes, make_volumes(bytes));
        put_answer("drives", bytes, make_drives(bytes));
        make_volume(bytes);
        put_answer("bmic-10-0", bytes, SMARTARRAY_ID_SIZE);
        put_answer("map-0", bytes, make_map(bytes));
        put_answer("status-0", status, sizeof(status));
        make_drive(bytes);
        put_answer("bmic-15-1", bytes, SMARTARRAY_DRIVE_SIZE);
}

static void test_in_an_inventory(void **state)
{
        _doc_ struct doc *inventory = NULL;
        const struct doc *controller, *volume, *drive;

        (void)state;
        put("sys/bus/pci/devices/" PCI "/class", "0x010400\n");
        put_link("sys/bus/pci/devices/" PCI "/driver", "../../../bus/pci/drivers/hpsa");
        put("sys/bus/pci/devices/0000:04:00.0/class", "0x010400\n");
        put_link("sys/bus/pci/devices/0000:04:00.0/driver", "../../../bus/pci/drivers/aacraid");
        put("sys/bus/pci/devices/0000:05:00.0/class", "0x010601\n");
        put("sys/devices/pci0000:00/" PCI "/host2/scsi_host/host2/proc_name", "hpsa\n");
        put_link("sys/class/scsi_host/host2",
                 "../../devices/pci0000:00/" PCI "/host2/scsi_host/host2");
        put_answers();
        inventory = inventory_of_tree("raid");
        assert_int_equal(doc_count(doc_get(inventory, "raid.controllers")), 2);
        controller = doc_at(doc_get(inventory, "raid.controllers"), 0);
        assert_string_equal(doc_get_text(controller, "model"), "P420i");
        assert_string_equal(doc_get_text(controller, "firmware"), "6.88");
        assert_string_equal(doc_get_text(controller, "serial"), "PACCRID12345678");
        assert_null(doc_get(controller, "volumes_unknown"));
        assert_int_equal(doc_count(doc_get(controller, "volumes")), 2);
        volume = doc_at(doc_get(controller, "volumes"), 0);
        assert_string_equal(doc_get_text(volume, "level"), "raid1");
        assert_string_equal(doc_get_text(volume, "name"), "system");
        assert_string_equal(doc_get_text(volume, "state"), "rebuild");
        assert_int_equal(doc_get_number(volume, "size", 0), 4096 * 512);
        assert_int_equal(doc_count(doc_get(volume, "drives")), 2);
        drive = doc_at(doc_get(controller, "drives"), 1);
        assert_string_equal(doc_get_text(drive, "serial"), "KSJ1234");
        assert_int_equal(doc_get_number(drive, "enclosure", 0), 1);
        assert_int_equal(doc_get_number(drive, "slot", 0), 4);
        controller = doc_at(doc_get(inventory, "raid.controllers"), 1);
        assert_non_null(strstr(doc_get_text(controller, "volumes_unknown"), "maker's own tools"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_identify),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_map),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
