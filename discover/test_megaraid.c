/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/megaraid.h"
#include "discover/test_tree.h"

/* Without a NUL byte. */
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

/* An array of drives; 0xffff is a missing one. */
static void put_array(uint8_t *to, uint16_t number, const uint16_t *drives, uint8_t count)
{
        put_le(to, 1000, 8);
        to[8] = count;
        put_le(to + 10, number, 2);
        for (size_t i = 0; i < count; i++)
                put_le(to + 32 + i * 8, drives[i], 2);
}

static void put_volume(uint8_t *to, uint8_t target, const char *name, uint8_t level, uint8_t state)
{
        to[0] = target;
        put_words(to + 4, name);
        to[23] = 1;
        to[32] = level;
        to[35] = 7; /* 64 KiB */
        to[38] = state;
}

static void put_span(uint8_t *volume, size_t index, uint16_t array)
{
        put_le(volume + 64 + index * 24 + 16, array, 2);
        volume[37] = (uint8_t)(index + 1);
}

/* RAID 10 over two arrays, RAID 5 that lacks a drive. @is_odd: sizes as one firmware tells them. */
static size_t make_config(uint8_t *to, bool is_odd)
{
        static const uint16_t mirror[] = {8, 9}, other[] = {10, 11}, five[] = {12, 0xffff, 14};
        uint8_t *volumes = to + 32 + (size_t)3 * 288;

        memset(to, 0, MEGARAID_CONFIG_SIZE);
        put_le(to, 32 + 3 * 288 + 2 * 256, 4);
        put_le(to + 4, 3, 2);
        put_le(to + 6, is_odd ? 3 * 288 : 288, 2);
        put_le(to + 8, 2, 2);
        put_le(to + 10, is_odd ? 2 * 256 : 256, 2);
        put_array(to + 32, 0, mirror, 2);
        put_array(to + 32 + 288, 1, other, 2);
        put_array(to + 32 + (size_t)2 * 288, 5, five, 3);
        put_volume(volumes, 0, "system", 1, 3);
        put_span(volumes, 0, 0);
        put_span(volumes, 1, 1);
        put_volume(volumes + 256, 2, "", 5, 2);
        put_span(volumes + 256, 0, 5);
        return MEGARAID_CONFIG_SIZE;
}

static void check_drives(const struct doc *volume, const int64_t *want, size_t count)
{
        const struct doc *drives = doc_get(volume, "drives");

        assert_int_equal(doc_count(drives), count);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(doc_number(doc_at(drives, i)), want[i]);
}

static void test_configuration(void **state)
{
        static const int64_t ten[] = {8, 9, 10, 11}, five[] = {12, 14};
        uint8_t bytes[MEGARAID_CONFIG_SIZE], list[MEGARAID_LIST_SIZE] = {1};

        (void)state;
        put_le(list + 8, 2, 1);
        put_le(list + 16, 2048, 8);
        for (int is_odd = 0; is_odd < 2; is_odd++) {
                _doc_ struct doc *volumes = doc_list();
                const struct doc *volume;

                assert_true(megaraid_config_parse(bytes, make_config(bytes, is_odd), volumes));
                assert_true(megaraid_list_parse(list, sizeof(list), volumes));
                assert_int_equal(doc_count(volumes), 2);
                volume = doc_at(volumes, 0);
                assert_string_equal(doc_get_text(volume, "level"), "raid10");
                assert_string_equal(doc_get_text(volume, "name"), "system");
                assert_string_equal(doc_get_text(volume, "state"), "optimal");
                assert_string_equal(doc_get_text(volume, "cache"), "write-back");
                assert_int_equal(doc_get_number(volume, "strip", 0), 65536);
                assert_null(doc_get(volume, "size"));
                check_drives(volume, ten, 4);
                volume = doc_at(volumes, 1);
                assert_string_equal(doc_get_text(volume, "level"), "raid5");
                assert_string_equal(doc_get_text(volume, "state"), "degraded");
                assert_int_equal(doc_get_number(volume, "size", 0), 2048 * 512);
                check_drives(volume, five, 2);
        }
}

/* A firmware that does not know the question says yes, and nothing. */
static void test_what_is_no_answer(void **state)
{
        static uint8_t zeros[MEGARAID_DRIVES_SIZE];
        _doc_ struct doc *doc = doc_object(), *volumes = doc_list();
        uint8_t bytes[MEGARAID_CONFIG_SIZE];
        uint16_t ids[MEGARAID_DRIVES_MAX];

        (void)state;
        assert_false(megaraid_info_parse(zeros, MEGARAID_INFO_SIZE, doc));
        assert_false(megaraid_config_parse(zeros, MEGARAID_CONFIG_SIZE, volumes));
        assert_false(megaraid_drive_parse(zeros, MEGARAID_DRIVE_SIZE, doc));
        assert_int_equal(megaraid_drives_parse(zeros, MEGARAID_DRIVES_SIZE, ids), 0);
        assert_int_equal(megaraid_drives_parse(zeros, 7, ids), -1);
        make_config(bytes, false);
        assert_false(megaraid_config_parse(bytes, 1000, volumes)); /* it says that it is longer */
        put_le(bytes + 8, 60, 2);
        assert_false(megaraid_config_parse(bytes, sizeof(bytes), volumes));
        put_le(bytes, 31, 4);
        assert_false(megaraid_config_parse(bytes, sizeof(bytes), volumes));
        assert_int_equal(doc_count(volumes) + doc_count(doc), 0);
}

static void make_drive(uint8_t *to, uint16_t id)
{
        memset(to, 0, MEGARAID_DRIVE_SIZE);
        put_le(to, id, 2);
        put_words(to + 4 + 8, "SEAGATE ST3300657SS     00056SJ0ABCD        ");
        to[168] = 4;
        to[184] = 0x18;
        put_le(to + 232, 4096, 8);
        put_le(to + 256, 252, 2);
        to[259] = 3;
}

static void test_drives(void **state)
{
        uint8_t bytes[MEGARAID_DRIVE_SIZE], list[8 + 3 * 24] = {0};
        _doc_ struct doc *drive = doc_object(), *bare = doc_object();
        uint16_t ids[MEGARAID_DRIVES_MAX];

        (void)state;
        make_drive(bytes, 8);
        assert_true(megaraid_drive_parse(bytes, sizeof(bytes), drive));
        assert_string_equal(doc_get_text(drive, "vendor"), "SEAGATE");
        assert_string_equal(doc_get_text(drive, "model"), "ST3300657SS");
        assert_string_equal(doc_get_text(drive, "firmware"), "0005");
        assert_string_equal(doc_get_text(drive, "serial"), "6SJ0ABCD");
        assert_string_equal(doc_get_text(drive, "state"), "online");
        assert_int_equal(doc_get_number(drive, "enclosure", 0), 252);
        assert_int_equal(doc_get_number(drive, "slot", 0), 3);
        assert_int_equal(doc_get_number(drive, "size", 0), 4096 * 512);
        assert_int_equal(doc_get_number(drive, "media_errors", 0), 4);
        assert_false(doc_get_bool(drive, "foreign", true));
        assert_int_equal(doc_get_number(drive, "predicted_failures", 7), 0);
        assert_null(doc_get(drive, "media")); /* all of it is zero: an older firmware */
        assert_null(doc_get(drive, "temperature_c"));
        bytes[176] = 2;
        bytes[401] = 3; /* SATA */
        bytes[402] = 34;
        assert_true(megaraid_drive_parse(bytes, sizeof(bytes), drive));
        assert_int_equal(doc_get_number(drive, "predicted_failures", 0), 2);
        assert_string_equal(doc_get_text(drive, "media"), "hdd");
        assert_int_equal(doc_get_number(drive, "temperature_c", 0), 34);
        bytes[370] = 1;
        assert_true(megaraid_drive_parse(bytes, sizeof(bytes), drive));
        assert_string_equal(doc_get_text(drive, "media"), "ssd");
        bytes[4] = 0x7f; /* INQUIRY comes later */
        bytes[188] = 0x10;
        bytes[256] = bytes[257] = 0xff;
        assert_true(megaraid_drive_parse(bytes, sizeof(bytes), bare));
        assert_null(doc_get(bare, "serial"));
        assert_true(doc_get_bool(bare, "foreign", false));
        assert_null(doc_get(bare, "enclosure"));

        list[4] = 3;
        list[8] = 8;
        list[32] = 9;
        list[38] = 13; /* an enclosure */
        list[56] = 14;
        assert_int_equal(megaraid_drives_parse(list, sizeof(list), ids), 2);
        assert_int_equal(ids[1], 14);
        list[4] = 4;
        assert_int_equal(megaraid_drives_parse(list, sizeof(list), ids), -1);
}

static void test_battery(void **state)
{
        /* 4050 mV, 31 degrees. */
        uint8_t bytes[MEGARAID_BATTERY_SIZE] = {1, 0, 0xd2, 0x0f, 0, 0, 31, 0};
        _doc_ struct doc *battery = doc_object(), *none = doc_object();
        static const struct {
                const char *state;
                uint8_t bits, more;
                bool is_good;
        } states[] = {
                {"optimal",  0,    0, true },
                {"charging", 0x08, 0, true },
                {"missing",  0x01, 0, false},
                {"learning", 0x48, 0, true },
                {"failed",   0x80, 0, false},
                {"replace",  0x08, 4, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
                bytes[8] = states[i].bits;
                bytes[9] = states[i].more;
                assert_true(megaraid_battery_parse(bytes, sizeof(bytes), battery));
                assert_string_equal(doc_get_text(battery, "state"), states[i].state);
                assert_int_equal(doc_get_bool(battery, "good", false), states[i].is_good);
        }
        assert_int_equal(doc_get_number(battery, "millivolts", 0), 4050);
        assert_int_equal(doc_get_number(battery, "temperature_c", 0), 31);
        assert_false(megaraid_battery_parse(bytes, 11, none));
        bytes[0] = 0;
        assert_false(megaraid_battery_parse(bytes, sizeof(bytes), none));
        assert_int_equal(doc_count(none), 0);
}

static void put_answer(const char *name, const void *bytes, size_t size)
{
        char path[100];

        snprintf(path, sizeof(path), "answers/megaraid/0000:03:00.0/%s", name);
        put_bytes(path, bytes, size);
}

static void test_in_an_inventory(void **state)
{
        static uint8_t info[MEGARAID_INFO_SIZE] = {0, 0x10, 0x79}, config[MEGARAID_CONFIG_SIZE];
        uint8_t drives[8 + 24] = {[4] = 1, [8] = 8}, drive[MEGARAID_DRIVE_SIZE];
        struct doc *inventory;
        const struct doc *controller;

        (void)state;
        put_words(info + 1344, "LSI MegaRAID SAS 9260-8i");
        put_words(info + 1424, "SV12345678");
        make_config(config, false);
        make_drive(drive, 8);
        put("sys/bus/pci/devices/0000:03:00.0/class", "0x010400\n");
        put("sys/bus/pci/devices/0000:04:00.0/class", "0x010400\n");
        put("sys/devices/pci0000:00/0000:03:00.0/host2/scsi_host/host2/proc_name",
            "megaraid_sas\n");
        put_link("sys/class/scsi_host/host2",
                 "../../devices/pci0000:00/0000:03:00.0/host2/scsi_host/host2");
        put_answer("01010000-0", info, sizeof(info));
        put_answer("04010000-0", config, sizeof(config));
        put_answer("02010000-0", drives, sizeof(drives));
        put_answer("02020000-8", drive, sizeof(drive));
        inventory = inventory_of_tree("raid");
        controller = doc_at(doc_get(inventory, "raid.controllers"), 0);
        assert_string_equal(doc_get_text(controller, "model"), "LSI MegaRAID SAS 9260-8i");
        assert_string_equal(doc_get_text(controller, "serial"), "SV12345678");
        assert_int_equal(doc_count(doc_get(controller, "volumes")), 2);
        assert_string_equal(doc_get_text(doc_at(doc_get(controller, "drives"), 0), "serial"),
                            "6SJ0ABCD");
        assert_null(doc_get(controller, "volumes_unknown"));
        controller = doc_at(doc_get(inventory, "raid.controllers"), 1);
        assert_non_null(doc_get(controller, "volumes_unknown"));
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configuration),
                cmocka_unit_test(test_what_is_no_answer),
                cmocka_unit_test(test_drives),
                cmocka_unit_test(test_battery),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
