/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The confinement itself is tested with the real daemon: tests/netns/test_netbootd.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netboot/confine.h"

static void test_port(void **state)
{
        (void)state;
        assert_int_equal(netbootd_controller_port("https://10.77.0.1:8443"), 8443);
        assert_int_equal(netbootd_controller_port("https://controller.example"), 443);
        assert_int_equal(netbootd_controller_port("https://controller.example/base:1"), 443);
        assert_int_equal(netbootd_controller_port("https://controller.example:9/base"), 9);
        assert_int_equal(netbootd_controller_port("https://[fd00::1]:8443"), 8443);
        assert_int_equal(netbootd_controller_port("https://[fd00::1]"), 443);
        assert_int_equal(netbootd_controller_port("https://host:65536"), 0);
        assert_int_equal(netbootd_controller_port("https://host:"), 0);
        assert_int_equal(netbootd_controller_port("https://host:123456789012"), 0);
        assert_int_equal(netbootd_controller_port("controller"), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {cmocka_unit_test(test_port)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
