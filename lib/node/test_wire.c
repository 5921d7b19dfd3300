/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"
#include "lib/node/wire.h"

static struct doc *parse(const char *text)
{
        struct doc *value = NULL;
        char error[DOC_ERROR_SIZE] = "";

        if (doc_parse(text, strlen(text), &doc_limits_message, error, &value) < 0)
                fail_msg("%s", error);
        return value;
}

#define NETWORK(rest)                                                                              \
        "{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"pool_first\":\"10.77.0.100\","              \
        "\"pool_last\":\"10.77.0.200\"" rest "}"

#define RESERVED(mark)                                                                             \
        "{\"networks\":[" NETWORK("") "],\"reservations\":[{" mark ",\"address\":\"10.77.0.9\"}]}"

static const struct {
        const char *text;
        int decode, check;
        const char *says;
} config_cases[] = {
  /* clang-format off */
                {"{\"version\":3,\"networks\":[" NETWORK("") "]}",                                                    0,        0,       ""              },
                {"{}",                                                                                                0,        0,       ""              },
                {"{\"networks\":[" NETWORK(",\"protocol\":\"tftp\"") "]}",                                            0,        0,       ""              },
                {"{\"networks\":[" NETWORK(",\"protocol\":\"ftp\"") "]}",                                             -EBADMSG, 0,       "protocol"      },
                {"{\"networks\":{}}",                                                                                 -EBADMSG, 0,       "networks"      },
                {"{\"networks\":[" NETWORK(",\"root_path\":\"nfs://10.77.0.2/a\"") "]}", 0, 0, ""},
                {"{\"networks\":[" NETWORK(",\"root_path\":\"a b\"") "]}", 0, -EINVAL, "root_path"},
                {RESERVED("\"mac\":\"52:54:00:00:00:01\",\"root_path\":\"nfs://10.77.0.2/a\""), 0, 0, ""},
                {RESERVED("\"mac\":\"52:54:00:00:00:01\",\"root_path\":\"\\u0007\""), 0, -EINVAL, "root_path"},
                {"{\"networks\":[" NETWORK(",\"lease_s\":5") "]}",                                                    0,        -EINVAL, "lease_s"       },
                {"{\"networks\":[" NETWORK(",\"router\":\"10.78.0.1\"") "]}",                                         0,        -EINVAL, "router"        },
                {"{\"networks\":[" NETWORK("") "," NETWORK("") "]}",                                                  0,        -EINVAL, "overlaps"      },
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.1/24\",\"pool_first\":"
                 "\"10.77.0.100\",\"pool_last\":\"10.77.0.200\"}]}",                                 0,        -EINVAL, "subnet"        },
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"pool_first\":"
                 "\"10.77.0.200\",\"pool_last\":\"10.77.0.100\"}]}",                                 0,        -EINVAL, "pool_first"    },
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"pool_first\":"
                 "\"10.77.0.0\",\"pool_last\":\"10.77.0.100\"}]}",                                   0,        -EINVAL, "first and last"},
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"pool_first\":"
                 "\"10.78.0.1\",\"pool_last\":\"10.78.0.2\"}]}",                                     0,        -EINVAL, "outside"       },
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.0.0.0/8\",\"pool_first\":"
                 "\"10.1.0.0\",\"pool_last\":\"10.1.255.255\"}]}",                                   0,        0,       ""              },
                {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.0.0.0/8\",\"pool_first\":"
                 "\"10.1.0.0\",\"pool_last\":\"10.2.0.0\"}]}",                                       0,        -EINVAL, "65536"         },
                {"{\"networks\":[" NETWORK("") "],\"reservations\":[{\"mac\":\"52:54:00:77:00:01\","
                                               "\"address\":\"10.77.0.9\"}]}",                       0,        0,       ""              },
                {"{\"networks\":[" NETWORK("") "],\"reservations\":[{\"mac\":\"52:54:00:77:00:01\","
                                               "\"address\":\"10.79.0.9\"}]}",                       0,        -EINVAL, "in no network" },
                {"{\"networks\":[" NETWORK("") "],\"reservations\":[{\"mac\":\"52:54:00:77:00:01\","
                                               "\"address\":\"10.77.0.9\"},{\"mac\":"
                                               "\"52:54:00:77:00:01\",\"address\":\"10.77.0.8\"}]}", 0,        -EINVAL, "twice"         },
                {"{\"networks\":[" NETWORK("") "],\"reservations\":[{\"mac\":\"52:54:00:77:00:01\","
                                               "\"address\":\"10.77.0.9\"},{\"mac\":"
                                               "\"52:54:00:77:00:02\",\"address\":\"10.77.0.9\"}]}", 0,        -EINVAL, "taken"         },
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.10\",\"last\":\"10.77.0.19\","
         "\"match\":{\"architectures\":[\"bios\",\"7\"],\"circuit\":\"0x0001\","
         "\"mac_prefix\":\"52:54\"}}]") "]}", 0, 0, ""},
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.199\",\"last\":\"10.77.0.201\"}]")
         "]}", 0, -EINVAL, "overlap"},
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.9\",\"last\":\"10.77.0.9\","
         "\"match\":{\"architectures\":[\"z80\"]}}]") "]}", 0, -EINVAL, "z80"},
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.9\",\"last\":\"10.77.0.9\","
         "\"match\":{\"circuit\":\"0x1\"}}]") "]}", 0, -EINVAL, "circuit"},
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.9\",\"last\":\"10.77.0.9\","
         "\"match\":{\"mac_prefix\":\"52:5\"}}]") "]}", 0, -EINVAL, "mac_prefix"},
        {"{\"networks\":[" NETWORK(",\"pools\":[{\"first\":\"10.77.0.9\"}]") "]}", -EBADMSG, 0, "last"},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\"}]}", 0, -EINVAL, "pools"},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"pool_first\":\"10.77.0.9\"}]}",
         0, -EINVAL, "go together"},
        {"{\"networks\":[" NETWORK(",\"relays\":[\"10.99.0.1\"]") "]}", 0, 0, ""},
        {"{\"networks\":[" NETWORK(",\"relays\":[\"x\"]") "]}", 0, -EINVAL, "relays"},
        {"{\"networks\":[" NETWORK(",\"relays\":[\"10.99.0.1\",\"fd99::1\"]") "]}", 0, 0, ""},
        {"{\"networks\":[" NETWORK(",\"relays\":[\"::\"]") "]}", 0, -EINVAL, "relays"},
        {"{\"networks\":[" NETWORK(",\"captive_portal\":\"http://p\"") "]}", 0, -EINVAL, "captive_portal"},
        {RESERVED("\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\""), 0, 0, ""},
        {RESERVED("\"uuid\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\""), 0, -EINVAL, "many machines"},
        {RESERVED("\"client_id\":\"0xff0001\""), 0, 0, ""},
        {RESERVED("\"client_id\":\"0xfg\""), 0, -EINVAL, "marks"},
        {RESERVED("\"circuit\":\"p1\",\"remote\":\"s1\""), 0, 0, ""},
        {RESERVED("\"remote\":\"s1\""), 0, -EINVAL, "one of"},
        {RESERVED("\"mac\":\"52:54:00:77:00:01\",\"remote\":\"s1\""), 0, -EINVAL, "goes with"},
        {RESERVED("\"mac\":\"52:54:00:77:00:01\",\"circuit\":\"p1\""), 0, -EINVAL, "one of"},
        {RESERVED("\"name\":\"x\""), 0, -EINVAL, "one of"},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"proxy\"}]}", 0, 0, ""},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"listen\"}]}", 0, 0, ""},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"both\"}]}", -EBADMSG, 0, "mode"},
        {"{\"networks\":[" NETWORK(",\"mode\":\"authoritative\"") "]}", 0, 0, ""},
        {"{\"networks\":[" NETWORK(",\"mode\":\"proxy\"") "]}", 0, -EINVAL, "gives no addresses"},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"listen\","
         "\"pools\":[{\"first\":\"10.77.0.9\",\"last\":\"10.77.0.9\"}]}]}", 0, -EINVAL, "gives no addresses"},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"proxy\",\"subnet6\":\"fd77::/64\"}]}",
         0, 0, ""},
        {"{\"networks\":[{\"name\":\"a\",\"subnet\":\"10.77.0.0/24\",\"mode\":\"listen\",\"subnet6\":\"fd77::/64\"}]}",
         0, -EINVAL, "answers nobody"},
        {"{\"networks\":[" NETWORK(",\"shared_network\":\"w\"") ",{\"name\":\"b\",\"subnet\":\"10.78.0.0/24\","
         "\"mode\":\"proxy\",\"shared_network\":\"v\"}]}", 0, 0, ""},
        {"{\"networks\":[" NETWORK(",\"shared_network\":\"w\"") ",{\"name\":\"b\",\"subnet\":\"10.78.0.0/24\","
         "\"mode\":\"proxy\",\"shared_network\":\"w\"}]}", 0, -EINVAL, "one mode"},
  /* clang-format on */
};

static void test_configurations(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(config_cases) / sizeof(config_cases[0]); i++) {
                struct doc *object = parse(config_cases[i].text), *again;
                struct edge_config config = {0};
                char error[DOC_ERROR_SIZE] = "";
                int rc;

                rc = edge_config_decode(object, error, &config);
                assert_int_equal(rc, config_cases[i].decode);
                if (rc == 0) {
                        rc = edge_config_check(&config, error);
                        assert_int_equal(rc, config_cases[i].check);
                        again = edge_config_encode(&config);
                        assert_non_null(again);
                        assert_int_equal(doc_count(doc_get(again, "networks")),
                                         config.network_count);
                        doc_free(again);
                        edge_config_done(&config);
                }
                if (!strstr(error, config_cases[i].says))
                        fail_msg("case %zu: '%s' does not say '%s'", i, error,
                                 config_cases[i].says);
                doc_free(object);
        }
}

/* clang-format off */
static const struct {
        const char *subnet6, *first, *last, *dns6;
        int rc;
        const char *says;
} networks6[] = {
        {"",            "",            "",            "",         0,       ""},
        {"fd77::/64",   "",            "",            "",         0,       ""},
        {"fd77::/64",   "fd77::100",   "fd77::1ff",   "fd77::53", 0,       ""},
        {"fd77::/64",   "fd77::",      "fd77::f:ffff", "",        0,       ""},
        {"fd77::/64",   "fd77::",      "fd77::10:0",  "",         -EINVAL, "1048576"},
        {"fd77::/64",   "fd77::200",   "fd77::1ff",   "",         -EINVAL, "above"},
        {"fd77::/64",   "fd78::1",     "fd78::2",     "",         -EINVAL, "outside"},
        {"fd77::/64",   "fd77::1",     "",            "",         -EINVAL, "both"},
        {"fd77::/64",   "fd77::1",     "10.77.0.1",   "",         -EINVAL, "both"},
        {"fd77::/64",   "",            "",            "here",     -EINVAL, "dns6"},
        {"fd77::/48",   "fd77:0:0:1::", "fd77:0:0:2::", "",       -EINVAL, "above"},
        {"fd77::1/64",  "",            "",            "",         -EINVAL, "like fd77::/64"},
        {"10.77.0.0/24", "",           "",            "",         -EINVAL, "like fd77::/64"},
        {"fe80::/64",   "",            "",            "",         -EINVAL, "no network of machines"},
        {"ff02::/64",   "",            "",            "",         -EINVAL, "no network of machines"},
        {"::/0",        "",            "",            "",         -EINVAL, "no network of machines"},
        {"fd77::/127",  "",            "",            "",         -EINVAL, "no network of machines"},
        {"",            "fd77::1",     "fd77::2",     "",         -EINVAL, "need 'subnet6'"},
        {"fd99::/48",   "",            "",            "",         -EINVAL, "overlaps"},
};
/* clang-format on */

static const struct {
        const char *address6, *other; /* with a MAC, and of another reservation before it */
        bool has_mac, has_uuid;
        int rc;
        const char *says;
} reservations6[] = {
        {"",            "",        true,  false, 0,       ""               },
        {"fd77::9",     "fd77::8", true,  false, 0,       ""               },
        {"fd77::9",     "",        false, true,  0,       ""               },
        {"fd77::9",     "",        false, false, -EINVAL, "needs"          },
        {"fd78::9",     "",        true,  false, -EINVAL, "in no 'subnet6'"},
        {"10.77.0.9",   "",        true,  false, -EINVAL, "no IPv6 address"},
        {"fd77:0:0::9", "fd77::9", true,  false, -EINVAL, "taken"          },
};

static void test_reservations6(void **state)
{
        struct edge_network networks[2] = {
                {.name = "four",            .subnet = "10.99.0.0/24"},
                { .name = "both", .subnet = "10.77.0.0/24",   .subnet6 = "fd77::/64"},
        };
        struct edge_reservation all[2];
        struct edge_config config = {
                .networks = networks,
                .network_count = 2,
                .reservations = all,
                .reservation_count = 2,
        };

        (void)state;
        for (size_t i = 0; i < sizeof(reservations6) / sizeof(reservations6[0]); i++) {
                char error[DOC_ERROR_SIZE] = "";

                memset(all, 0, sizeof(all));
                all[0].mac.bytes[5] = all[1].uuid.bytes[3] = 7;
                if (reservations6[i].has_mac)
                        all[1].mac.bytes[5] = 8;
                if (!reservations6[i].has_uuid)
                        all[1].uuid.bytes[3] = 0;
                snprintf(all[0].address6, sizeof(all[0].address6), "%s", reservations6[i].other);
                snprintf(all[1].address6, sizeof(all[1].address6), "%s", reservations6[i].address6);
                assert_int_equal(edge_config_check_networks6(&config, error), reservations6[i].rc);
                if (!strstr(error, reservations6[i].says))
                        fail_msg("case %zu: '%s' does not say '%s'", i, error,
                                 reservations6[i].says);
        }
}

static void test_networks6(void **state)
{
        struct edge_network networks[2] = {
                {.name = "first", .subnet = "10.99.0.0/24", .subnet6 = "fd99:0:0:7::/64"},
                {.name = "second",               .subnet = "10.77.0.0/24"                       },
        };
        struct edge_config config = {.networks = networks, .network_count = 2};
        struct edge_network6 six;

        (void)state;
        assert_int_equal(ip4_parse("10.99.0.10", &networks[0].pool_first), 0);
        assert_int_equal(ip4_parse("10.99.0.11", &networks[0].pool_last), 0);
        assert_int_equal(ip4_parse("10.77.0.10", &networks[1].pool_first), 0);
        assert_int_equal(ip4_parse("10.77.0.11", &networks[1].pool_last), 0);
        for (size_t i = 0; i < sizeof(networks6) / sizeof(networks6[0]); i++) {
                char error[DOC_ERROR_SIZE] = "";

                snprintf(networks[1].subnet6, sizeof(networks[1].subnet6), "%s",
                         networks6[i].subnet6);
                snprintf(networks[1].pool6_first, sizeof(networks[1].pool6_first), "%s",
                         networks6[i].first);
                snprintf(networks[1].pool6_last, sizeof(networks[1].pool6_last), "%s",
                         networks6[i].last);
                snprintf(networks[1].dns6, sizeof(networks[1].dns6), "%s", networks6[i].dns6);
                assert_int_equal(edge_config_check(&config, error), networks6[i].rc);
                if (!strstr(error, networks6[i].says))
                        fail_msg("case %zu: '%s' does not say '%s'", i, error, networks6[i].says);
                if (networks6[i].rc == 0)
                        assert_int_equal(edge_network6_get(&networks[1], &six),
                                         networks6[i].subnet6[0] != '\0');
        }
        assert_true(edge_network6_get(&networks[0], &six));
        assert_int_equal(six.network.prefix, 64);
        assert_false(ip6_is_set(&six.first));
}

/* Where addresses of IPv6 are given, a network may have none of IPv4 to give. */
static void test_network_of_ip6_alone(void **state)
{
        struct edge_network network = {
                .name = "six", .subnet = "10.77.0.0/24", .subnet6 = "fd77::/64"};
        struct edge_config config = {.networks = &network, .network_count = 1};
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(edge_config_check(&config, error), -EINVAL);
        assert_non_null(strstr(error, "are missing"));
        (void)text_copy(network.pool6_first, sizeof(network.pool6_first), "fd77::100");
        (void)text_copy(network.pool6_last, sizeof(network.pool6_last), "fd77::1ff");
        assert_int_equal(edge_config_check(&config, error), 0);
        assert_false(edge_network_gives_ip4(&network));
        assert_int_equal(ip4_parse("10.77.0.10", &network.pool_first), 0);
        assert_int_equal(edge_config_check(&config, error), -EINVAL); /* they go together */
        assert_int_equal(ip4_parse("10.77.0.11", &network.pool_last), 0);
        assert_int_equal(edge_config_check(&config, error), 0);
        assert_true(edge_network_gives_ip4(&network));
}

/* A controller and a netbootd of two versions: the older of them knows fewer keys. */
static void test_versions(void **state)
{
        struct doc *object = parse("{\"networks\":[" NETWORK(",\"later\":{\"x\":1}") "]}");
        struct edge_config config = {0};
        struct edge_network strict = {0};
        char error[DOC_ERROR_SIZE] = "";
        struct doc *written;

        (void)state;
        assert_int_equal(edge_config_decode(object, error, &config), 0);
        assert_string_equal(error, "");
        assert_int_equal(doc_decode(&edge_network_table, doc_at(doc_get(object, "networks"), 0),
                                    error, &strict),
                         -EBADMSG); /* but an operator's mistake is told */
        assert_non_null(strstr(error, "later"));
        written = edge_config_encode(&config);
        assert_null(doc_get(doc_at(doc_get(written, "networks"), 0), "strangers"));
        assert_null(doc_get(doc_at(doc_get(written, "networks"), 0), "subnet6"));
        doc_free(written);
        config.networks[0].strangers = STRANGERS_LIST;
        written = edge_config_encode(&config);
        assert_string_equal(doc_get_text(doc_at(doc_get(written, "networks"), 0), "strangers"),
                            "list");
        doc_free(written);
        edge_config_done(&config);
        doc_free(object);
}

static struct doc *disks_of(size_t count)
{
        struct doc *object = doc_object(), *list = doc_list();

        for (size_t i = 0; i < count; i++) {
                const struct mac_address mac = {
                        {0x52, 0x54, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}
                };
                struct doc *disk = doc_object();
                char text[MAC_TEXT_SIZE];

                assert_int_equal(doc_set_text(disk, "mac", mac_text(text, &mac)), 0);
                assert_int_equal(doc_append(list, disk), 0);
        }
        assert_int_equal(doc_set(object, "disks", list), 0);
        return object;
}

/* The machines that boot their disk while the controller is away: all of a site, and no more. */
static void test_disks(void **state)
{
        static const size_t counts[] = {0, 1, 3, CONFIG_MAX_DISKS};
        struct edge_config config = {0}, again = {0};
        char error[DOC_ERROR_SIZE] = "";
        struct doc *object;

        (void)state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct doc *written;

                object = disks_of(counts[i]);
                assert_int_equal(edge_config_decode(object, error, &config), 0);
                assert_int_equal(config.disk_count, counts[i]);
                assert_int_equal(edge_config_check(&config, error), 0);
                written = edge_config_encode(&config);
                assert_int_equal(edge_config_decode(written, error, &again), 0);
                assert_int_equal(again.disk_count, counts[i]);
                assert_memory_equal(again.disks, config.disks, counts[i] * sizeof(*again.disks));
                edge_config_done(&config);
                edge_config_done(&again);
                doc_free(written);
                doc_free(object);
        }

        object = disks_of(CONFIG_MAX_DISKS + 1);
        assert_int_equal(edge_config_decode(object, error, &config), -EBADMSG);
        assert_non_null(strstr(error, "'disks' must be a list of at most 100000"));
        doc_free(object);
        object = parse("{\"disks\":[{\"mac\":\"52:54\"}]}");
        assert_int_equal(edge_config_decode(object, error, &config), -EBADMSG);
        assert_non_null(strstr(error, "mac"));
        doc_free(object);
        object = parse("{\"disks\":[{}]}");
        assert_int_equal(edge_config_decode(object, error, &config), -EBADMSG);
        doc_free(object);
}

/* Whose port is looked for. */
static void test_ports(void **state)
{
        static const char *const wrong[] = {
                "{\"ports\":[{\"mac\":\"52:54:00:77:00:01\",\"port\":65536,\"operation\":1}]}",
                "{\"ports\":[{\"mac\":\"52:54:00:77:00:01\",\"port\":22}]}",
                "{\"ports\":[{\"mac\":\"52:54:00:77:00:01\",\"operation\":1}]}",
                "{\"ports\":[{\"port\":22,\"operation\":1}]}",
                "{\"ports\":[22]}",
                "{\"ports\":{}}",
        };
        static struct edge_port ports[CONFIG_MAX_PORTS + 1];
        struct edge_config config = {.ports = ports, .port_count = CONFIG_MAX_PORTS}, again;
        char error[DOC_ERROR_SIZE] = "";
        struct doc *object;

        (void)state;
        for (size_t i = 0; i <= CONFIG_MAX_PORTS; i++)
                ports[i] = (struct edge_port){
                        {{2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}}, (uint32_t)(i + 1), i + 7};
        object = edge_config_encode(&config);
        assert_int_equal(edge_config_decode(object, error, &again), 0);
        assert_int_equal(again.port_count, CONFIG_MAX_PORTS);
        for (size_t i = 0; i < CONFIG_MAX_PORTS; i++) {
                assert_memory_equal(&again.ports[i].mac, &ports[i].mac, sizeof(ports[i].mac));
                assert_int_equal(again.ports[i].port, ports[i].port);
                assert_true(again.ports[i].operation == ports[i].operation);
        }
        edge_config_done(&again);
        doc_free(object);
        config.port_count++;
        object = edge_config_encode(&config);
        assert_int_equal(edge_config_decode(object, error, &again), -EBADMSG);
        assert_non_null(strstr(error, "'ports' must be a list of at most 4096"));
        doc_free(object);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                object = parse(wrong[i]);
                assert_int_equal(edge_config_decode(object, error, &again), -EBADMSG);
                doc_free(object);
        }
}

static void test_events(void **state)
{
        static struct node_event events[EVENTS_MAX], again[EVENTS_MAX];
        struct doc *object, *list;
        size_t count = 0;
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        for (size_t i = 0; i < EVENTS_MAX; i++)
                events[i] = (struct node_event){.seq = i + 1,
                                                .at_ms = 1000 + i,
                                                .mac = {{0x52, 0x54, 0, 0x77, 0, (uint8_t)i}},
                                                .step = STEP_KERNEL,
                                                .bytes = i,
                                                .text = "vmlinuz"};
        object = node_events_encode(events, EVENTS_MAX);
        assert_non_null(object);
        assert_int_equal(node_events_decode(object, error, again, &count), 0);
        assert_int_equal(count, EVENTS_MAX);
        assert_memory_equal(events, again, sizeof(events));

        list = doc_get(object, "events");
        assert_int_equal(doc_append(list, doc_encode(&node_event_table, &events[0])), 0);
        assert_int_equal(node_events_decode(object, error, again, &count), -E2BIG);
        doc_free(object);

        object = parse("{\"events\":[{\"at_ms\":1,\"step\":\"kernal\"}]}");
        assert_int_equal(node_events_decode(object, error, again, &count), -EBADMSG);
        assert_non_null(strstr(error, "step"));
        doc_free(object);
        object = parse("{\"events\":1}");
        assert_int_equal(node_events_decode(object, error, again, &count), -EBADMSG);
        doc_free(object);
}

#define HASH "0000000000000000000000000000000000000000000000000000000000000001"

static void test_manifests(void **state)
{
        static const struct {
                const char *text;
                int rc;
        } cases[] = {
                {"{\"schema\":1,\"kernel_version\":\"6.1\",\"files\":[{\"name\":\"vmlinuz\","
                 "\"size\":5,\"sha256\":\"" HASH "\",\"role\":\"kernel\"}]}",
                 0                                                                                          },
                {"{\"files\":[{\"name\":\"../vmlinuz\",\"size\":5,\"sha256\":\"" HASH
                 "\",\"role\":\"kernel\"}]}",                                      -EBADMSG},
                {"{\"files\":[{\"name\":\".hidden\",\"size\":5,\"sha256\":\"" HASH
                 "\",\"role\":\"kernel\"}]}",                                      -EBADMSG},
                {"{\"files\":[{\"name\":\"a\",\"size\":5,\"sha256\":\"12\",\"role\":\"kernel\"}]}",
                 -EBADMSG                                                                                   },
                {"{\"files\":[{\"name\":\"a\",\"size\":5,\"sha256\":\"" HASH
                 "\",\"role\":\"kernel\"},{\"name\":\"a\",\"size\":5,\"sha256\":\"" HASH
                 "\",\"role\":\"ramdisk\"}]}",                                     -EBADMSG},
                {"{\"files\":[]}",                                                                  -EBADMSG},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct doc *object = parse(cases[i].text);
                char error[DOC_ERROR_SIZE] = "";
                struct asset_manifest manifest = {0};

                assert_int_equal(asset_manifest_decode(object, error, &manifest), cases[i].rc);
                assert_int_equal(manifest.count, cases[i].rc == 0);
                assert_int_equal(error[0] != '\0', cases[i].rc < 0);
                if (cases[i].rc == 0) {
                        assert_non_null(asset_manifest_find(&manifest, "vmlinuz"));
                        assert_null(asset_manifest_find(&manifest, "vmlinu"));
                        assert_non_null(asset_manifest_role(&manifest, ROLE_KERNEL));
                        assert_null(asset_manifest_role(&manifest, ROLE_RAMDISK));
                }
                doc_free(object);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configurations),
                cmocka_unit_test(test_networks6),
                cmocka_unit_test(test_network_of_ip6_alone),
                cmocka_unit_test(test_reservations6),
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_disks),
                cmocka_unit_test(test_ports),
                cmocka_unit_test(test_events),
                cmocka_unit_test(test_manifests),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
