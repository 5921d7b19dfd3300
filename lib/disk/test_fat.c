/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static const char seed[] = "{\"node\":\"lab-0001\"}\n";

static const struct fat_file three[] = {
        {"meta-data",    "instance-id: 1\n", 15              },
        {"user-data",    "",                 0               },
        {"cloudie.json", seed,               sizeof(seed) - 1},
};

static uint8_t *volume_new(size_t size)
{
        uint8_t *volume = malloc(size);

        assert_non_null(volume);
        memset(volume, 0xee, size);
        return volume;
}

static int read_text(const uint8_t *volume, size_t size, const char *name, char **ret)
{
        size_t got;

        return fat_read(reader_over(volume, size), name, MIB, ret, &got);
}

static void what_is_written_is_read(void **state)
{
        static const size_t sizes[] = {FAT_MIN_SIZE, 2 * MIB,      2104 * KIB,    4 * MIB,
                                       33 * MIB,     FAT_MAX_SIZE, 64 * KIB + 512};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _free_ uint8_t *volume = volume_new(sizes[i]);
                _free_ char *text = NULL, *other = NULL, *empty = NULL;
                char label[12];
                size_t size = 4711;

                assert_int_equal(fat_write(three, 3, &(struct fat_volume){"CIDATA", 7, 0, 0},
                                           volume, sizes[i]),
                                 0);
                assert_int_equal(fat_read(reader_over(volume, sizes[i]), "cloudie.json",
                                          sizeof(seed) - 1, &text, &size),
                                 0);
                assert_int_equal(size, sizeof(seed) - 1);
                assert_string_equal(text, seed);
                assert_int_equal(read_text(volume, sizes[i], "META-DATA", &other), 0);
                assert_string_equal(other, "instance-id: 1\n");
                assert_int_equal(read_text(volume, sizes[i], "user-data", &empty), 0);
                assert_string_equal(empty, "");
                assert_int_equal(fat_label(reader_over(volume, sizes[i]), label), 0);
                assert_string_equal(label, "CIDATA");
        }
}

/* A kernel refuses a volume whose sectors are smaller than the disk's. */
static void sectors_of_the_disk(void **state)
{
        static const size_t sizes[] = {FAT_MIN_SIZE, 4 * MIB, 16 * MIB, 33 * MIB, FAT_MAX_SIZE};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _free_ uint8_t *volume = volume_new(sizes[i]);

                for (uint32_t sector = 512; sector <= 4096; sector *= 2) {
                        _free_ char *text = NULL;

                        assert_int_equal(fat_write(three, 3,
                                                   &(struct fat_volume){.label = "CIDATA",
                                                                        .sector_size = sector},
                                                   volume, sizes[i]),
                                         0);
                        assert_int_equal(volume[11] | volume[12] << 8, sector);
                        assert_true((size_t)volume[13] * sector <= 32 * KIB);
                        assert_int_equal(read_text(volume, sizes[i], "cloudie.json", &text), 0);
                        assert_string_equal(text, seed);
                }
        }
}

static void every_byte_is_ours_and_the_same(void **state)
{
        _free_ uint8_t *one = volume_new(MIB), *two = volume_new(MIB);

        (void)state;
        memset(two, 0x11, MIB);
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"CIDATA", 7, 1800000001, 0}, one, MIB), 0);
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"CIDATA", 7, 1800000001, 0}, two, MIB), 0);
        assert_memory_equal(one, two, MIB);
}

/* Times are even seconds of 1980 to 2107. */
static void times_of_files(void **state)
{
        static const struct {
                uint64_t time_s;
                uint16_t date, time;
        } times[] = {
                {0,          0x0021, 0x0000},
                {315532799,  0x0021, 0x0000},
                {1800003785, 0x5e2f, 0x4862},
                {UINT64_MAX, 0xff9f, 0xbf7d},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);
                const struct fat_file file = {"A", "", 0};
                const uint8_t *entry = volume + (size_t)3 * 512; /* boot sector and two tables */

                assert_int_equal(fat_write(&file, 1,
                                           &(struct fat_volume){"", 0, times[i].time_s, 0}, volume,
                                           FAT_MIN_SIZE),
                                 0);
                assert_memory_equal(entry, "A          ", 11);
                assert_int_equal(entry[22] | entry[23] << 8, times[i].time);
                assert_int_equal(entry[24] | entry[25] << 8, times[i].date);
        }
}

/* Where the short name of the n-th entry that has one is. */
static void assert_short_name(const uint8_t *volume, size_t number, const char *want)
{
        for (const uint8_t *entry = volume + (size_t)3 * 512; entry[0]; entry += 32) {
                if ((entry[11] & 0x3f) == 0x0f || number-- > 0)
                        continue;
                assert_memory_equal(entry, want, 11);
                return;
        }
        fail_msg("there is no %s", want);
}

static void short_names_are_all_different(void **state)
{
        static const struct {
                const char *name, *is;
        } names[] = {
                {"cloudie.json",                                                   "CLOUDI~1JSO"},
                {"cloudie.jsonl",                                                  "CLOUDI~3JSO"},
                {"CLOUDI~2.JSO",                                                   "CLOUDI~2JSO"},
                {"user-data",                                                      "USER-D~1   "},
                {"README.TXT",                                                     "README  TXT"},
                {"grub.cfg",                                                       "GRUB    CFG"},
                {".hidden",                                                        "HIDDEN~1   "},
                {"a b.c",                                                          "AB~1    C  "},
                {"a+b.c",                                                          "A_B~1   C  "},
                {"two.dots.x",                                                     "TWODOT~1X  "},
                {"12345678.123",                                                   "12345678123"},
                {"longextension.configuration-of-something-else-that-is-63-long!", "LONGEX~1CON"},
        };
        struct fat_file files[ARRAY_SIZE(names)];
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                files[i] = (struct fat_file){names[i].name, names[i].name, strlen(names[i].name)};
        assert_int_equal(fat_write(files, ARRAY_SIZE(files), &(struct fat_volume){"", 0, 0, 0},
                                   volume, FAT_MIN_SIZE),
                         0);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _free_ char *text = NULL;

                assert_short_name(volume, i, names[i].is);
                assert_int_equal(read_text(volume, FAT_MIN_SIZE, names[i].name, &text), 0);
                assert_string_equal(text, names[i].name);
        }
}

static void many_files_of_one_beginning(void **state)
{
        char names[FAT_MAX_FILES + 1][64];
        struct fat_file files[FAT_MAX_FILES + 1];
        _free_ uint8_t *volume = volume_new(MIB);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                /* Each fills its 63 bytes, so the root folder is as full as it can be. */
                snprintf(names[i], sizeof(names[i]), "%.60s%02zu",
                         "a-name-that-is-as-long-as-any-can-be-in-a-volume-that-we-write-x", i);
                files[i] = (struct fat_file){names[i], names[i], 62};
        }
        assert_int_equal(
                fat_write(files, FAT_MAX_FILES, &(struct fat_volume){"FULL", 0, 0, 0}, volume, MIB),
                0);
        for (size_t i = 0; i < FAT_MAX_FILES; i++) {
                _free_ char *text = NULL;

                assert_int_equal(read_text(volume, MIB, names[i], &text), 0);
                assert_string_equal(text, names[i]);
        }
        assert_int_equal(
                fat_write(files, FAT_MAX_FILES + 1, &(struct fat_volume){"", 0, 0, 0}, volume, MIB),
                -ENOSPC);
}

static void what_cannot_be_written(void **state)
{
        static const char *const names[] = {
                "",         " a",
                "a ",       "a.",
                ".",        "..",
                "/a",       "a/",
                "a//b",     "a/./b",
                "../a",     "a /b",
                "a\\b",     "a:b",
                "a*",       "a?",
                "a\"",      "a<",
                "a>",       "a|",
                "a\n",      "\x7f",
                "\xc3\xbc", "1234567890123456789012345678901234567890123456789012345678901234"};
        static const char *const labels[] = {"cidata", "TWELVE-BYTES", " A",       "A ",
                                             "A.B",    "A/B",          "\xc3\x9c", "A\n"};
        static const uint32_t sectors[] = {1, 256, 513, 1536, 8192, UINT32_MAX};
        const struct fat_file twice[] = {
                {"name", "", 0},
                {"NAME", "", 0}
        };
        _free_ uint8_t *volume = volume_new(MIB);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(fat_write(&(struct fat_file){names[i], "", 0}, 1,
                                           &(struct fat_volume){"", 0, 0, 0}, volume, MIB),
                                 -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
                assert_int_equal(
                        fat_write(three, 3, &(struct fat_volume){labels[i], 0, 0, 0}, volume, MIB),
                        -EINVAL);
        assert_int_equal(fat_write(twice, 2, &(struct fat_volume){"", 0, 0, 0}, volume, MIB),
                         -EINVAL);
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE - 512),
                -EINVAL);
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE + 1),
                -EINVAL);
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MAX_SIZE + 512),
                -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(sectors); i++)
                assert_int_equal(
                        fat_write(three, 3,
                                  &(struct fat_volume){.label = "", .sector_size = sectors[i]},
                                  volume, MIB),
                        -EINVAL);
        assert_int_equal(fat_write(three, 3, &(struct fat_volume){.label = "", .sector_size = 4096},
                                   volume, FAT_MIN_SIZE + 512),
                         -EINVAL);
}

/* As a system's boot partition is. */
static const struct fat_file boot[] = {
        {"EFI/BOOT/BOOTX64.EFI", "the first loader\n", 17              },
        {"EFI/BOOT/grubx64.efi", "",                   0               },
        {"EFI/debian/grub.cfg",  seed,                 sizeof(seed) - 1},
};

static void files_in_folders(void **state)
{
        static const struct {
                const char *name, *is; /* NULL: not there */
        } reads[] = {
                {"EFI/BOOT/BOOTX64.EFI",   "the first loader\n"},
                {"efi/boot/bootx64.efi",   "the first loader\n"},
                {"EFI/BOOT/grubx64.efi",   ""                  },
                {"EFI/debian/grub.cfg",    seed                },
                {"EFI/BOOT/../X",          NULL                },
                {"EFI",                    NULL                },
                {"EFI/BOOT",               NULL                },
                {"EFI/BOOT/",              NULL                },
                {"BOOTX64.EFI",            NULL                },
                {"EFI/BOOTX64.EFI",        NULL                },
                {"EFI/BOOT/BOOTX64.EFI/x", NULL                },
                {"/EFI/BOOT/BOOTX64.EFI",  NULL                },
        };
        static const size_t sizes[] = {FAT_MIN_SIZE, MIB, 8 * MIB, 64 * MIB, FAT_MAX_SIZE};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _free_ uint8_t *volume = volume_new(sizes[i]);

                assert_int_equal(fat_write(boot, ARRAY_SIZE(boot),
                                           &(struct fat_volume){"ESP", 7, 0, 0}, volume, sizes[i]),
                                 0);
                for (size_t j = 0; j < ARRAY_SIZE(reads); j++) {
                        _free_ char *text = NULL;
                        const int rc = read_text(volume, sizes[i], reads[j].name, &text);

                        if ((rc == 0) != (reads[j].is != NULL))
                                fail_msg("%s in %zu bytes: %d", reads[j].name, sizes[i], rc);
                        if (reads[j].is)
                                assert_string_equal(text, reads[j].is);
                }
        }
}

/* What is written there is read as that file, and nothing else changed. */
static void a_file_is_written_over(void **state)
{
        static const size_t sizes[] = {FAT_MIN_SIZE, 8 * MIB, 64 * MIB};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _free_ uint8_t *volume = volume_new(sizes[i]);
                const struct reader whole = reader_over(volume, sizes[i]);
                _free_ char *text = NULL, *other = NULL;
                uint64_t at = 0;
                size_t size = 0;

                assert_int_equal(fat_write(boot, ARRAY_SIZE(boot),
                                           &(struct fat_volume){"ESP", 7, 0, 0}, volume, sizes[i]),
                                 0);
                assert_int_equal(fat_find(whole, "efi/boot/BOOTX64.EFI", &at, &size), 0);
                assert_int_equal(size, 17);
                memset(volume + at, 'x', size);
                assert_int_equal(read_text(volume, sizes[i], "EFI/BOOT/BOOTX64.EFI", &text), 0);
                assert_string_equal(text, "xxxxxxxxxxxxxxxxx");
                assert_int_equal(read_text(volume, sizes[i], "EFI/debian/grub.cfg", &other), 0);
                assert_string_equal(other, seed);

                assert_int_equal(fat_find(whole, "EFI/BOOT/grubx64.efi", &at, &size), -EBADMSG);
                assert_int_equal(fat_find(whole, "EFI/BOOT/none", &at, &size), -ENOENT);
                /* Its beginning is enough where the file lies in it. */
                assert_int_equal(fat_find(whole, "EFI/debian/grub.cfg", &at, &size), 0);
                assert_int_equal(
                        fat_find(reader_over(volume, at + size), "EFI/debian/grub.cfg", &at, &size),
                        0);
                assert_int_equal(fat_find(reader_over(volume, at + size - 1), "EFI/debian/grub.cfg",
                                          &at, &size),
                                 -EBADMSG);
        }
}

/* In two pieces, which a file of ours never is. */
static void a_file_in_pieces(void **state)
{
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);
        uint8_t *table = volume + 512;
        char bytes[3 * 512];
        const struct fat_file file = {"large", bytes, sizeof(bytes)};
        uint64_t at = 0;
        size_t size = 0;

        (void)state;
        memset(bytes, 'a', sizeof(bytes));
        assert_int_equal(
                fat_write(&file, 1, &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE), 0);
        assert_int_equal(fat_find(reader_over(volume, FAT_MIN_SIZE), "large", &at, &size), 0);
        /* FAT12: 2 -> 3 -> 4 becomes 2 -> 4 -> 3. */
        table[3] = 4;
        table[4] = (uint8_t)((table[4] & 0x0f) | 0xf0);
        table[5] = 0xff;
        table[6] = 3;
        table[7] &= 0xf0;
        assert_int_equal(fat_find(reader_over(volume, FAT_MIN_SIZE), "large", &at, &size),
                         -EBADMSG);
}

static void what_folders_cannot_be(void **state)
{
        static const struct fat_file pairs[][2] = {
                {{"a/b", "", 0}, {"A/B", "", 0}},
                {{"a", "", 0},   {"a/b", "", 0}},
                {{"a/b", "", 0}, {"A", "", 0}  },
        };
        static const struct fat_volume none = {"", 0, 0, 0};
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);
        char name[2 * FAT_MAX_FOLDERS + 4] = "";
        const struct fat_file deep = {name, "x", 1};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
                assert_int_equal(fat_write(pairs[i], 2, &none, volume, FAT_MIN_SIZE), -EINVAL);
        for (size_t i = 0; i < FAT_MAX_FOLDERS; i++)
                memcpy(name + 2 * i, "d/", 3);
        name[(size_t)2 * FAT_MAX_FOLDERS] = 'f';
        assert_int_equal(fat_write(&deep, 1, &none, volume, FAT_MIN_SIZE), 0);
        memcpy(name + (size_t)2 * FAT_MAX_FOLDERS, "d/f", 4);
        assert_int_equal(fat_write(&deep, 1, &none, volume, FAT_MIN_SIZE), -ENOSPC);
}

/* One that needs more than a cluster; and then does not end. */
static void a_folder_of_many(void **state)
{
        enum { TABLE_AT = 512 };
        char names[FAT_MAX_FILES][64];
        struct fat_file files[FAT_MAX_FILES];
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);
        _free_ char *text = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                snprintf(names[i], sizeof(names[i]), "f/%.57s%02zu",
                         "a-name-that-is-as-long-as-any-can-be-in-a-volume-that-we-", i);
                files[i] = (struct fat_file){names[i], "", 0};
        }
        assert_int_equal(fat_write(files, ARRAY_SIZE(files), &(struct fat_volume){"", 0, 0, 0},
                                   volume, FAT_MIN_SIZE),
                         0);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                _free_ char *empty = NULL;

                assert_int_equal(read_text(volume, FAT_MIN_SIZE, names[i], &empty), 0);
        }
        /* Its second cluster is followed by its first. */
        volume[TABLE_AT + 4] = 0x20;
        volume[TABLE_AT + 5] = 0;
        assert_int_equal(read_text(volume, FAT_MIN_SIZE, "f/none", &text), -EBADMSG);
}

static void a_volume_that_is_full(void **state)
{
        /* 128 sectors: the boot sector, two tables, a root folder of 32, and the files. */
        const size_t space = (size_t)(128 - 1 - 2 - 32) * 512;
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE), *bytes = volume_new(FAT_MIN_SIZE);
        _free_ char *got = NULL;
        size_t size;

        (void)state;
        for (size_t i = 0; i < FAT_MIN_SIZE; i++)
                bytes[i] = (uint8_t)(i * 31 + i / 512);
        assert_int_equal(fat_write(&(struct fat_file){"all", bytes, space}, 1,
                                   &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE),
                         0);
        assert_int_equal(
                fat_read(reader_over(volume, FAT_MIN_SIZE), "all", FAT_MIN_SIZE, &got, &size), 0);
        assert_int_equal(size, space);
        assert_memory_equal(got, bytes, space);
        assert_int_equal(fat_write(&(struct fat_file){"all", bytes, space + 1}, 1,
                                   &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE),
                         -ENOSPC);
        assert_int_equal(fat_write(&(struct fat_file){"all", bytes, SIZE_MAX}, 1,
                                   &(struct fat_volume){"", 0, 0, 0}, volume, FAT_MIN_SIZE),
                         -ENOSPC);
}

static void what_is_not_there(void **state)
{
        _free_ uint8_t *volume = volume_new(MIB);
        _free_ char *text = NULL;
        char label[12];
        size_t size;

        (void)state;
        assert_int_equal(fat_write(three, 3, &(struct fat_volume){"CIDATA", 7, 0, 0}, volume, MIB),
                         0);
        assert_int_equal(read_text(volume, MIB, "cloudie", &text), -ENOENT);
        assert_int_equal(read_text(volume, MIB, "", &text), -ENOENT);
        assert_int_equal(read_text(volume, MIB, "CIDATA", &text), -ENOENT); /* the label */
        assert_int_equal(
                fat_read(reader_over(volume, MIB), "cloudie.json", sizeof(seed) - 2, &text, &size),
                -E2BIG);
        /* A file's short name is a name of it, too. */
        assert_int_equal(read_text(volume, MIB, "cloudi~1.jso", &text), 0);
        assert_string_equal(text, seed);

        assert_int_equal(fat_write(three, 3, &(struct fat_volume){"", 7, 0, 0}, volume, MIB), 0);
        assert_int_equal(fat_label(reader_over(volume, MIB), label), 0);
        assert_string_equal(label, "");
        /* Without an entry, the boot sector's counts. */
        memcpy(volume + 43, "OTHER\x01     ", sizeof(label) - 1); /* NOLINT: it ends in no NUL */
        assert_int_equal(fat_label(reader_over(volume, MIB), label), 0);
        assert_string_equal(label, "OTHER?");
}

/* In a volume of 64 KiB: table at 512, root folder at 1536, data at 17920; the file's entry is the
 * one behind the label's and a long one. */
enum { TABLE = 512, ROOT = 1536, DATA = 17920, ENTRY = ROOT + 64 };

static const struct {
        const char *what;
        size_t at;
        const char *bytes;
        size_t count;
        int rc;
} damages[] = {
        {"no mark",                      510,        "\0\0",         2, -EBADMSG},
        {"sectors of 513",               11,         "\x01\x02",     2, -EBADMSG},
        {"sectors of 256",               11,         "\x00\x01",     2, -EBADMSG},
        {"sectors of 8192",              11,         "\x00\x20",     2, -EBADMSG},
        {"clusters of 0",                13,         "\0",           1, -EBADMSG},
        {"clusters of 3",                13,         "\3",           1, -EBADMSG},
        {"nothing reserved",             14,         "\0\0",         2, -EBADMSG},
        {"no tables",                    16,         "\0",           1, -EBADMSG},
        {"three tables",                 16,         "\3",           1, -EBADMSG},
        {"no root folder: FAT32",        17,         "\0\0",         2, -EBADMSG},
        {"no sectors",                   19,         "\0\0",         2, -EBADMSG},
        {"fewer than the tables need",   19,         "\x20\x00",     2, -EBADMSG},
        {"tables of 0",                  22,         "\0\0",         2, -EBADMSG},
        {"more than the table can tell", 19,         "\xff\xff",     2, -EBADMSG},
        {"it begins in cluster 0",       ENTRY + 26, "\0\0",         2, -EBADMSG},
        {"it begins in cluster 1",       ENTRY + 26, "\1\0",         2, -EBADMSG},
        {"it begins behind the last",    ENTRY + 26, "\x5f\x00",     2, -EBADMSG},
        {"it is longer than its chain",  ENTRY + 28, "\x01\x06",     2, -EBADMSG},
        {"it is longer than the volume", ENTRY + 28, "\x00\x00\x0f", 3, -EBADMSG},
        {"it is shorter than its chain", ENTRY + 28, "\x00\x04",     2, -EBADMSG},
        {"its chain loops",              TABLE + 4,  "\x02\xf0",     2, -EBADMSG},
        {"its chain leaves the volume",  TABLE + 3,  "\xff\x40",     2, -EBADMSG},
        {"its chain meets a free one",   TABLE + 3,  "\x00\x40",     2, -EBADMSG},
        {"its chain meets a bad one",    TABLE + 3,  "\xf7\x4f",     2, -EBADMSG},
        {"the sum of its long name",     ENTRY - 19, "\0",           1, -ENOENT },
        {"the number of its long name",  ENTRY - 32, "\x42",         1, -ENOENT },
        {"long names without an end",    ENTRY - 32, "\x01",         1, -ENOENT },
        {"number 0",                     ENTRY - 32, "\x40",         1, -ENOENT },
        {"it was removed",               ENTRY,      "\xe5",         1, -ENOENT },
        {"the folder ends before it",    ENTRY,      "\0",           1, -ENOENT },
        {"it is a folder",               ENTRY + 11, "\x10",         1, -ENOENT },
        {"read-only, hidden",            ENTRY + 11, "\x03",         1, 0       },
        {"another media byte",           21,         "\xf0",         1, 0       },
};

static void a_volume_that_lies(void **state)
{
        _free_ uint8_t *bytes = volume_new(1500);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);
                _free_ char *got = NULL;
                size_t size = 4711;
                int rc;

                /* Three clusters. */
                assert_int_equal(fat_write(&(struct fat_file){"a long one", bytes, 1500}, 1,
                                           &(struct fat_volume){"L", 0, 0, 0}, volume,
                                           FAT_MIN_SIZE),
                                 0);
                memcpy(volume + damages[i].at, damages[i].bytes, damages[i].count);
                rc = fat_read(reader_over(volume, FAT_MIN_SIZE), "a long one", MIB, &got, &size);
                if (rc != damages[i].rc)
                        fail_msg("%s: %d", damages[i].what, rc);
                assert_int_equal(size, rc == 0 ? 1500 : 4711);
        }
}

static void the_beginning_of_a_volume(void **state)
{
        _free_ uint8_t *volume = volume_new(FAT_MIN_SIZE);

        (void)state;
        assert_int_equal(
                fat_write(three, 3, &(struct fat_volume){"CIDATA", 0, 0, 0}, volume, FAT_MIN_SIZE),
                0);
        /* The first cluster has meta-data, the second cloudie.json. */
        for (size_t size = 0; size <= DATA + 1024; size++) {
                _free_ uint8_t *part = volume_new(size + 1);
                _free_ char *text = NULL;

                memcpy(part, volume, size);
                assert_int_equal(read_text(part, size, "cloudie.json", &text),
                                 size < DATA + 512 + sizeof(seed) - 1 ? -EBADMSG : 0);
        }
}

/* What programs of others say of it, where they are there. fsck counts label and folders as files.
 */
static const struct {
        const char *program, *option, *file, *want;
} others[] = {
        {"/usr/sbin/fsck.vfat", "-n", "",                       "10 files,"       },
        {"/usr/bin/mtype",      "-i", "::cloudie.json",         "lab-0001"        },
        {"/usr/bin/mdir",       "-i", "::",                     "meta-data"       },
        {"/usr/bin/mdir",       "-i", "::EFI/debian",           "grub.cfg"        },
        {"/usr/bin/mtype",      "-i", "::EFI/BOOT/BOOTX64.EFI", "the first loader"},
        {"/usr/sbin/blkid",     "-p", "",                       "LABEL=\"CIDATA\""},
};

/* Sparse: nearly all of a large volume is zero. */
static void write_file(int fd, const uint8_t *volume, size_t size)
{
        static const uint8_t zero[FAT_MIN_SIZE];

        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        for (size_t at = 0; at < size; at += sizeof(zero))
                if (memcmp(volume + at, zero, sizeof(zero)) != 0)
                        assert_int_equal(pwrite(fd, volume + at, sizeof(zero), (off_t)at),
                                         sizeof(zero));
}

/* 1, or 0 where the program is not there. */
static size_t ask_another(size_t which, const char *path, size_t size)
{
        char command[256], output[4096] = "";
        FILE *pipe;

        if (access(others[which].program, X_OK) < 0) {
                print_message("no %s: it was not asked\n", others[which].program);
                return 0;
        }
        snprintf(command, sizeof(command), "%s %s %s %s 2>&1", others[which].program,
                 others[which].option, path, others[which].file);
        pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */
        assert_non_null(pipe);
        assert_true(fread(output, 1, sizeof(output) - 1, pipe) > 0);
        if (pclose(pipe) != 0 || !strstr(output, others[which].want))
                fail_msg("%s of %zu bytes: %s", others[which].program, size, output);
        return 1;
}

static void others_find_no_fault(void **state)
{
        static const size_t sizes[] = {FAT_MIN_SIZE, 4 * MIB, FAT_MAX_SIZE};
        struct fat_file all[ARRAY_SIZE(three) + ARRAY_SIZE(boot)];
        size_t asked = 0;

        (void)state;
        memcpy(all, three, sizeof(three));
        memcpy(all + ARRAY_SIZE(three), boot, sizeof(boot));
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                char path[] = "/tmp/cloudie-fat-XXXXXX";
                _free_ uint8_t *volume = volume_new(sizes[i]);
                _close_ int fd = -EBADF;

                assert_int_equal(
                        fat_write(all, ARRAY_SIZE(all),
                                  &(struct fat_volume){"CIDATA", 0x1234abcd, 1800000001, 0}, volume,
                                  sizes[i]),
                        0);
                fd = mkstemp(path);
                assert_true(fd >= 0);
                write_file(fd, volume, sizes[i]);
                for (size_t j = 0; j < ARRAY_SIZE(others); j++)
                        asked += ask_another(j, path, sizes[i]);
                unlink(path);
        }
        if (asked == 0)
                skip();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(sectors_of_the_disk),
                cmocka_unit_test(every_byte_is_ours_and_the_same),
                cmocka_unit_test(times_of_files),
                cmocka_unit_test(short_names_are_all_different),
                cmocka_unit_test(many_files_of_one_beginning),
                cmocka_unit_test(what_cannot_be_written),
                cmocka_unit_test(files_in_folders),
                cmocka_unit_test(a_file_is_written_over),
                cmocka_unit_test(a_file_in_pieces),
                cmocka_unit_test(what_folders_cannot_be),
                cmocka_unit_test(a_folder_of_many),
                cmocka_unit_test(a_volume_that_is_full),
                cmocka_unit_test(what_is_not_there),
                cmocka_unit_test(a_volume_that_lies),
                cmocka_unit_test(the_beginning_of_a_volume),
                cmocka_unit_test(others_find_no_fault),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
