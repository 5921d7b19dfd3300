/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "installer/boot_entry.h"
#include "lib/base/text.h"

#define GUID "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/*
 * Put together by hand from UEFI 2.10 3.1.3 and 10.3, as efibootmgr -v shows it:
 * HD(1,GPT,03020100-0504-0706-0809-0a0b0c0d0e0f,0x800,0x1000)/\EFI\BOOT\BOOTX64.EFI
 */
static const char known[] = "01000000"                               /* active */
                            "5e00"                                   /* bytes of the path */
                            "43006c006f0075006400690065000000"       /* Cloudie */
                            "04012a00"                               /* hard drive, 42 bytes */
                            "01000000"                               /* partition 1 */
                            "0008000000000000"                       /* first sector */
                            "0010000000000000"                       /* sectors */
                            "000102030405060708090a0b0c0d0e0f"       /* its GUID, as on disk */
                            "0202"                                   /* GPT, by GUID */
                            "04043000"                               /* file path, 48 bytes */
                            "5c004500460049005c0042004f004f0054005c" /* \EFI\BOOT\ */
                            "0042004f004f0054005800360034002e0045004600490000"
                            "00"
                            "7fff0400"; /* end */

static void fill(struct gpt *gpt)
{
        struct gpt_partition *esp = &gpt->partitions[0];

        memset(gpt, 0, sizeof(*gpt));
        esp->type = gpt_type_efi_system;
        esp->first = 0x800;
        esp->last = 0x17ff;
        for (uint8_t i = 0; i < 16; i++)
                esp->id.bytes[i] = i;
}

static void test_known_bytes(void **state)
{
        static struct gpt gpt;
        uint8_t bytes[BOOT_ENTRY_SIZE];
        char hex[2 * BOOT_ENTRY_SIZE + 1];
        size_t size;

        (void)state;
        fill(&gpt);
        size = boot_entry_encode(&gpt, 0, bytes);
        text_hex(hex, bytes, size);
        assert_string_equal(hex, known);
        assert_true(boot_entry_is_ours(reader_over(bytes, size)));
        assert_false(boot_entry_is_ours(reader_over(bytes, 12)));
        bytes[6] = 'K';
        assert_false(boot_entry_is_ours(reader_over(bytes, size)));
}

static void test_a_longer_name_is_not_ours(void **state)
{
        static const char option[] = "\1\0\0\0\4\0C\0l\0o\0u\0d\0i\0e\0s\0\0\0\x7f\xff\4";

        (void)state;
        assert_false(boot_entry_is_ours(reader_over(option, sizeof(option))));
}

static void test_names_of_variables(void **state)
{
        static const struct {
                const char *name;
                int rc;
                uint16_t number;
        } cases[] = {
                {"Boot0000" GUID,                                 0,       0     },
                {"Boot001F" GUID,                                 0,       0x1f  },
                {"BootFFFF" GUID,                                 0,       0xffff},
                {"BootOrder" GUID,                                -ENOENT, 0     },
                {"Boot00" GUID,                                   -ENOENT, 0     },
                {"Boot00zz" GUID,                                 -ENOENT, 0     },
                {"Boot0000-00000000-93ca-11d2-aa0d-00e098032b8c", -ENOENT, 0     },
                {"",                                              -ENOENT, 0     },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint16_t number = 0;

                assert_int_equal(boot_entry_number(cases[i].name, &number), cases[i].rc);
                assert_int_equal(number, cases[i].number);
        }
}

static void test_order(void **state)
{
        static const struct {
                const char *kinds; /* of entries 1, 2, ...: N(etwork), D(isk), F(irmware) */
                uint16_t want[6];  /* with number 9 */
        } cases[] = {
                {"",     {9}            },
                {"N",    {1, 9}         },
                {"D",    {9, 1}         },
                {"F",    {9, 1}         },
                {"FNND", {1, 2, 3, 9, 4}},
                {"FNNF", {1, 2, 3, 9, 4}},
                {"NDN",  {1, 9, 2, 3}   },
                {"FDN",  {1, 9, 2, 3}   },
                {"NFND", {1, 2, 3, 9, 4}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                enum boot_kind kinds[BOOT_ORDER_MAX];
                struct boot_order order = {.count = strlen(cases[i].kinds)};

                for (size_t j = 0; j < order.count; j++) {
                        const char kind = cases[i].kinds[j];

                        order.numbers[j] = (uint16_t)(j + 1);
                        kinds[j] = kind == 'N'   ? BOOT_KIND_NETWORK
                                   : kind == 'D' ? BOOT_KIND_DISK
                                                 : BOOT_KIND_FIRMWARE;
                }
                /* The second time it is there. */
                for (unsigned j = 0; j < 2; j++) {
                        assert_int_equal(boot_order_place(&order, 9, kinds), 0);
                        assert_int_equal(order.count, strlen(cases[i].kinds) + 1);
                        assert_memory_equal(order.numbers, cases[i].want,
                                            order.count * sizeof(order.numbers[0]));
                }
        }
}

static void test_order_as_bytes(void **state)
{
        static const uint8_t bytes[] = {1, 0, 2, 0, 1, 0, 3, 0};
        struct boot_order order;

        (void)state;
        assert_int_equal(boot_order_parse(reader_over(bytes, sizeof(bytes)), &order), 0);
        assert_int_equal(order.count, 4);
        assert_int_equal(order.numbers[3], 3);
        assert_int_equal(boot_order_parse(reader_over(bytes, 3), &order), -EBADMSG);
}

static void test_order_that_is_full(void **state)
{
        static const enum boot_kind kinds[BOOT_ORDER_MAX];
        struct boot_order order = {.count = BOOT_ORDER_MAX};

        (void)state;
        for (uint16_t i = 0; i < BOOT_ORDER_MAX; i++)
                order.numbers[i] = i;
        assert_int_equal(boot_order_place(&order, BOOT_ORDER_MAX, kinds), -ENOSPC);
        assert_int_equal(boot_order_place(&order, BOOT_ORDER_MAX - 1, kinds), 0);
        assert_int_equal(order.count, BOOT_ORDER_MAX);
}

/* As OVMF has them, but for their names. */
static void test_kinds(void **state)
{
        /* clang-format off */
        static const struct {
                const char *attributes, *path; /* hex */
                enum boot_kind kind;
        } cases[] = {
                {"01000000",
                 "02010c00d041030a00000000" "01010600000300" "030b2500525400770001"
                 "0000000000000000000000000000000000000000000000000000"
                 "01" "7fff0400",
                 BOOT_KIND_DISK}, /* one byte too many: no node after it counts */
                {"01000000",
                 "02010c00d041030a00000000" "010106000003" "030b2500525400770001"
                 "0000000000000000000000000000000000000000000000000000"
                 "01" "7fff0400",
                 BOOT_KIND_NETWORK},
                {"01000000", "0407140078563412000000000000000000000000" "7fff0400",
                 BOOT_KIND_FIRMWARE},
                {"09010000", "7fff0400", BOOT_KIND_FIRMWARE},
                {"01000000", "7fff0400", BOOT_KIND_DISK},
                {"01000000", "02010c00d041030a00000000" "010106000003" "0317100001000000" "0000000000000000"
                 "7fff0400", BOOT_KIND_DISK},
                {"01000000", "0501090006000000" "00" "7fff0400", BOOT_KIND_NETWORK},
                {"01000000", "0501090002000000" "00" "7fff0400", BOOT_KIND_DISK},
                {"01000000", "030b0300", BOOT_KIND_DISK},
                {"01000000", "030bffff", BOOT_KIND_DISK},
                {"0100", "", BOOT_KIND_DISK},
        };
        /* clang-format on */

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[512];
                uint8_t bytes[256];
                size_t size;

                /* The path's length, which is not looked at, and the name "x". */
                snprintf(text, sizeof(text), "%s%s%s", cases[i].attributes, "000078000000",
                         cases[i].path);
                size = strlen(text) / 2;
                assert_int_equal(text_unhex(text, bytes, size), 0);
                if (boot_entry_kind(reader_over(bytes, size)) != cases[i].kind)
                        fail_msg("number %zu", i);
        }
}

static void test_system_partition(void **state)
{
        static struct gpt gpt;

        (void)state;
        assert_int_equal(boot_find_system_partition(&gpt), -ENOENT);
        gpt.partitions[3].type = gpt_type_efi_system;
        assert_int_equal(boot_find_system_partition(&gpt), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_bytes),
                cmocka_unit_test(test_a_longer_name_is_not_ours),
                cmocka_unit_test(test_names_of_variables),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_order_as_bytes),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_order_that_is_full),
                cmocka_unit_test(test_system_partition),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
