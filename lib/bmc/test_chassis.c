/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/bmc/chassis.h"

static void test_power(void **state)
{
        static const uint8_t off[] = {0, 0x60, 0, 0}, on[] = {0, 0x21, 0, 0};
        static const uint8_t odd[] = {0, 0x0c, 0}, busy[] = {0xc0}, brief[] = {0, 1};
        struct ipmi_chassis c;

        (void)state;
        assert_int_equal(ipmi_chassis_parse(off, sizeof(off), &c), 0);
        assert_false(c.is_on);
        assert_int_equal(c.restore_policy, 3);
        assert_int_equal(ipmi_chassis_parse(on, sizeof(on), &c), 0);
        assert_true(c.is_on);
        assert_int_equal(c.restore_policy, 1);
        assert_int_equal(ipmi_chassis_parse(odd, sizeof(odd), &c), 0);
        assert_true(c.is_interlocked && c.has_power_fault && !c.is_on);
        assert_int_equal(ipmi_chassis_parse(busy, sizeof(busy), &c), -EREMOTEIO);
        assert_int_equal(ipmi_chassis_parse(brief, sizeof(brief), &c), -EBADMSG);
        assert_int_equal(ipmi_chassis_parse(NULL, 0, &c), -EBADMSG);
}

/* What is set reads back as it was set: the bytes are table 28-14's. */
static void test_boot(void **state)
{
        static const struct {
                struct ipmi_boot boot;
                uint8_t flags, device;
        } cases[] = {
                {{IPMI_BOOT_PXE, true, false, false},     0x80, 0x04},
                {{IPMI_BOOT_PXE, true, false, true},      0xa0, 0x04},
                {{IPMI_BOOT_DISK, true, true, true},      0xe0, 0x08},
                {{IPMI_BOOT_CDROM, true, false, false},   0x80, 0x14},
                {{IPMI_BOOT_BIOS, true, false, true},     0xa0, 0x18},
                {{IPMI_BOOT_AS_SET, false, false, false}, 0,    0   },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct ipmi_request r = ipmi_ask_boot_set(&cases[i].boot);
                const uint8_t answer[] = {0, 1, 0x85, r.data[1], r.data[2], 0, 0, 0};
                struct ipmi_boot boot;

                assert_int_equal(r.size, 6);
                assert_int_equal(r.data[1], cases[i].flags);
                assert_int_equal(r.data[2], cases[i].device);
                assert_int_equal(ipmi_boot_parse(answer, sizeof(answer), &boot), 0);
                assert_int_equal(boot.device, cases[i].boot.device);
                assert_int_equal(boot.is_valid, cases[i].boot.is_valid);
                assert_int_equal(boot.is_persistent, cases[i].boot.is_persistent);
                assert_int_equal(boot.is_uefi, cases[i].boot.is_uefi);
        }
}

static void test_boot_of_another_parameter(void **state)
{
        static const uint8_t other[] = {0, 1, 4, 0x80, 4, 0, 0, 0};
        struct ipmi_boot boot;

        (void)state;
        assert_int_equal(ipmi_boot_parse(other, sizeof(other), &boot), -EBADMSG);
        assert_int_equal(ipmi_boot_parse(other, 4, &boot), -EBADMSG);
}

static void test_requests(void **state)
{
        const struct ipmi_request once = ipmi_ask_identify(15, false);
        const struct ipmi_request forced = ipmi_ask_identify(15, true);
        const struct ipmi_request close = ipmi_ask_close(0x04030201);

        (void)state;
        assert_int_equal(once.size, 1);
        assert_int_equal(forced.size, 2);
        assert_int_equal(forced.data[1], 1);
        assert_memory_equal(close.data, "\1\2\3\4", 4);
}

static void test_codes(void **state)
{
        (void)state;
        assert_true(ipmi_code_is_busy(0xc0));
        assert_false(ipmi_code_is_busy(0xd4));
        assert_non_null(strstr(ipmi_code_text(0xd4), "privilege"));
        assert_null(ipmi_code_text(0x80));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_power),
                cmocka_unit_test(test_boot),
                cmocka_unit_test(test_boot_of_another_parameter),
                cmocka_unit_test(test_requests),
                cmocka_unit_test(test_codes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
