/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/site.h"

/* Spread over all bytes, and in no order; two numbers never give the same. */
static struct mac_address mac_of(uint32_t number)
{
        const uint32_t mixed = number * 2654435761U;

        return (struct mac_address){
                {0x52, 0x54, (uint8_t)(mixed >> 24), (uint8_t)(mixed >> 16), (uint8_t)(mixed >> 8),
                 (uint8_t)mixed}
        };
}

/* By an address of ours; and whom it serves is the policy of the one network, both ways. */
static void test_networks6(void **state)
{
        struct edge_network networks[] = {
                {.name = "four",              .subnet = "10.77.0.0/24"},
                {              .name = "both", .subnet = "10.88.0.0/24",                             .subnet6 = "fd88::/64"},
                { .name = "list",
                 .subnet = "10.99.0.0/24",
                 .subnet6 = "fd99::/64",
                 .strangers = STRANGERS_LIST},
        };
        struct mac_address known[] = {mac_of(7)}, stranger = mac_of(8);
        struct edge_config config = {
                .networks = networks,
                .network_count = ARRAY_SIZE(networks),
                .known = known,
                .known_count = 1,
        };
        struct ip6_address ours[2], found;
        struct edge_network6 six;
        struct site *site = site_new(80, 0);

        (void)state;
        assert_int_equal(ip6_parse("fd77::1", &ours[0]), 0);
        assert_int_equal(ip6_parse("fd88::1", &ours[1]), 0);
        assert_int_equal(site_find6(site, ours, 2, &found, &six), -ENOENT);
        assert_int_equal(site_apply(site, &config), 0);
        assert_int_equal(site_find6(site, ours, 1, &found, &six), -ENOENT);
        assert_int_equal(site_find6(site, ours, 2, &found, &six), 0);
        assert_true(ip6_is_equal(&found, &ours[1]));
        assert_true(site_serves6(site, &stranger, &six.network, false, 1000));
        assert_int_equal(ip6_network_parse("fd99::/64", &six.network), 0);
        assert_false(site_serves6(site, &stranger, &six.network, false, 1000));
        assert_true(site_serves6(site, &known[0], &six.network, false, 1000));
        assert_int_equal(ip6_network_parse("fd77::/64", &six.network), 0);
        assert_false(site_serves6(site, &known[0], &six.network, false, 1000));
        site_free(site);
}

static void test_disks(void **state)
{
        static struct edge_disk disks[CONFIG_MAX_DISKS];
        struct edge_config config = {.disks = disks, .disk_count = ARRAY_SIZE(disks)};
        struct site *site = site_new(80, 0);
        struct mac_address mac = mac_of(7);
        struct uuid esp = {0};

        (void)state;
        assert_non_null(site);
        assert_false(site_boots_disk(site, &mac, NULL)); /* no configuration yet */
        for (uint32_t i = 0; i < ARRAY_SIZE(disks); i++)
                disks[i] = (struct edge_disk){mac_of(i),
                                              {{[14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}}};
        assert_int_equal(site_apply(site, &config), 0);
        for (uint32_t i = 0; i < ARRAY_SIZE(disks); i++) {
                mac = mac_of(i);
                assert_true(site_boots_disk(site, &mac, &esp));
                assert_int_equal(esp.bytes[14] << 8 | esp.bytes[15], i & 0xffff);
                mac = mac_of(CONFIG_MAX_DISKS + i);
                assert_false(site_boots_disk(site, &mac, NULL));
        }

        /* The next configuration takes the place of this one. */
        config.disk_count = 1;
        assert_int_equal(site_apply(site, &config), 0);
        mac = mac_of(0);
        assert_true(site_boots_disk(site, &mac, NULL));
        mac = mac_of(1);
        assert_false(site_boots_disk(site, &mac, NULL));
        config = (struct edge_config){0};
        assert_int_equal(site_apply(site, &config), 0);
        mac = mac_of(0);
        assert_false(site_boots_disk(site, &mac, NULL));
        site_free(site);
}

/* Who is served where strangers are only listed. */
static void test_strangers(void **state)
{
        const uint64_t now = 1795000000000, hour = 3600000;
        const struct mac_address node = mac_of(1), other = mac_of(2);
        struct edge_network networks[] = {
                {.name = "mine",            .subnet = "10.77.0.0/24"   },
                { .name = "theirs", .subnet = "10.78.0.0/24", .strangers = STRANGERS_LIST},
        };
        struct mac_address known[] = {mac_of(3), mac_of(1)};
        struct edge_opening openings[] = {
                {.network = "theirs", .until_ms = now + hour}
        };
        struct edge_config config = {
                .networks = networks, .network_count = 2, .known = known, .known_count = 2};
        struct ip4_address mine, theirs;
        struct site *site = site_new(80, 0);

        (void)state;
        assert_int_equal(ip4_parse("10.77.0.0", &mine), 0);
        assert_int_equal(ip4_parse("10.78.0.0", &theirs), 0);
        assert_int_equal(site_apply(site, &config), 0);
        assert_true(site_serves(site, &other, mine, false, now));
        assert_true(site_serves(site, &node, theirs, false, now));
        assert_false(site_serves(site, &other, theirs, false, now));
        assert_false(site_serves(site, &other, theirs, true, now));

        config.openings = openings;
        config.opening_count = 1;
        assert_int_equal(site_apply(site, &config), 0);
        assert_true(site_serves(site, &other, theirs, false, now));
        assert_true(site_serves(site, &other, theirs, false, now + hour - 1));
        /* Its end comes by our own clock; who has an address may end his boot. */
        assert_false(site_serves(site, &other, theirs, false, now + hour));
        assert_true(site_serves(site, &other, theirs, true, now + hour));
        assert_false(site_serves(site, &other, theirs, true, now + hour + DISCOVERY_GRACE_MS));
        assert_true(site_serves(site, &node, theirs, false, now + hour + DISCOVERY_GRACE_MS));
        /* The longest one, and a clock that is a minute behind the controller's. */
        openings[0].until_ms = now + DISCOVERY_MAX_MS;
        assert_int_equal(site_apply(site, &config), 0);
        assert_true(site_serves(site, &other, theirs, false, now - 60000));
        assert_false(site_serves(site, &other, theirs, false, now - hour));
        /* Ten years behind: that opening would never end. */
        assert_false(site_serves(site, &other, theirs, false, now - 10ULL * 365 * 24 * hour));
        site_free(site);
}

static struct ip4_address ip(const char *text)
{
        struct ip4_address address;

        assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static void test_roots(void **state)
{
        struct edge_network networks[] = {
                {.name = "a", .subnet = "10.77.0.0/24", .root_path = "nfs://10.77.0.2/all"},
                {.name = "b",           .subnet = "10.88.0.0/24"                        },
        };
        struct edge_reservation reservations[] = {
                {.address = ip("10.88.0.9"),            .root_path = "tftp://10.77.0.2/nine"},
                {.address = ip("10.77.0.7"),                                     .root_path = "nfs://10.77.0.2/seven"},
                {.address = ip("10.77.0.8")},
        };
        const struct edge_config config = {
                .networks = networks,
                .network_count = ARRAY_SIZE(networks),
                .reservations = reservations,
                .reservation_count = ARRAY_SIZE(reservations),
        };
        static const struct {
                const char *address, *path;
        } cases[] = {
                {"10.77.0.7",   "nfs://10.77.0.2/seven"},
                {"10.77.0.8",   "nfs://10.77.0.2/all"  },
                {"10.77.0.100", "nfs://10.77.0.2/all"  },
                {"10.88.0.9",   "tftp://10.77.0.2/nine"},
                {"10.88.0.10",  ""                     },
                {"10.99.0.1",   ""                     },
        };
        struct site *site = site_new(80, 0);

        (void)state;
        assert_int_equal(site_apply(site, &config), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char path[EDGE_ROOT_SIZE];

                assert_int_equal(site_root_path(site, ip(cases[i].address), path),
                                 cases[i].path[0] != '\0');
                assert_string_equal(path, cases[i].path);
        }
        site_free(site);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_disks), cmocka_unit_test(test_roots),
                cmocka_unit_test(test_networks6), cmocka_unit_test(test_strangers)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
