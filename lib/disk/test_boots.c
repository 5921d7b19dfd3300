/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/disk/boots.h"
#include "lib/disk/fat.h"
#include "lib/disk/gpt.h"

#define SECTORS 131072

static uint8_t head[6 * 4096], tail[5 * 4096];

static void clear(void)
{
        memset(head, 0, sizeof(head));
}

static void sign(void)
{
        head[510] = 0x55;
        head[511] = 0xaa;
}

static void put_entry(unsigned number, uint8_t status, uint8_t type)
{
        uint8_t *entry = &head[446 + (number - 1) * 16];

        entry[0] = status;
        entry[4] = type;
        entry[8] = 1;
        entry[12] = 1;
        sign();
}

static void put_code(const char *text)
{
        head[0] = 0xeb;
        for (size_t i = 0; text[i]; i++)
                head[0x180 + i] = (uint8_t)text[i];
}

/* A table with the partitions of these types. */
static void put_gpt(uint32_t sector_size, const struct gpt_guid *first,
                    const struct gpt_guid *second)
{
        static struct gpt gpt;

        gpt_new(&gpt, &(struct gpt_guid){{1}}, sector_size, SECTORS);
        gpt.partitions[0] = (struct gpt_partition){
                .type = *first, .id = {{2}}, .first = 2048, .last = 4095, .name = "a"};
        gpt.partitions[3] = (struct gpt_partition){
                .type = *second, .id = {{3}}, .first = 4096, .last = 8191, .name = "b"};
        gpt_write(&gpt, head, tail);
}

static struct disk_boots parse(uint32_t sector_size)
{
        struct disk_boots boots = {true, 99};

        disk_boots_parse(reader_over(head, gpt_head_size(sector_size)), sector_size, &boots);
        return boots;
}

static void assert_boots(struct disk_boots boots, bool has_bios, unsigned esp)
{
        assert_int_equal(boots.has_bios, has_bios);
        assert_int_equal(boots.esp, esp);
}

static void test_nothing(void **state)
{
        struct disk_boots boots = {true, 99};

        (void)state;
        clear();
        assert_boots(parse(512), false, 0);
        disk_boots_parse(reader_over(head, 0), 512, &boots);
        assert_boots(boots, false, 0);
        memset(head, 0xff, sizeof(head));
        assert_boots(parse(512), false, 0);
        assert_boots(parse(4096), false, 0);
}

static void test_mbr(void **state)
{
        (void)state;
        clear();
        put_entry(1, 0x80, 0x83);
        assert_boots(parse(512), false, 0); /* active, and nothing that would start it */
        put_code("Missing operating system");
        assert_boots(parse(512), true, 0);
        put_entry(1, 0, 0x83);
        assert_boots(parse(512), false, 0); /* code that only says that there is none */
        put_code("GRUB Geom Hard Disk Read Error");
        assert_boots(parse(512), true, 0);
        head[511] = 0;
        assert_boots(parse(512), false, 0); /* no BIOS starts it */

        clear();
        put_entry(2, 0, 0xef);
        assert_boots(parse(512), false, 2);
}

/* The first sector of a FAT volume without a table: code, a signature, and text for entries. */
static void test_file_system_without_table(void **state)
{
        (void)state;
        clear();
        put_code("This is not a bootable disk.");
        put_entry(1, 'b', 'o');
        put_entry(2, 't', 0xef);
        assert_boots(parse(512), false, 0);
}

static void test_gpt(void **state)
{
        static const uint32_t sizes[] = {512, 4096};

        (void)state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                clear();
                put_gpt(sizes[i], &gpt_type_linux_data, &gpt_type_efi_system);
                assert_boots(parse(sizes[i]), false, 4);
                clear();
                put_gpt(sizes[i], &gpt_type_bios_boot, &gpt_type_linux_data);
                assert_boots(parse(sizes[i]), false, 0); /* a place for a loader, and none in it */
                put_code("some loader");
                assert_boots(parse(sizes[i]), true, 0);
                clear();
                put_gpt(sizes[i], &gpt_type_linux_data, &gpt_type_basic_data);
                put_code("some loader");
                assert_boots(parse(sizes[i]), false, 0); /* data */
                put_gpt(sizes[i], &gpt_type_bios_boot, &gpt_type_efi_system);
                assert_boots(parse(sizes[i]), true, 4);
                head[sizes[i] + 20] ^= 1;
                assert_boots(parse(sizes[i]), false, 0); /* a table that is damaged */
        }
}

static void test_volume(void **state)
{
        static uint8_t volume[FAT_MIN_SIZE];
        const struct fat_file file = {"a", "b", 1};

        (void)state;
        assert_false(disk_boots_is_volume(reader_over(volume, sizeof(volume))));
        assert_int_equal(
                fat_write(&file, 1, &(struct fat_volume){"ESP", 1, 0, 0}, volume, sizeof(volume)),
                0);
        assert_true(disk_boots_is_volume(reader_over(volume, sizeof(volume))));
        assert_true(disk_boots_is_volume(reader_over(volume, 512)));
        assert_false(disk_boots_is_volume(reader_over(volume, 511)));
        volume[16] = 7; /* seven tables */
        assert_false(disk_boots_is_volume(reader_over(volume, sizeof(volume))));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_mbr),
                cmocka_unit_test(test_file_system_without_table),
                cmocka_unit_test(test_gpt),
                cmocka_unit_test(test_volume),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
