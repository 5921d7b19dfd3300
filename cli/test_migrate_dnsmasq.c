/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/migrate_lab.h"

#define NET "dhcp-range=10.1.0.100,10.1.0.110,255.255.255.0\n"
#define NET_JSON                                                                                   \
        "{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.100\","     \
        "\"pool_last\":\"10.1.0.110\""

/* clang-format off */
static const struct lab_case cases[] = {
        {"\n # no\nport=0\nlog-dhcp", NULL, NULL, NULL},
        {NET, "[" NET_JSON "}]", NULL, NULL},
        {" dhcp-range = set:a , 10.1.0.100 , 10.1.0.110 , 255.255.255.0 , 1h # why\ndhcp-option=tag:a,3,10.1.0.1\n"
         "dhcp-option=option:router,10.1.0.2\ndomain=ex.org",
         "[" NET_JSON ",\"router\":\"10.1.0.1\",\"domain\":\"ex.org\",\"lease_s\":3600}]", NULL, NULL},
        {"dhcp-range=10.1.0.100,10.1.0.110", "[" NET_JSON "}]", NULL, "1 changed: the range has no netmask"},
        {"dhcp-range=10.1.0.0,proxy,255.255.255.0", "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"mode\":\"proxy\"}]",
         NULL, NULL},
        {"dhcp-range=10.1.0.0,static,255.255.255.0\ndhcp-host=52:54:0:1:0:1,10.1.0.9",
         "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.9\",\"pool_last\":\"10.1.0.9\","
         "\"strangers\":\"list\"}]", "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.9\"}]",
         "1 changed: 10.1.0.0/24 has no range"},
        {NET "dhcp-range=tag:x,10.1.0.120,10.1.0.130,255.255.255.0", "[" NET_JSON "}]", NULL,
         "2 left behind: the range is for machines with the tag 'x'"},
        {NET "dhcp-host=52:54:00:01:00:01,a,10.1.0.9,infinite", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.9\",\"name\":\"a\"}]", "2 changed: leases are as long"},
        {NET "dhcp-host=52:54:00:01:00:01,10.1.0.9\nhost-record=a.ex.org,b,10.1.0.9\naddress=/c.org/10.1.0.8\nptr-record=x",
         "[" NET_JSON "}]", "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.9\",\"name\":\"a\"}]",
         "5 left behind: ptr-record;4 left behind: the name 'c' is of no machine"},
        {NET "dhcp-host=id:01:aa:bb,10.1.0.9\ndhcp-host=id:*,10.1.0.8\ndhcp-host=ab,10.1.0.7", "[" NET_JSON "}]",
         "[{\"client_id\":\"0x01aabb\",\"address\":\"10.1.0.9\"}]",
         "3 left behind: id:*;3 left behind: a machine is known by its MAC;4 left behind: a machine is known"},
        {NET "dhcp-boot=x\ntftp-root=/x\nfrob\ndhcp-match=set:a,60,b\nconf-dir=/x\nconf-file=/x", "[" NET_JSON "}]", NULL,
         "2 ours instead: dhcp-boot;3 ours instead: tftp-root;4 left behind: 'frob' is not;5 left behind: dhcp-match;"
         "6 wrong: conf-dir;7 wrong: conf-file=/x"},
        {NET "dhcp-range=fd77::10,fd77::20,64,1h", "[" NET_JSON ",\"subnet6\":\"fd77::/64\",\"pool6_first\":\"fd77::10\","
         "\"pool6_last\":\"fd77::20\"}]", NULL, NULL},
        {NET "1795168801 52:54:00:02:00:01 10.1.0.101 a *\n1795168799 52:54:00:02:00:02 10.1.0.102 b *\n"
         "0 52:54:00:02:00:03 10.1.0.103 * *\nduid 00:01\n7 1 fd77::1 a b\n5 6", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:02:00:01\",\"address\":\"10.1.0.101\",\"name\":\"a\"},"
         "{\"mac\":\"52:54:00:02:00:03\",\"address\":\"10.1.0.103\"}]",
         "6 left behind: only leases of IPv4;7 left behind: the lease is not understood"},
        {"dhcp-range=,,\ndhcp-host=,\ndhcp-option=\ndhcp-option=tag:a\naddress=/\ndomain=", NULL, NULL,
         "1 left behind: 'dhcp-range' is not;2 left behind: 'dhcp-host' is not;3 left behind: 'dhcp-option' is not;"
         "6 left behind: 'domain' is not;4 left behind: no range sets the tag 'a'"},
};
/* clang-format on */

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                lab_run(migrate_dnsmasq, &cases[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
