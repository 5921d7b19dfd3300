/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/disk/usb_name.h"

#define HOST "/sys/devices/pci0000:00/0000:00:14.0/usb2/"
#define LONG "111111111111111111111111111111"

static void test_names(void **state)
{
        static const struct {
                const char *path, *name; /* NULL: none */
        } cases[] = {
                {HOST "2-1/2-1:1.0/host8/target8:0:0/8:0:0:0/block/sdb", "2-1"  },
                {HOST "2-1/2-1.4/2-1.4:1.0/host8/block/sdb",             "2-1.4"},
                {"12-3:1.0",                                             "12-3" },
                {HOST "2-1/2-1.4",                                       NULL   }, /* no interface */
                {"/sys/devices/pci0000:00/ata1/host0/target0:0:0/sda",   NULL   },
                {"-1:1.0/2-:1.0/2:1.0/2-1x:1.0",                         NULL   },
                {"2-" LONG ":1.0",                                       NULL   },
                {"",                                                     NULL   },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char name[USB_NAME_SIZE] = "as it was";
                const bool is_found = usb_name_in(cases[i].path, name);

                assert_int_equal(is_found, cases[i].name != NULL);
                assert_string_equal(name, cases[i].name ? cases[i].name : "as it was");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
