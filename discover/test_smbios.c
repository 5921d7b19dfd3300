/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/smbios.h"

/* A system structure with two strings, a memory device without any, and the end. */
static const uint8_t table[] = {
        1,   8,  0x34, 0x12, 1, 2, 9, 0, ' ', 'A', 'c', 'm', 'e',  ' ',  0, 'X', 0, 0, /* */
        17,  14, 1,    0,    0, 0, 0, 0, 0,   0,   0,   0,   0x00, 0x04, 0, 0,         /* 1 GiB */
        127, 4,  2,    0,    0, 0,                                                     /* end */
        1,   8,  0,    0,    1, 2, 9, 0, 0,   0,                                       /* junk */
};

static void test_walk(void **state)
{
        struct reader r = reader_over(table, sizeof(table));
        struct smbios_structure s;
        char text[16];
        uint64_t size;

        (void)state;
        assert_int_equal(smbios_next(&r, &s), 1);
        assert_int_equal(s.type, SMBIOS_SYSTEM);
        assert_int_equal(s.handle, 0x1234);
        assert_true(smbios_string(&s, 4, text, sizeof(text)));
        assert_string_equal(text, "Acme"); /* blanks at its ends do not count */
        assert_true(smbios_string(&s, 5, text, sizeof(text)));
        assert_string_equal(text, "X");
        assert_false(smbios_string(&s, 6, text, sizeof(text))); /* there is no ninth string */
        assert_false(smbios_string(&s, 7, text, sizeof(text))); /* 0: none */
        assert_false(smbios_string(&s, 8, text, sizeof(text))); /* past the structure */
        assert_false(smbios_string(&s, 4, text, 4));            /* does not fit: not known */

        assert_int_equal(smbios_next(&r, &s), 1);
        assert_int_equal(s.type, SMBIOS_MEMORY_DEVICE);
        assert_true(smbios_memory_size(&s, &size));
        assert_int_equal(size, 1 << 30);
        assert_int_equal(smbios_next(&r, &s), 0);
}

static void test_memory_sizes(void **state)
{
        static const struct {
                uint64_t bytes;
                uint32_t extended;
                uint16_t size;
                bool known;
        } cases[] = {
                {0,                  0,                  0,      true },
                {0,                  0,                  0xffff, false},
                {1 << 20,            0,                  0x8400, true },
                {(uint64_t)16 << 30, 0,                  0x4000, true },
                {(uint64_t)64 << 30, 65536,              0x7fff, true },
                {(uint64_t)64 << 30, 0x80000000 | 65536, 0x7fff, true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint8_t bytes[34] = {17, 32};
                struct reader r = reader_over(bytes, sizeof(bytes));
                struct smbios_structure s;
                uint64_t size = 99;

                bytes[0x0c] = (uint8_t)cases[i].size;
                bytes[0x0d] = (uint8_t)(cases[i].size >> 8);
                memcpy(bytes + 0x1c, &cases[i].extended, 4); /* little-endian, as our machines */
                assert_int_equal(smbios_next(&r, &s), 1);
                assert_int_equal(smbios_memory_size(&s, &size), cases[i].known);
                if (cases[i].known)
                        assert_int_equal(size, cases[i].bytes);
        }
}

/* At whatever byte a table ends, what stands before is read and nothing after. */
static void test_cut_anywhere(void **state)
{
        (void)state;
        for (size_t len = 0; len < sizeof(table); len++) {
                uint8_t *copy = malloc(len + 1);
                struct smbios_structure s;
                struct reader r;
                char text[16];
                int n = 0;

                assert_non_null(copy);
                memcpy(copy, table, len);
                r = reader_over(copy, len);
                while (smbios_next(&r, &s) > 0 && n < 9) {
                        (void)smbios_string(&s, 4, text, sizeof(text));
                        n++;
                }
                assert_int_equal(n, len < 8 ? 0 : len < 32 ? 1 : 2);
                free(copy);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_walk),
                cmocka_unit_test(test_memory_sizes),
                cmocka_unit_test(test_cut_anywhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
