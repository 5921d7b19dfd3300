/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
        static const uint8_t bytes[] = {1, 0, 2, 0, 1, 0, 3, 0};
        struct boot_order order;

        (void)state;
        assert_int_equal(boot_order_parse(reader_over(bytes, sizeof(bytes)), &order), 0);
        assert_int_equal(order.count, 4);
        assert_int_equal(boot_order_put_first(&order, 2), 0);
        assert_int_equal(order.count, 4);
        assert_int_equal(order.numbers[0], 2);
        assert_int_equal(order.numbers[1], 1);
        assert_int_equal(boot_order_put_first(&order, 1), 0);
        assert_int_equal(order.count, 3); /* it stood there twice */
        assert_int_equal(order.numbers[2], 3);
        assert_int_equal(boot_order_parse(reader_over(bytes, 3), &order), -EBADMSG);
}

static void test_order_that_is_full(void **state)
{
        struct boot_order order = {.count = BOOT_ORDER_MAX};

        (void)state;
        for (uint16_t i = 0; i < BOOT_ORDER_MAX; i++)
                order.numbers[i] = i;
        assert_int_equal(boot_order_put_first(&order, BOOT_ORDER_MAX), -ENOSPC);
        assert_int_equal(boot_order_put_first(&order, BOOT_ORDER_MAX - 1), 0);
        assert_int_equal(order.count, BOOT_ORDER_MAX);
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
                cmocka_unit_test(test_order_that_is_full),
                cmocka_unit_test(test_system_partition),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
