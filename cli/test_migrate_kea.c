/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/migrate_lab.h"

#define NET                                                                                        \
        "{\"Dhcp4\": {\"subnet4\": [{\"subnet\": \"10.1.0.0/24\", \"pools\": [{\"pool\": "         \
        "\"10.1.0.100 - 10.1.0.110\"}]"
#define NET_JSON                                                                                   \
        "{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"pool_first\":\"10.1.0.100\","     \
        "\"pool_last\":\"10.1.0.110\""

/* clang-format off */
static const struct lab_case cases[] = {
        {NET "}]}}", "[" NET_JSON "}]", NULL, NULL},
        {"// a\n# b \"\n/* c\n{ */" NET ",},],},}", "[" NET_JSON "}]", NULL, NULL},
        {NET ", \"option-data\": [{\"name\": \"routers\", \"data\": \"10.1.0.1\"}, {\"code\": 6, \"data\": \"10.1.0.2, 10.1.0.3\"}]}],\n"
         "\"valid-lifetime\": 600, \"option-data\": [{\"code\": 15, \"data\": \"ex.org\"}, {\"name\": \"odd\", \"data\": \"1\"}]}}",
         "[" NET_JSON ",\"router\":\"10.1.0.1\",\"dns\":\"10.1.0.2\",\"domain\":\"ex.org\",\"lease_s\":600}]", NULL,
         "1 changed: machines are told the first;2 left behind: Cloudie does not tell the option 'odd'"},
        {NET ", \"reservations\": [\n{\"hw-address\": \"52:54:00:01:00:01\", \"ip-address\": \"10.1.0.11\", \"hostname\": \"a.b\"},\n"
         "{\"circuit-id\": \"'p7'\", \"ip-address\": \"10.1.0.12\"},\n{\"client-id\": \"01:aa\", \"ip-address\": \"10.1.0.13\"},\n"
         "{\"flex-id\": \"1\", \"ip-address\": \"10.1.0.14\"}]}]}}", "[" NET_JSON "}]",
         "[{\"mac\":\"52:54:00:01:00:01\",\"address\":\"10.1.0.11\",\"name\":\"a\"},"
         "{\"circuit\":\"p7\",\"address\":\"10.1.0.12\"},{\"client_id\":\"0x01aa\",\"address\":\"10.1.0.13\"}]",
         "5 left behind: the reservation has no MAC"},
        {"{\"Dhcp4\": {\"shared-networks\": [{\"name\": \"up\", \"subnet4\": [{\"subnet\": \"10.1.0.0/24\",\n"
         "\"relay\": {\"ip-addresses\": [\"10.9.0.1\"]}, \"pools\": [{\"pool\": \"10.1.0.32/28\"},\n"
         "{\"pool\": \"10.1.0.64/28\", \"client-class\": \"x\"}]}]}]}}",
         "[{\"name\":\"net-10.1.0.0\",\"subnet\":\"10.1.0.0/24\",\"shared_network\":\"up\",\"pool_first\":\"10.1.0.32\","
         "\"pool_last\":\"10.1.0.47\",\"relays\":[\"10.9.0.1\"]}]", NULL, "3 left behind: the pool is for some"},
        {NET "}]}, \"Dhcp6\": {\"subnet6\": [{\"subnet\": \"fd77::/64\", \"pools\": [{\"pool\": \"fd77::100/124\"}],\n"
         "\"option-data\": [{\"name\": \"dns-servers\", \"data\": \"fd77::2\"}]}]}}", "[" NET_JSON
         ",\"subnet6\":\"fd77::/64\",\"pool6_first\":\"fd77::100\",\"pool6_last\":\"fd77::10f\",\"dns6\":\"fd77::2\"}]", NULL, NULL},
        {"{\"Dhcp4\": {\"control-socket\": {}, \"what\": 1}}", NULL, NULL,
         "1 ours instead: control-socket;1 left behind: 'what' is not understood"},
        {"{}", NULL, NULL, "1 wrong: it has neither"},
        {"<?include \"x\"?>\n{\"Dhcp4\": {}}", NULL, NULL, "1 wrong: <?include?>"},
        {"{\"Dhcp4\": \n[}", NULL, NULL, "1 wrong: it is not what Kea takes"},
        {"{\"Dhcp4\": {\"subnet4\": [{\"subnet\": \"10.1.0.0/33\"}, 7]}}", NULL, NULL, "1 wrong: subnet;1 wrong: subnet"},
        {"address,hwaddr,expire,hostname,state\n10.1.0.9,52:54:00:01:00:01,4000000000,a,0\n", NULL, NULL,
         "2 left behind: the address 10.1.0.9 is in no network"},
        {"address,duid,expire\nfd77::1,00:01,7\n", NULL, NULL, "1 left behind: leases of IPv6"},
};
/* clang-format on */

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                lab_run(migrate_kea, &cases[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
