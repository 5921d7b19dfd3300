/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "discover/mask.h"

static const uint8_t key[SIPHASH_KEY_SIZE] = "a key of a test";

static const char *applied(const struct mask *mask, const char *text)
{
        static char copy[4][256];
        static size_t at;
        char *to = copy[at++ % 4];

        snprintf(to, sizeof(copy[0]), "%s", text);
        mask_apply(mask, to, strlen(to));
        return to;
}

static void test_forms_of_a_mac(void **state)
{
        struct mask *mask = mask_new(key);
        uint8_t bytes[] = {1, 0x52, 0x54, 0, 0xab, 0xcd, 0xef, 2};
        char colons[18], want[32];

        (void)state;
        assert_int_equal(mask_learn(mask, "52:54:00:ab:cd:ef"), 0);
        snprintf(colons, sizeof(colons), "%s", applied(mask, "52:54:00:ab:cd:ef"));
        assert_memory_equal(colons, "52:54:00:", 9); /* whose card it is may be seen */
        assert_null(strstr(colons, "ab:cd:ef"));
        snprintf(want, sizeof(want), "BOOTIF=01-52-54-00-%.2s-%.2s-%.2s", colons + 9, colons + 12,
                 colons + 15);
        assert_string_equal(applied(mask, "BOOTIF=01-52-54-00-ab-cd-ef"), want);
        snprintf(want, sizeof(want), "x525400%.2s%.2s%.2s", colons + 9, colons + 12, colons + 15);
        assert_string_equal(applied(mask, "x525400abcdef"), want);
        mask_apply(mask, bytes, sizeof(bytes));
        snprintf(want, sizeof(want), "%02x:%02x:%02x", bytes[4], bytes[5], bytes[6]);
        assert_string_equal(want, colons + 9);
        assert_int_equal(bytes[0], 1);
        assert_int_equal(bytes[7], 2);
        mask_free(mask);
}

static void test_forms_of_a_uuid(void **state)
{
        struct mask *mask = mask_new(key);
        const uint8_t was[] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                               0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
        uint8_t bytes[sizeof(was)];
        char text[40], want[40];

        (void)state;
        memcpy(bytes, was, sizeof(was));
        assert_int_equal(mask_learn(mask, "00112233-4455-6677-8899-aabbccddeeff"), 0);
        mask_apply(mask, bytes, sizeof(bytes));
        snprintf(text, sizeof(text), "%s", applied(mask, "00112233-4455-6677-8899-AABBCCDDEEFF"));
        snprintf(want, sizeof(want),
                 "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", bytes[3],
                 bytes[2], bytes[1], bytes[0], bytes[5], bytes[4], bytes[7], bytes[6], bytes[8],
                 bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
        assert_string_equal(text, want);
        assert_memory_not_equal(bytes, was, sizeof(was));
        mask_free(mask);
}

/* What nobody has learned, and looks like one. */
static void test_shapes(void **state)
{
        struct mask *mask = mask_new(key);
        static const char *const same[] = {
                "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                "0000:00:1f.2",
                "aa:bb:cc:dd:ee:ff:00:11",
                "x00112233-4455-6677-8899-aabbccddeeff",
                "00112233-4455-6677-8899-aabbccddeeff0",
                "12:30:59",
        };
        const char *twice;

        (void)state;
        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
                assert_string_equal(applied(mask, same[i]), same[i]);
        twice = applied(mask, "root=UUID=00112233-4455-6677-8899-aabbccddeeff "
                              "00112233-4455-6677-8899-aabbccddeeff");
        assert_null(strstr(twice, "aabbccddeeff"));
        assert_memory_equal(twice, "root=UUID=", 10);
        assert_memory_equal(twice + 10, twice + 47, 36);
        assert_string_not_equal(applied(mask, "mac aa:bb:cc:dd:ee:ff"), "mac aa:bb:cc:dd:ee:ff");
        mask_free(mask);
}

static void test_serials(void **state)
{
        struct mask *mask = mask_new(key);
        const char *masked;
        char hex[64];

        (void)state;
        assert_int_equal(mask_learn(mask, "S5GX"), 0);
        assert_int_equal(mask_learn(mask, "S5GXNX0R"), 0);
        assert_int_equal(mask_learn(mask, "abc"), 0); /* too short to name anybody */
        /* Short ones stand alone; long ones are found in the midst, and before the short ones. */
        assert_string_equal(applied(mask, "xS5GXx abc"), "xS5GXx abc");
        masked = applied(mask, "[S5GX]");
        assert_null(strstr(masked, "S5GX"));
        assert_true(masked[1] >= 'A' && masked[1] <= 'Z' && masked[2] >= '0' && masked[2] <= '9');
        assert_null(strstr(applied(mask, "SAMSUNGS5GXNX0R77"), "S5GX"));
        assert_string_equal(applied(mask, "a S5GXNX0R") + 2, applied(mask, "bS5GXNX0R") + 1);
        /* NVMe's names have it as hexadecimal text. */
        snprintf(hex, sizeof(hex), "%s", applied(mask, "nvme.144d-533547584e583052-x"));
        assert_null(strstr(hex, "533547584e583052"));
        assert_memory_equal(hex, "nvme.144d-", 10);
        mask_free(mask);
}

/* What was no UTF-8 stands otherwise in the file; a name keeps its kind. */
static void test_pieces_and_prefixes(void **state)
{
        struct mask *mask = mask_new(key);

        (void)state;
        assert_int_equal(mask_learn(mask, "PART1\xef\xbf\xbdPART2"), 0);
        assert_null(strstr(applied(mask, "PART1\x80PART2"), "PART"));
        assert_int_equal(mask_learn(mask, "naa.5000c50012345678"), 0);
        assert_memory_equal(applied(mask, "naa.5000c50012345678"), "naa.", 4);
        assert_null(strstr(applied(mask, "0x5000C50012345678"), "5000C500"));
        assert_int_equal(mask_learn(mask, "nqn.2014-08.org.nvmexpress:uuid:SUBSYS77"), 0);
        assert_memory_equal(applied(mask, "nqn.2014-08.org.nvmexpress:uuid:SUBSYS77"),
                            "nqn.2014-08.org.nvmexpress:uuid:", 32);
        mask_free(mask);
}

static void test_paths(void **state)
{
        struct mask *mask = mask_new(key);
        char path[] = "sys/block/S5GXNX0R";

        (void)state;
        assert_int_equal(mask_learn(mask, "block"), 0);
        assert_int_equal(mask_learn(mask, "S5GXNX0R"), 0);
        mask_apply_path(mask, path);
        assert_memory_equal(path, "sys/block/", 10);
        assert_null(strstr(path, "S5GX"));
        assert_string_not_equal(applied(mask, "block"), "block");
        mask_free(mask);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms_of_a_mac),
                cmocka_unit_test(test_forms_of_a_uuid),
                cmocka_unit_test(test_shapes),
                cmocka_unit_test(test_serials),
                cmocka_unit_test(test_pieces_and_prefixes),
                cmocka_unit_test(test_paths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
