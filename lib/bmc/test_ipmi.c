/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bmc/ipmi.h"

static void test_requests(void **state)
{
        const struct ipmi_request lan = ipmi_ask_lan(1, IPMI_LAN_CIPHERS, 0);
        const struct ipmi_request logins = ipmi_ask_logins(8);

        (void)state;
        assert_int_equal(lan.net_function, 0x0c);
        assert_int_equal(lan.command, 0x02);
        assert_memory_equal(lan.data, "\1\x17\0\0", 4);
        assert_int_equal(logins.command, 0x38);
        assert_memory_equal(logins.data, "\x88\3", 2);
        assert_int_equal(ipmi_ask_device().size, 0);
        assert_int_equal(ipmi_ask_user(1, 2).data[1], 2);
}

static void test_device(void **state)
{
        /* 2.42, IPMI 2.0, Supermicro */
        static const uint8_t answer[] = {0,    0x20, 0x01, 0x82, 0x42, 0x02, 0xbf, 0x7c,
                                         0x2a, 0x00, 0x34, 0x12, 0,    0,    0,    0};
        struct ipmi_device device;

        (void)state;
        assert_int_equal(ipmi_device_parse(answer, sizeof(answer), &device), 0);
        assert_int_equal(device.firmware_major, 2);
        assert_int_equal(device.firmware_minor, 0x42);
        assert_int_equal(device.ipmi_major, 2);
        assert_int_equal(device.ipmi_minor, 0);
        assert_int_equal(device.product, 0x1234);
        assert_string_equal(ipmi_maker(device.manufacturer), "Supermicro");
        assert_null(ipmi_maker(999999));
        for (size_t cut = 0; cut < 12; cut++)
                assert_int_equal(ipmi_device_parse(answer, cut, &device), -EBADMSG);
        assert_int_equal(ipmi_device_parse("\xc1", 1, &device), -EREMOTEIO);
}

static void test_lan(void **state)
{
        struct ip4_address ip;
        struct mac_address mac;
        const char *source;
        uint16_t vlan;
        uint8_t ip6[16], medium;
        char text[IP4_TEXT_SIZE];

        (void)state;
        assert_int_equal(ipmi_channel_parse("\0\1\x84\1\0", 5, &medium), 0);
        assert_int_equal(medium, IPMI_MEDIUM_LAN);
        assert_int_equal(ipmi_lan_ip4_parse("\0\x11\xc0\0\2\x0a", 6, &ip), 0);
        assert_string_equal(ip4_text(text, ip), "192.0.2.10");
        assert_int_equal(ipmi_lan_ip4_parse("\0\x11\xc0\0\2", 5, &ip), -EBADMSG);
        assert_int_equal(ipmi_lan_mac_parse("\0\x11RT\0\1\2\3", 8, &mac), 0);
        assert_memory_equal(mac.bytes, "RT\0\1\2\3", 6);
        assert_int_equal(ipmi_lan_source_parse("\0\x11\x02", 3, &source), 0);
        assert_string_equal(source, "dhcp");
        assert_int_equal(ipmi_lan_source_parse("\0\x11\x0f", 3, &source), 0);
        assert_null(source);
        assert_int_equal(ipmi_lan_vlan_parse("\0\x11\x2a\x80", 4, &vlan), 0);
        assert_int_equal(vlan, 42);
        assert_int_equal(ipmi_lan_vlan_parse("\0\x11\x2a\0", 4, &vlan), 0);
        assert_int_equal(vlan, 0);
        assert_int_equal(ipmi_lan_ip6_parse(
                                 "\0\x11\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x40\0", 22, ip6),
                         0);
        assert_int_equal(ip6[15], 7);
        assert_int_equal(ipmi_lan_ip6_parse("\x80", 1, ip6), -EREMOTEIO);
}

/* Suites 0, 3 and 17, of which the second may be used by nobody. */
static void test_ciphers(void **state)
{
        struct ipmi_ciphers ciphers;

        (void)state;
        assert_int_equal(ipmi_lan_ciphers_parse("\0\x11\0\0\3\x11", 6, &ciphers), 0);
        assert_int_equal(ciphers.count, 3);
        assert_int_equal(ipmi_lan_ciphers_count("\0\x11", 2, &ciphers), -EBADMSG);
        assert_int_equal(ipmi_lan_ciphers_count("\0\x11\x10", 3, &ciphers), 0);
        assert_int_equal(ciphers.count, 3);
        assert_int_equal(ipmi_lan_ciphers_limit("\0\x11\0\x04", 4, &ciphers), -EBADMSG);
        assert_int_equal(ciphers.count, 3);
        assert_int_equal(ipmi_lan_ciphers_limit("\0\x11\0\x04\x04", 5, &ciphers), 0);
        assert_int_equal(ciphers.count, 2);
        assert_int_equal(ciphers.ids[0], 0);
        assert_int_equal(ciphers.ids[1], 17);

        /* Two entries; the rest of the field is as it was left. */
        assert_int_equal(ipmi_lan_ciphers_parse("\0\x11\0\3\x11\0\0", 7, &ciphers), 0);
        assert_int_equal(ipmi_lan_ciphers_count("\0\x11\2", 3, &ciphers), 0);
        assert_int_equal(ciphers.count, 2);
}

static void test_users(void **state)
{
        struct ipmi_logins logins;
        struct ipmi_user user;
        char name[IPMI_USER_NAME_SIZE];

        (void)state;
        assert_int_equal(ipmi_user_parse("\0\x10\x42\1\x34", 5, &user), 0);
        assert_int_equal(user.max, 16);
        assert_true(user.is_enabled && user.can_message);
        assert_string_equal(ipmi_privilege_name(user.privilege), "administrator");
        assert_int_equal(ipmi_user_parse("\0\x10\x82\1\x0f", 5, &user), 0);
        assert_false(user.is_enabled || user.can_message);
        assert_string_equal(ipmi_privilege_name(user.privilege), "none");
        assert_null(ipmi_privilege_name(9));
        assert_int_equal(ipmi_user_name_parse("\0ADMIN\0\0\0\0\0\0\0\0\0\0\0", 17, name), 0);
        assert_string_equal(name, "ADMIN");
        assert_int_equal(ipmi_user_name_parse("\0sixteen-letters!", 17, name), 0);
        assert_string_equal(name, "sixteen-letters!");
        assert_int_equal(ipmi_user_name_parse("\xcc", 1, name), -EREMOTEIO);
        assert_int_equal(ipmi_logins_parse("\0\1\x97\5\3\0\0\0\0", 9, &logins), 0);
        assert_true(logins.has_anonymous);
        assert_false(logins.has_null_user);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_requests), cmocka_unit_test(test_device),
                cmocka_unit_test(test_lan),      cmocka_unit_test(test_ciphers),
                cmocka_unit_test(test_users),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
