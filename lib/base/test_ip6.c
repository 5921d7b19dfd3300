/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/ip6.h"

static const struct {
        const char *text;
        bool is_good;
} networks[] = {
        {"fd77::/64",                                    true },
        {"::/0",                                         true },
        {"fd77::1/128",                                  true },
        {"2001:db8:0:f8::/61",                           true },
        {"2001:db8:0:f4::/61",                           false},
        {"fd77::1/64",                                   false},
        {"fd77::/129",                                   false},
        {"fd77::",                                       false},
        {"fd77::%eth0/64",                               false},
        {"10.77.0.0/24",                                 false},
        {"[fd77::]/64",                                  false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0128", false},
};

static void addresses(void **state)
{
        struct ip6_network network;
        struct ip6_address ip, other;
        struct mac_address mac;
        char to[IP6_TEXT_SIZE], mac_to[MAC_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
                assert_int_equal(ip6_network_parse(networks[i].text, &network),
                                 networks[i].is_good ? 0 : -EINVAL);

        assert_int_equal(ip6_network_parse("2001:db8:0:f8::/61", &network), 0);
        assert_int_equal(ip6_parse("2001:db8:0:ff::7", &ip), 0);
        assert_int_equal(ip6_parse("2001:db8:0:100::7", &other), 0);
        assert_true(ip6_network_has(&network, &ip));
        assert_false(ip6_network_has(&network, &other));
        assert_false(ip6_is_equal(&ip, &other));
        assert_string_equal(ip6_text(to, &ip), "2001:db8:0:ff::7");
        assert_false(ip6_is_link_local(&ip));
        assert_false(ip6_mac(&ip, &mac));

        assert_int_equal(ip6_parse("fe80::5054:ff:fe77:1", &ip), 0);
        assert_true(ip6_is_link_local(&ip) && ip6_is_set(&ip));
        assert_true(ip6_mac(&ip, &mac));
        assert_string_equal(mac_text(mac_to, &mac), "52:54:00:77:00:01");
        other = ip6_link_local_of(&mac);
        assert_true(ip6_is_equal(&ip, &other));
        assert_int_equal(ip6_parse("::", &ip), 0);
        assert_false(ip6_is_set(&ip));
        assert_int_equal(ip6_parse("fe80::1%br0", &ip), -EINVAL);
        /* A group's MAC is nobody's. */
        assert_int_equal(ip6_parse("fe80::300:ff:fe77:1", &ip), 0);
        assert_false(ip6_mac(&ip, &mac));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
