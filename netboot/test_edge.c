/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/daemon/daemon.h"
#include "netboot/edge.h"

#define NETWORK                                                                                    \
        "{\"name\": \"lab\", \"subnet\": \"10.0.0.0/8\", \"pool_first\": \"10.77.0.100\", "        \
        "\"pool_last\": \"10.77.0.200\"}"

/* A configuration of a site with so many machines, as pretty as any controller may print it. */
static char *config_of(size_t reservations, size_t disks)
{
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);

        assert_non_null(to);
        fprintf(to, "{\n  \"version\": 7,\n  \"networks\": [" NETWORK "],\n  \"reservations\": [");
        for (size_t i = 0; i < reservations; i++)
                fprintf(to,
                        "%s\n    {\n      \"mac\": \"52:54:00:00:%02zx:%02zx\",\n"
                        "      \"address\": \"10.1.%zu.%zu\",\n      \"name\": \"machine-%zu\"\n   "
                        " }",
                        i ? "," : "", i >> 8, i & 255, i >> 8, i & 255, i);
        fprintf(to, "],\n  \"disks\": [");
        for (size_t i = 0; i < disks; i++)
                fprintf(to,
                        "%s\n    {\n      \"mac\": \"52:54:01:%02zx:%02zx:%02zx\",\n"
                        "      \"esp\": \"c10d1e00-7469-4e79-8000-0000000000ab\"\n    }",
                        i ? "," : "", i >> 16, i >> 8 & 255, i & 255);
        fprintf(to, "],\n  \"ports\": [");
        for (size_t i = 0; i < CONFIG_MAX_PORTS; i++)
                fprintf(to,
                        "%s\n    {\n      \"mac\": \"52:54:02:00:%02zx:%02zx\",\n"
                        "      \"port\": 65535,\n      \"operation\": 9007199254740991\n    }",
                        i ? "," : "", i >> 8, i & 255);
        fprintf(to, "]\n}\n");
        fclose(to);
        return text;
}

static int read_config(const char *folder, const char *text, struct edge_config *ret)
{
        struct events *events = events_new();
        struct lease_news *news = lease_news_new();
        const struct edge_options options = {.controller = "https://127.0.0.1:1",
                                             .join_token_file = "",
                                             .name = "edge",
                                             .state = folder,
                                             .events = events,
                                             .news = news};
        char path[128], error[DAEMON_ERROR_SIZE] = "";
        struct edge *edge = NULL;
        int rc;

        snprintf(path, sizeof(path), "%s/config.json", folder);
        assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
        assert_int_equal(edge_new(&options, error, &edge), 0);
        rc = edge_config_read(edge, error, ret);
        if (rc < 0)
                print_message("%s\n", error);
        edge_free(edge);
        events_free(events);
        lease_news_free(news);
        unlink(path);
        return rc;
}

/* All that the lists may hold fits into what is read, and one more of each does not get through. */
static void test_limits(void **state)
{
        static const struct {
                size_t reservations, disks;
                bool is_read;
        } cases[] = {
                {0,                           0,                    true },
                {CONFIG_MAX_RESERVATIONS,     CONFIG_MAX_DISKS,     true },
                {CONFIG_MAX_RESERVATIONS + 1, 0,                    false},
                {0,                           CONFIG_MAX_DISKS + 1, false},
        };
        char folder[] = "/tmp/edge-XXXXXX";

        (void)state;
        assert_non_null(mkdtemp(folder));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _free_ char *text = config_of(cases[i].reservations, cases[i].disks);
                struct edge_config config = {0};
                const int rc = read_config(folder, text, &config);

                assert_int_equal(rc == 0, cases[i].is_read);
                assert_int_equal(config.disk_count, cases[i].is_read ? cases[i].disks : 0);
                assert_int_equal(config.port_count, cases[i].is_read ? CONFIG_MAX_PORTS : 0);
                edge_config_done(&config);
        }
        rmdir(folder);
}

static void fill_network(struct edge_network *network, size_t number)
{
        *network = (struct edge_network){
                .mode = NETWORK_AUTHORITATIVE,
                .pool_count = CONFIG_MAX_POOLS,
                .relay_count = CONFIG_MAX_RELAYS,
                .lease_s = 600,
                .protocol = BOOT_PROTOCOL_TFTP,
                .reload_ipxe = true,
                .strangers = STRANGERS_LIST,
        };
        snprintf(network->name, sizeof(network->name), "network-%zu", number);
        snprintf(network->subnet, sizeof(network->subnet), "10.%zu.0.0/16", number);
        snprintf(network->domain, sizeof(network->domain), "example");
        snprintf(network->captive_portal, sizeof(network->captive_portal), "https://portal/");
        snprintf(network->shared_network, sizeof(network->shared_network), "wire-%zu", number);
        snprintf(network->subnet6, sizeof(network->subnet6), "fd77:%zx::/64", number);
        snprintf(network->pool6_first, sizeof(network->pool6_first), "fd77:%zx::1000", number);
        snprintf(network->pool6_last, sizeof(network->pool6_last), "fd77:%zx::1fff", number);
        snprintf(network->dns6, sizeof(network->dns6), "fd77:%zx::1", number);
        network->router.be = htonl((uint32_t)(10 << 24 | number << 16 | 1));
        network->dns = network->router;
        network->pool_first.be = htonl((uint32_t)(10 << 24 | number << 16 | 100 << 8));
        network->pool_last.be = htonl((uint32_t)(10 << 24 | number << 16 | 100 << 8 | 99));
        for (size_t i = 0; i < CONFIG_MAX_RELAYS; i++)
                snprintf(network->relays[i], sizeof(network->relays[i]), "10.%zu.0.%zu", number,
                         i + 2);
        for (size_t i = 0; i < CONFIG_MAX_POOLS; i++) {
                struct edge_pool *pool = &network->pools[i];

                pool->first.be = htonl((uint32_t)(10 << 24 | number << 16 | (i + 1) << 8));
                pool->last.be = htonl((uint32_t)(10 << 24 | number << 16 | (i + 1) << 8 | 99));
                pool->match = (struct edge_match){
                        .architectures = {"bios", "uefi-ia32", "9", "10"},
                        .architecture_count = 4,
                        .vendor_class = "PXEClient",
                        .user_class = "iPXE",
                        .relay = network->router,
                        .circuit = "port",
                        .remote = "0x0001",
                        .mac_prefix = "52:54:00"
                };
        }
}

/* Each network with all that it can say. */
static void test_networks(void **state)
{
        static struct edge_network networks[CONFIG_MAX_NETWORKS];
        const struct edge_config full = {.networks = networks,
                                         .network_count = CONFIG_MAX_NETWORKS};
        char folder[] = "/tmp/edge-XXXXXX";
        struct edge_config config = {0};
        _free_ char *text = NULL;
        _doc_ struct doc *doc = NULL;

        (void)state;
        assert_non_null(mkdtemp(folder));
        for (size_t i = 0; i < CONFIG_MAX_NETWORKS; i++)
                fill_network(&networks[i], i);
        doc = edge_config_encode(&full);
        assert_int_equal(doc_print(doc, DOC_COMPACT, &text), 0);
        assert_int_equal(read_config(folder, text, &config), 0);
        assert_int_equal(config.network_count, CONFIG_MAX_NETWORKS);
        assert_memory_equal(config.networks, networks, sizeof(networks));
        edge_config_done(&config);
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_networks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
