/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/disk/fs_size.h"

/* clang-format off */
static const struct {
        const char *kind;
        uint64_t want; /* 0: it is none */
        struct { size_t at; uint8_t bytes[8]; uint8_t count; } parts[4];
} cases[] = {
        {"ext4", 262144 * (uint64_t)4096,
         {{4, {0, 0, 4}, 3}, {24, {2}, 1}, {56, {0x53, 0xef}, 2}}},
        /* The high half counts with the 64bit feature alone. */
        {"ext4", ((uint64_t)1 << 32) * 4096,
         {{24, {2}, 1}, {56, {0x53, 0xef}, 2}, {96, {0x80}, 1}, {336, {1}, 1}}},
        {"ext2", 5120, {{4, {5}, 1}, {56, {0x53, 0xef}, 2}, {336, {1}, 1}}},
        {"ext4", 0, {{4, {5}, 1}, {56, {0x53, 0xee}, 2}}},
        {"ext4", 0, {{4, {5}, 1}, {24, {17}, 1}, {56, {0x53, 0xef}, 2}}},
        {"xfs", 1000 * (uint64_t)4096, {{0, "XFSB", 4}, {4, {0, 0, 16, 0}, 4}, {14, {3, 0xe8}, 2}}},
        {"xfs", 0, {{0, "XFSC", 4}, {4, {0, 0, 16, 0}, 4}, {14, {3, 0xe8}, 2}}},
        {"btrfs", 1 << 20, {{64, "_BHRfS_", 7}, {71, "M", 1}, {112, {0, 0, 16}, 3}}},
        {"vfat", 1474560, {{11, {0, 2}, 2}, {19, {0x40, 0x0b}, 2}}},
        {"vfat", 33554432, {{11, {0, 2}, 2}, {32, {0, 0, 1}, 3}}},
        {"vfat", 0, {{11, {0, 2}, 2}}},
        {"ntfs", 2097152, {{11, {0, 2}, 2}, {40, {0, 16}, 2}}},
        /* More bytes than a number has. */
        {"ntfs", 0, {{11, {0, 2}, 2}, {40, {0, 0, 0, 0, 0, 0, 0, 0x7f}, 8}}},
        {"zfs_member", 0, {{11, {0, 2}, 2}}},
};
/* clang-format on */

static void sizes(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint8_t block[FS_SIZE_BLOCK] = {0};
                uint64_t got = 7;

                for (size_t j = 0; j < 4; j++)
                        memcpy(block + cases[i].parts[j].at, cases[i].parts[j].bytes,
                               cases[i].parts[j].count);
                assert_int_equal(fs_size_parse(cases[i].kind, block, sizeof(block), &got),
                                 cases[i].want != 0);
                assert_int_equal(got, cases[i].want ? cases[i].want : 7);
        }
}

static void a_block_that_ends_early(void **state)
{
        uint8_t block[340] = {[4] = 1, [56] = 0x53, [57] = 0xef};
        uint64_t got;

        (void)state;
        for (size_t size = 0; size < sizeof(block); size++)
                assert_false(fs_size_parse("ext4", block, size, &got));
        assert_true(fs_size_parse("ext4", block, sizeof(block), &got));
        assert_false(fs_size_place("squashfs", &got));
        assert_true(fs_size_place("btrfs", &got));
        assert_int_equal(got, 65536);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sizes),
                cmocka_unit_test(a_block_that_ends_early),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
