/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/migrate_lab.h"

#define NET "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.100 10.1.0.110; "
#define NET_JSON                                                                                   \
        "{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.100\","     \
        "\"pool_last\":\"10.1.0.110\""
#define LEASE "lease 10.1.0.101 { binding state active; hardware ethernet 52:54:0:2:0:1; "

/* clang-format off */
static const struct lab_case cases[] = {
        {"", NULL, NULL, NULL},
        {"# nothing\n authoritative; max-lease-time 7200;", NULL, NULL, NULL},
        {NET "}", "[" NET_JSON "}]", NULL, NULL},
        /* What is said outside holds inside, behind it, too; the inner one counts first. */
        {NET "option domain-name \"in.example\"; } option domain-name \"out.example\"; default-lease-time 600;",
         "[" NET_JSON ",\"domain\":\"in.example\",\"lease_s\":600}]", NULL, NULL},
        {NET "option routers 10.1.0.1, 10.1.0.2; }", "[" NET_JSON ",\"router\":\"10.1.0.1\"}]", NULL,
         "1 changed: machines are told the first"},
        {"option routers 10.9.0.1; " NET "}", "[" NET_JSON "}]", NULL, "1 changed: the router 10.9.0.1 is not in"},
        {"shared-network up { " NET "} }", "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\","
         "\"shared_network\":\"up\",\"pool_first\":\"10.1.0.100\",\"pool_last\":\"10.1.0.110\"}]", NULL, NULL},
        {"subnet 10.1.0.0 netmask 255.255.255.0 {\n pool { range 10.1.0.100 10.1.0.110;\n allow members of \"x\"; }\n"
         "pool { range 10.1.0.9; } }",
         "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.9\",\"pool_last\":\"10.1.0.9\"}]",
         NULL, "3 left behind: the pool is for some machines"},
        {NET "deny unknown-clients; }", "[" NET_JSON ",\"strangers\":\"list\"}]", NULL, "1 changed: deny unknown-clients"},
        {NET "next-server 10.1.0.2; filename \"x;}\"; }", "[" NET_JSON "}]", NULL,
         "1 ours instead: next-server;1 ours instead: filename"},
        {NET "frobnicate 7; }\nclass \"a\" { match x; { } }\nwhat { }", "[" NET_JSON "}]", NULL,
         "1 left behind: 'frobnicate' is not understood;2 left behind: class a;3 left behind: the block 'what'"},
        {NET "} host db-1 { hardware ethernet 52:54:0:1:0:1; fixed-address 10.1.0.11; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.11\",\"name\":\"db-1\"}]", NULL},
        {NET "} group { host a { option dhcp-client-identifier \"abc\"; fixed-address 10.1.0.11;\n"
         "option host-name \"Web.example\"; } }", "[" NET_JSON "}]",
         "[{\"client_id\":\"abc\",\"address\":\"10.1.0.11\",\"name\":\"web\"}]", NULL},
        {NET "} group { option domain-name \"x\"; }", "[" NET_JSON "}]", NULL, "1 left behind: options of single"},
        /* Who has a line is named with the other's. */
        {NET "}\nhost a { hardware ethernet 52:54:00:01:00:01; fixed-address 10.1.0.11; }\n"
         "host b { hardware ethernet 52:54:00:01:00:02; fixed-address 10.1.0.11; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.11\",\"name\":\"a\"},"
         "{\"mac\":\"52:54:00:01:00:02\",\"address\":\"10.1.0.11\",\"name\":\"b\"}]",
         "3 wrong: the address 10.1.0.11 is another machine's, too: line 2"},
        {NET "}\nhost a { hardware ethernet 52:54:00:01:00:01; fixed-address 10.1.0.11; }\n"
         "host b { hardware ethernet 52:54:00:01:00:01; fixed-address 10.1.0.12; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.11\",\"name\":\"a\"},"
         "{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.12\",\"name\":\"b\"}]",
         "3 wrong: the MAC 52:54:00:01:00:01 is another machine's, too: line 2"},
        {"\nhost a { hardware ethernet 52:54:00:01:00:01; fixed-address 10.1.0.11; }", NULL,
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.11\",\"name\":\"a\"}]",
         "2 wrong: the address 10.1.0.11 is in no network"},
        {"subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.9 10.1.0.20; range 10.1.0.15 10.1.0.30; }",
         "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.9\",\"pool_last\":\"10.1.0.20\","
         "\"pools\":[{\"first\":\"10.1.0.15\",\"last\":\"10.1.0.30\"}]}]",
         NULL, "1 wrong: pools of 10.1.0.0/24 overlap;1 wrong: network 'net-10.1.0.0'"},
        /* The last word about an address counts, and a reservation before it. */
        {NET "} " LEASE "ends never; } " LEASE "ends never; client-hostname \"new\"; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:02:00:01\",\"address\":\"10.1.0.101\",\"name\":\"new\"}]", NULL},
        {NET "} " LEASE "ends 5 2026/11/20 09:59:59; }", "[" NET_JSON "}]", NULL, NULL},
        {NET "} " LEASE "ends 5 2026/11/20 10:00:01; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:02:00:01\",\"address\":\"10.1.0.101\"}]", NULL},
        {NET "} " LEASE "ends epoch 1795168801; }", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:02:00:01\",\"address\":\"10.1.0.101\"}]", NULL},
        {NET "} host a { hardware ethernet 52:54:00:02:00:01; fixed-address 10.1.0.11; } " LEASE "ends never; }",
         "[" NET_JSON "}]", "[{\"mac\":\"52:54:00:02:00:01\",\"address\":\"10.1.0.11\",\"name\":\"a\"}]", NULL},
        {NET "} subnet6 fd77::/64 { range6 fd77::10 fd77::20; }", "[" NET_JSON
         ",\"subnet6\":\"fd77::/64\",\"pool6_first\":\"fd77::10\",\"pool6_last\":\"fd77::20\"}]", NULL, NULL},
        {"subnet6 fd77::/64 { range6 fd77::10 fd77::20; }", NULL, NULL, "1 left behind: which network of IPv4"},
        {"include \"/etc/passwd\";", NULL, NULL, "1 wrong: include /etc/passwd"},
        {"range 10.0.0.1 10.0.0.2;\nsubnet 10.1.0.0 netmask 255.0.255.0 { }", NULL, NULL,
         "1 wrong: range;2 wrong: subnet"},
        {"} ", NULL, NULL, "1 wrong: '}' without"},
        {"authoritative", NULL, NULL, "1 wrong: 'authoritative': a '"},
        {"a{a{a{a{a{group{group{group{", NULL, NULL, "1 left behind: the block 'a'"},
};
/* clang-format on */

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                lab_run(migrate_dhcpd, &cases[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
