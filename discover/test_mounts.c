/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discover/mounts.h"

static void test_rows(void **state)
{
        const char *at =
                "36 35 98:0 /mnt1 /mnt\\040two rw,noatime master:1 shared:3 - ext3 /dev/root rw\n"
                "broken\n"
                "1 2 0:5 / /x\\101 rw - tmpfs none rw\n"
                "1 2 0:6 / /without rw\n";
        struct mount_row row;

        (void)state;
        assert_true(mounts_next(&at, &row));
        assert_string_equal(row.device, "98:0");
        assert_string_equal(row.point, "/mnt two");
        assert_string_equal(row.type, "ext3");
        assert_string_equal(row.source, "/dev/root");
        assert_true(mounts_next(&at, &row));
        assert_string_equal(row.point, "/xA");
        assert_false(mounts_next(&at, &row));
}

static void test_long_paths_are_cut(void **state)
{
        char text[2000];
        const char *at = text;
        struct mount_row row;

        (void)state;
        snprintf(text, sizeof(text), "1 2 8:1 / /%01000d rw - ext4 /dev/sda1 rw\n", 0);
        assert_true(mounts_next(&at, &row));
        assert_int_equal(strlen(row.point), MOUNTS_TEXT_SIZE - 1);
        assert_string_equal(row.type, "ext4");
}

static void test_swaps(void **state)
{
        static const char swaps[] = "Filename\tType\tSize\n/dev/sda6   partition 8 0 -2\n";

        (void)state;
        assert_true(mounts_is_swap(swaps, "sda6"));
        assert_false(mounts_is_swap(swaps, "sda"));
        assert_false(mounts_is_swap(swaps, "sda66"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_long_paths_are_cut),
                cmocka_unit_test(test_swaps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
