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

#include "discover/vpd.h"

static void test_serials(void **state)
{
        static const struct {
                uint8_t page[16];
                size_t size;
                const char *want; /* NULL: it has none */
        } cases[] = {
                {{0, 0x80, 0, 6, ' ', 'A', 'B', '1', ' ', 0}, 10, "AB1"},
                {{0, 0x80, 0, 2, 'A', 'B', 'C'},              7,  "AB" }, /* bytes behind it */
                {{0, 0x83, 0, 2, 'A', 'B'},                   6,  NULL }, /* another page */
                {{0, 0x80, 0, 9, 'A', 'B'},                   6,  NULL }, /* longer than there is */
                {{0, 0x80, 0, 3, ' ', ' ', ' '},              7,  NULL },
                {{0, 0x80, 0, 3, 'A', 0, 'B'},                7,  NULL }, /* a NUL inside */
                {{0, 0x80, 0},                                3,  NULL },
        };
        char text[VPD_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(vpd_serial(cases[i].page, cases[i].size, text),
                                 cases[i].want != NULL);
                if (cases[i].want)
                        assert_string_equal(text, cases[i].want);
        }
}

static void test_rotations(void **state)
{
        static const struct {
                uint16_t rate;
                int want; /* -1: not told */
        } cases[] = {
                {0,      -1  },
                {1,      0   },
                {2,      -1  },
                {0x400,  -1  },
                {5400,   5400},
                {7200,   7200},
                {0xffff, -1  },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const uint8_t page[] = {
                        0, 0xb1, 0, 2, (uint8_t)(cases[i].rate >> 8), (uint8_t)cases[i].rate};
                uint16_t rate;

                assert_int_equal(vpd_rotation(page, sizeof(page), &rate), cases[i].want >= 0);
                if (cases[i].want >= 0)
                        assert_int_equal(rate, cases[i].want);
                assert_false(vpd_rotation(page, sizeof(page) - 1, &rate));
        }
}

static void test_ata(void **state)
{
        uint8_t page[572] = {0, 0x89, 2, 56}, *identify = page + 60;
        struct vpd_ata ata;

        (void)state;
        memset(identify, ' ', 512);
        assert_false(vpd_ata_identity(page, sizeof(page), &ata)); /* says nothing */
        memcpy(identify + 46, ".10", 3);
        memcpy(identify + 54, "CAEMD SI K ", 11);
        assert_true(vpd_ata_identity(page, sizeof(page), &ata));
        assert_string_equal(ata.model, "ACME DISK");
        assert_string_equal(ata.firmware, "1. 0");
        assert_false(vpd_ata_identity(page, sizeof(page) - 1, &ata));
        identify[54] = '\0'; /* inside of it */
        assert_false(vpd_ata_identity(page, sizeof(page), &ata));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_serials),
                cmocka_unit_test(test_rotations),
                cmocka_unit_test(test_ata),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
