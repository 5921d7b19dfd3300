/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/net.h"

static void macs(void **state)
{
        static const char *const bad[] = {
                "",
                "52:54:00:77:00",
                "52:54:00:77:00:1",
                "52:54:00:77:00:01:",
                "52:54:00:77:00:0g",
                "525400770001",
                "52:54-00:77:00:01",
                "52.54.00.77.00.01",
                " 52:54:00:77:00:01",
        };
        struct mac_address mac, group, none = {0}, untouched = {.bytes = {1}};
        char to[MAC_TEXT_SIZE];

        (void)state;
        assert_int_equal(mac_parse("52:54:00:77:AB:01", &mac), 0);
        assert_string_equal(mac_text(to, &mac), "52:54:00:77:ab:01");
        assert_true(mac_is_usable(&mac));
        assert_int_equal(mac_parse("01-00-5e-00-00-01", &group), 0);
        assert_false(mac_is_usable(&group));
        assert_false(mac_is_usable(&none));
        assert_false(mac_is_equal(&mac, &group));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(mac_parse(bad[i], &untouched), -EINVAL);
        assert_int_equal(untouched.bytes[0], 1);
}

static void addresses(void **state)
{
        static const char *const bad[] = {
                "",          "10",        "10.1",      "10.1.1", "10.1.1.256",
                "010.1.1.1", "10.1.1.1 ", "10.1.1.1.", "::1",
        };
        struct ip4_address ip, none = {0};
        char to[IP4_TEXT_SIZE];

        (void)state;
        assert_int_equal(ip4_parse("10.77.0.100", &ip), 0);
        assert_int_equal(ip.be, htonl(0x0a4d0064));
        assert_string_equal(ip4_text(to, ip), "10.77.0.100");
        assert_string_equal(ip4_text(to, (struct ip4_address){UINT32_MAX}), "255.255.255.255");
        assert_true(ip4_is_set(ip));
        assert_false(ip4_is_set(none));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(ip4_parse(bad[i], &none), -EINVAL);
}

static void networks(void **state)
{
        static const char *const bad[] = {
                "10.77.0.0",    "10.77.0.1/24", "10.77.0.0/33", "10.77.0.0/",     "10.77.0.0/024",
                "10.77.0.0/-1", "/24",          "10.77.0/24",   "10.77.0.0/24/8",
        };
        struct ip4_network net, all;
        struct ip4_address ip;
        char to[IP4_TEXT_SIZE];

        (void)state;
        assert_int_equal(ip4_network_parse("10.77.0.0/22", &net), 0);
        assert_string_equal(ip4_text(to, ip4_network_mask(&net)), "255.255.252.0");
        assert_string_equal(ip4_text(to, ip4_network_broadcast(&net)), "10.77.3.255");
        ip4_parse("10.77.3.255", &ip);
        assert_true(ip4_network_has(&net, ip));
        ip4_parse("10.77.4.0", &ip);
        assert_false(ip4_network_has(&net, ip));
        assert_int_equal(ip4_network_parse("0.0.0.0/0", &all), 0);
        assert_true(ip4_network_has(&all, ip));
        assert_string_equal(ip4_text(to, ip4_network_mask(&all)), "0.0.0.0");
        assert_int_equal(ip4_network_parse("10.77.4.0/32", &net), 0);
        assert_true(ip4_network_has(&net, ip));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(ip4_network_parse(bad[i], &net), -EINVAL);
}

static void uuids(void **state)
{
        static const char *const nobody[] = {
                "00000000-0000-0000-0000-000000000000",
                "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                "03000200-0400-0500-0006-000700080009",
        };
        static const char *const bad[] = {
                "",
                "33221100-5544-7766-8899-aabbccddeef",
                "33221100-5544-7766-8899-aabbccddeeff0",
                "33221100x5544-7766-8899-aabbccddeeff",
                "3322110-05544-7766-8899-aabbccddeeff",
                "33221100-5544-7766-8899-aabbccddeefg",
        };
        static const uint8_t smbios[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                           0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
        struct uuid uuid = uuid_from_smbios(smbios), back;
        char to[UUID_TEXT_SIZE];

        (void)state;
        /* The example of SMBIOS 7.2.1. */
        assert_string_equal(uuid_text(to, &uuid), "33221100-5544-7766-8899-aabbccddeeff");
        assert_int_equal(uuid_parse("33221100-5544-7766-8899-AABBCCDDEEFF", &back), 0);
        assert_memory_equal(&uuid, &back, sizeof(uuid));
        assert_true(uuid_identifies(&uuid));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(uuid_parse(bad[i], &back), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
                assert_int_equal(uuid_parse(nobody[i], &back), 0);
                assert_false(uuid_identifies(&back));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(macs),
                cmocka_unit_test(addresses),
                cmocka_unit_test(networks),
                cmocka_unit_test(uuids),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
