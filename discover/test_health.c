/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/health.h"
#include "discover/test_tree.h"

static void put_le(uint8_t *to, uint64_t value, int bytes)
{
        for (int i = 0; i < bytes; i++)
                to[i] = (uint8_t)(value >> 8 * i);
}

static void make_nvme(uint8_t log[static HEALTH_NVME])
{
        memset(log, 0, HEALTH_NVME);
        put_le(log + 1, 273 + 41, 2);
        log[3] = 97;
        log[5] = 12;
        put_le(log + 32, 1000, 8);
        put_le(log + 48, 2000, 8);
        put_le(log + 112, 55, 8);
        put_le(log + 128, 12345, 8);
        put_le(log + 144, 6, 8);
        put_le(log + 160, 3, 8);
}

static void check(const struct doc *health, const char *name, int64_t want)
{
        if (doc_get_number(health, name, -1) != want)
                fail_msg("%s is %ld, not %ld", name, (long)doc_get_number(health, name, -1),
                         (long)want);
}

static void test_nvme(void **state)
{
        _doc_ struct doc *well = doc_object(), *ill = doc_object(), *none = doc_object();
        uint8_t log[HEALTH_NVME];

        (void)state;
        make_nvme(log);
        assert_true(health_nvme(log, sizeof(log), well));
        assert_true(doc_get_bool(well, "passed", false));
        check(well, "temperature_c", 41);
        check(well, "spare_percent", 97);
        check(well, "wear_percent", 12);
        check(well, "bytes_read", 512000000);
        check(well, "bytes_written", 1024000000);
        check(well, "power_cycles", 55);
        check(well, "power_on_hours", 12345);
        check(well, "unsafe_shutdowns", 6);
        check(well, "media_errors", 3);
        assert_null(doc_get(well, "warnings"));

        log[0] = 0x05;           /* spare low, unreliable */
        put_le(log + 1, 0, 2);   /* no temperature */
        put_le(log + 168, 1, 8); /* more errors than there are numbers for */
        assert_true(health_nvme(log, sizeof(log), ill));
        assert_false(doc_get_bool(ill, "passed", true));
        assert_string_equal(doc_text(doc_at(doc_get(ill, "warnings"), 0)), "spare-low");
        assert_string_equal(doc_text(doc_at(doc_get(ill, "warnings"), 1)), "unreliable");
        assert_null(doc_get(ill, "temperature_c"));
        assert_null(doc_get(ill, "media_errors"));
        assert_false(health_nvme(log, sizeof(log) - 1, none));
        assert_int_equal(doc_count(none), 0);
}

/* clang-format off */
static const struct {
        const uint8_t bytes[32];
        size_t size;
        bool is_answer;
        int64_t sector, physical, raw_size, protection; /* -1: not set */
} capacities[] = {
        /* 512 bytes over 4096: the block layer's. */
        {{0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 2, 0, 0, 3}, 32, true, -1, -1, -1, -1},
        {{0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0x10, 0, 0, 0}, 32, true, -1, -1, -1, -1},
        {{0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 2, 8, 0, 3}, 32, true, 520, 4160, 52000, -1},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 16, 3, 0}, 32, true, 528, 528, 528, 2},
        {{0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 2, 0, 1, 0}, 14, true, -1, -1, -1, 1},
        /* More bytes than a number has: the sectors are told all the same. */
        {{255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 2, 8}, 32, true, 520, 520, -1, -1},
        {{0}, 32, false, -1, -1, -1, -1},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1}, 32, false, -1, -1, -1, -1},
        {{0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 2, 8, 0, 3}, 13, false, -1, -1, -1, -1},
};
/* clang-format on */

static void test_capacity(void **state)
{
        static const uint8_t ten[] = {0, 0, 0, 9, 0, 0, 0x10, 0x40};
        _doc_ struct doc *old = doc_object();

        (void)state;
        for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
                _doc_ struct doc *disk = doc_object();

                assert_int_equal(capacity16_parse(capacities[i].bytes, capacities[i].size, disk),
                                 capacities[i].is_answer);
                check(disk, "logical_sector", capacities[i].sector);
                check(disk, "physical_sector", capacities[i].physical);
                check(disk, "raw_size", capacities[i].raw_size);
                check(disk, "protection", capacities[i].protection);
        }
        assert_false(capacity10_parse(ten, 7, old));
        assert_true(capacity10_parse(ten, 8, old));
        check(old, "logical_sector", 4160);
        check(old, "raw_size", 41600);
}

static void test_nvme_identify(void **state)
{
        _doc_ struct doc *disk = doc_object();
        static uint8_t id[HEALTH_NVME_ID];
        const struct doc *formats;

        (void)state;
        id[328] = 0x03;
        id[524] = 0x04;
        assert_true(nvme_controller_parse(id, sizeof(id), disk));
        assert_int_equal(doc_count(doc_get(disk, "nvme_erase")), 3);
        assert_string_equal(doc_text(doc_at(doc_get(disk, "nvme_erase"), 2)), "format-crypto");
        memset(id, 0, sizeof(id));
        id[25] = 2; /* three, counted from 0 */
        id[26] = 2;
        id[128 + 2] = 9;
        id[132 + 2] = 0; /* not available */
        id[136] = 8;
        id[136 + 2] = 12;
        assert_true(nvme_namespace_parse(id, sizeof(id), disk));
        formats = doc_get(disk, "nvme_formats");
        assert_int_equal(doc_count(formats), 2);
        check(doc_at(formats, 0), "sector", 512);
        check(doc_at(formats, 1), "sector", 4096);
        check(doc_at(formats, 1), "metadata", 8);
        assert_true(doc_get_bool(doc_at(formats, 1), "in_use", false));
        id[25] = 255;
        assert_false(nvme_namespace_parse(id, sizeof(id), disk));
        assert_false(nvme_namespace_parse(id, 512, disk));
}

static void make_ata(uint8_t data[static HEALTH_SECTOR])
{
        /* clang-format off */
        static const uint8_t attributes[][8] = {
                {5,   7         },
                {9,   0x39, 0x30, 0, 0x77}, /* what is above three bytes is the maker's */
                {194, 38,   0,    20      },
                {197, 2         },
                {240, 99        }, /* another at each maker */
        };
        /* clang-format on */
        uint8_t sum = 0;

        memset(data, 0, HEALTH_SECTOR);
        data[0] = 16;
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
                data[2 + 12 * i] = attributes[i][0];
                memcpy(data + 2 + 12 * i + 5, attributes[i] + 1, 6);
        }
        for (size_t i = 0; i < HEALTH_SECTOR - 1; i++)
                sum = (uint8_t)(sum + data[i]);
        data[HEALTH_SECTOR - 1] = (uint8_t)-sum;
}

static void test_ata(void **state)
{
        _doc_ struct doc *health = doc_object(), *none = doc_object();
        uint8_t data[HEALTH_SECTOR], page[HEALTH_SECTOR] = {1, 0, 7};

        (void)state;
        make_ata(data);
        assert_true(health_ata_data(data, sizeof(data), health));
        check(health, "reallocated_sectors", 7);
        check(health, "power_on_hours", 12345);
        check(health, "temperature_c", 38);
        check(health, "pending_sectors", 2);
        assert_int_equal(doc_count(health), 4);
        data[20]++; /* the sum is wrong */
        assert_false(health_ata_data(data, sizeof(data), none));

        page[8] = 23;
        page[15] = 0x80; /* supported, but not valid */
        assert_false(health_ata_statistics(page, sizeof(page), none));
        page[15] = 0xc0;
        assert_true(health_ata_statistics(page, sizeof(page), health));
        check(health, "wear_percent", 23);
        {
                uint8_t information[572] = {0, 0x89};

                assert_false(health_ata_has_logs(information, sizeof(information)));
                put_le(information + 60 + 174, 0x4020, 2);
                assert_true(health_ata_has_logs(information, sizeof(information)));
                assert_false(health_ata_has_logs(information, 200));
                put_le(information + 60 + 174, 0xc020, 2); /* the word is not valid */
                assert_false(health_ata_has_logs(information, sizeof(information)));
        }
        page[2] = 1;
        assert_false(health_ata_statistics(page, sizeof(page), none));
        assert_int_equal(doc_count(none), 0);
}

static void test_verdicts(void **state)
{
        /* clang-format off */
        static const struct {
                uint8_t sense[24];
                int want; /* -1: none */
        } cases[] = {
                {{0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 0, 0, 0, 0, 0, 0, 0, 0x4f, 0, 0xc2, 0, 0x50}, 1 },
                {{0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 0, 0, 0, 0, 0, 0, 0, 0xf4, 0, 0x2c, 0, 0x50}, 0 },
                {{0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0x4f, 0xc2},                                     1 },
                {{0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0xf4, 0x2c},                                     0 },
                {{0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20},                                        -1}, /* illegal request */
                {{0},                                                                                   -1},
        };
        /* clang-format on */

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *health = doc_object();

                assert_int_equal(health_ata_verdict(cases[i].sense, 24, health),
                                 cases[i].want >= 0);
                if (cases[i].want >= 0)
                        assert_int_equal(doc_get_bool(health, "passed", !cases[i].want),
                                         cases[i].want);
                (void)health_ata_verdict(cases[i].sense, 9, health);
        }
}

static void test_scsi(void **state)
{
        static const uint8_t writes[] = {0x02, 0, 0, 6, 0, 6, 0, 2, 1, 0};
        static const uint8_t reads[] = {0x03, 0, 0, 11, 0, 2, 0, 1, 9, 0, 6, 0, 2, 0, 5};
        static const uint8_t heat[] = {0x0d, 0, 0, 12, 0, 0, 3, 2, 0, 44, 0, 1, 3, 2, 0, 65};
        static const uint8_t wear[] = {0x11, 0, 0, 8, 0, 1, 3, 4, 0, 0, 0, 31};
        static const uint8_t scan[] = {0x15, 0, 0, 8, 0, 0, 3, 4, 0, 0, 0x0e, 0x10};
        static const uint8_t ill[] = {0x2f, 0, 0, 8, 0, 0, 3, 4, 0x5d, 0x10, 44, 0};
        static const uint8_t cold[] = {0x0d, 0, 0, 6, 0, 0, 3, 2, 0, 0xff};
        static const uint8_t cut[] = {0x02, 0, 0xff, 0xff, 0, 6, 0, 9, 1};
        static const uint8_t other[] = {0x3e, 0, 0, 0};
        _doc_ struct doc *health = doc_object(), *none = doc_object();

        (void)state;
        assert_true(health_scsi_page(writes, sizeof(writes), health));
        assert_true(health_scsi_page(reads, sizeof(reads), health));
        check(health, "media_errors", 0x100 + 5);
        assert_true(health_scsi_page(heat, sizeof(heat), health));
        check(health, "temperature_c", 44);
        assert_true(health_scsi_page(wear, sizeof(wear), health));
        check(health, "wear_percent", 31);
        assert_true(health_scsi_page(scan, sizeof(scan), health));
        check(health, "power_on_hours", 60);
        assert_true(health_scsi_page(ill, sizeof(ill), health));
        assert_false(doc_get_bool(health, "passed", true));
        (void)health_scsi_page(cold, sizeof(cold), none);
        (void)health_scsi_page(cut, sizeof(cut), none);
        assert_false(health_scsi_page(other, sizeof(other), none));
        assert_false(health_scsi_page(writes, 3, none));
        assert_int_equal(doc_count(none), 0);
}

static const struct doc *disk_named(const struct doc *inventory, const char *name)
{
        const struct doc *items = doc_get(inventory, "disks.items");

        for (size_t i = 0; i < doc_count(items); i++)
                if (strcmp(doc_get_text(doc_at(items, i), "name"), name) == 0)
                        return doc_at(items, i);
        fail_msg("no disk %s", name);
        return NULL;
}

/* Answers that were noted come to the disk that gave them; others stay as they are. */
static void test_in_an_inventory(void **state)
{
        static const uint8_t verdict[64] = {0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0xf4, 0x2c};
        uint8_t log[HEALTH_NVME], data[HEALTH_SECTOR];
        struct doc *inventory;

        (void)state;
        put("sys/block/nvme0n1/size", "2048\n");
        put("sys/block/sda/size", "2048\n");
        put("sys/block/sda/device/vendor", "ATA     \n");
        put("sys/block/vda/size", "2048\n");
        make_nvme(log);
        make_ata(data);
        put_bytes("answers/health/nvme0n1/smart", log, sizeof(log));
        put_bytes("answers/health/sdb/data", data, sizeof(data)); /* a disk that is not there */
        inventory = inventory_of_tree("disks");
        check(disk_named(inventory, "nvme0n1"), "health.temperature_c", 41);
        assert_null(doc_get(disk_named(inventory, "sda"), "health"));
        assert_null(doc_get(disk_named(inventory, "vda"), "health"));
        doc_free(inventory);

        /* Disks of SCSI are links in sysfs. Behind USB is asked whose bridge translates for ATA. */
        put("sys/devices/ata1/block/sdc/size", "2048\n");
        put("sys/devices/ata1/block/sdc/device/vendor", "ATA     \n");
        put_link("sys/block/sdc", "../devices/ata1/block/sdc");
        put("sys/devices/usb1/block/sdd/size", "2048\n");
        put("sys/devices/usb1/block/sdd/device/vendor", "ATA     \n");
        put_link("sys/block/sdd", "../devices/usb1/block/sdd");
        put_bytes("answers/health/sdc/data", data, sizeof(data));
        put_bytes("answers/health/sdc/status", verdict, sizeof(verdict));
        put_bytes("answers/health/sdd/data", data, sizeof(data));
        put("sys/devices/usb1/block/sde/size", "2048\n");
        put("sys/devices/usb1/block/sde/device/vendor", "Dock    \n");
        put("sys/devices/usb1/block/sde/device/vpd_pg89", "");
        put_link("sys/block/sde", "../devices/usb1/block/sde");
        put_bytes("answers/health/sde/data", data, sizeof(data));
        put_bytes("answers/health/sde/status", verdict, sizeof(verdict));
        inventory = inventory_of_tree("disks");
        check(disk_named(inventory, "sdc"), "health.power_on_hours", 12345);
        assert_false(doc_get_bool(disk_named(inventory, "sdc"), "health.passed", true));
        assert_null(doc_get(disk_named(inventory, "sdd"), "health"));
        check(disk_named(inventory, "sde"), "health.power_on_hours", 12345);
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nvme),
                cmocka_unit_test(test_nvme_identify),
                cmocka_unit_test(test_capacity),
                cmocka_unit_test(test_ata),
                cmocka_unit_test(test_verdicts),
                cmocka_unit_test(test_scsi),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
