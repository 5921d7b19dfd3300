/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal of a million rows: what it holds is there again; time and memory are printed. */
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
#include "lib/base/clock.h"
#include "lib/daemon/daemon.h"
#include "netboot/lease_news.h"
#include "netboot/leases.h"
#include "netboot/usage.h"

#define MACHINES 60000u   /* of a /16; a netbootd holds 65,536 leases */
#define ROWS     1000000u /* each has renewed its lease 16 times */
#define PART     20000u   /* rows in one commit: the journal takes 8 MiB at once */

#define PATH     "/tmp/test-leases-XXXXXX/journal"

static char path[] = PATH;
static struct loop *loop;

static void written(void *context, int rc)
{
        (void)context;
        assert_int_equal(rc, 0);
        loop_stop(loop);
}

static int read_nothing(void *context, const void *record, size_t size)
{
        (void)context;
        (void)record;
        (void)size;
        return 0;
}

/* Row @row: machine @row modulo MACHINES, which renews its lease a little later than the one before
 * it. */
static struct dhcp_lease lease_of(unsigned row, uint64_t start_ms)
{
        const unsigned machine = row % MACHINES;

        return (struct dhcp_lease){
                .mac = {{0x52, 0x54, 0, (uint8_t)(machine >> 16), (uint8_t)(machine >> 8),
                         (uint8_t)machine}},
                .address = {htonl((10u << 24) + 256 + machine)},
                .state = DHCP_LEASE_BOUND,
                .expires_ms = start_ms + row,
                .lease_s = 86400,
        };
}

static void write_rows(uint64_t start_ms)
{
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        struct journal *journal;

        assert_int_equal(journal_open(path, loop, read_nothing, NULL, &journal), 0);
        for (unsigned row = 0; row < ROWS; row++) {
                const struct dhcp_lease lease = lease_of(row, start_ms);

                assert_int_equal(
                        journal_append(journal, record, dhcp_lease_record_write(&lease, record)),
                        0);
                if (row % PART != PART - 1)
                        continue;
                assert_int_equal(journal_commit(journal, written, NULL), 0);
                loop_run(loop);
        }
        assert_int_equal(journal_count(journal), ROWS);
        journal_close(journal);
}

static long memory_kb(void)
{
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "re");

        if (file && fscanf(file, "%*s %ld", &pages) != 1)
                pages = 0;
        if (file)
                fclose(file);
        return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void options_make(struct leases_options *options, const struct edge_config *config)
{
        options->boots = boots_new();
        options->events = events_new();
        options->news = lease_news_new();
        options->usage = usage_new(options->events);
        options->site = site_new(80, 0);
        assert_int_equal(site_apply(options->site, config), 0);
}

static void options_done(struct leases_options *options)
{
        usage_free(options->usage);
        lease_news_free(options->news);
        events_free(options->events);
        boots_free(options->boots);
        site_free(options->site);
}

static void open_rows(uint64_t start_ms)
{
        struct edge_network network = {.name = "lab", .subnet = "10.0.0.0/16"};
        const struct edge_config config = {.networks = &network, .network_count = 1};
        static const struct netboot_interfaces interfaces = {.count = 1};
        struct leases_options options = {.loop = loop, .path = path, .interfaces = &interfaces};
        const uint64_t began_ms = clock_monotonic_ms();
        const long before_kb = memory_kb();
        char error[DAEMON_ERROR_SIZE] = "";
        struct leases *leases;

        network.pool_first.be = htonl((10u << 24) + 256);
        network.pool_last.be = htonl((10u << 24) + 256 + MACHINES);
        options_make(&options, &config);
        assert_int_equal(leases_new(&options, &leases), 0);
        if (leases_apply(leases, &config, error) < 0)
                fail_msg("%s", error);
        print_message("%u rows, %u leases: %llu ms, %ld MB\n", ROWS, MACHINES,
                      (unsigned long long)(clock_monotonic_ms() - began_ms),
                      (memory_kb() - before_kb) / 1024);
        for (unsigned row = ROWS - MACHINES; row < ROWS; row++) {
                const struct dhcp_lease wanted = lease_of(row, start_ms);
                const struct dhcp_lease *lease = dhcp_leases_find_address(
                        dhcp_server_leases(leases_server(leases)), wanted.address);

                assert_non_null(lease);
                assert_true(mac_is_equal(&lease->mac, &wanted.mac));
                assert_int_equal(lease->state, DHCP_LEASE_BOUND);
                assert_int_equal(lease->expires_ms, wanted.expires_ms);
        }
        leases_free(leases);
        options_done(&options);
}

static int setup(void **state)
{
        char *slash;

        (void)state;
        memcpy(path, PATH, sizeof(PATH));
        slash = strrchr(path, '/');
        *slash = '\0';
        assert_non_null(mkdtemp(path));
        *slash = '/';
        return loop_new(&loop);
}

static int teardown(void **state)
{
        char *slash = strrchr(path, '/'), lock[64];

        (void)state;
        loop_free(loop);
        snprintf(lock, sizeof(lock), "%s.lock", path);
        assert_int_equal(unlink(lock), 0);
        assert_int_equal(unlink(path), 0);
        *slash = '\0';
        assert_int_equal(rmdir(path), 0);
        return 0;
}

static void a_million_rows(void **state)
{
        const uint64_t start_ms = clock_wall_ms() + 3600000;

        (void)state;
        write_rows(start_ms);
        open_rows(start_ms);
}

static void add_address6(struct netboot_interface *interface, const char *text)
{
        assert_int_equal(ip6_parse(text, &interface->addresses6[interface->address6_count++]), 0);
}

/* Whoever advertises prefixes does not have a hundred thousand leases carried over each second. */
static void addresses_of_no_network_change_nothing(void **state)
{
        struct edge_network network = {
                .name = "lab", .subnet = "10.0.0.0/16", .subnet6 = "fd77::/64"};
        const struct edge_config config = {.networks = &network, .network_count = 1};
        static struct netboot_interfaces interfaces = {.count = 1};
        struct leases_options options = {.loop = loop, .path = path, .interfaces = &interfaces};
        const struct dhcp6_server *first;
        char error[DAEMON_ERROR_SIZE] = "";
        struct leases *leases;

        (void)state;
        options_make(&options, &config);
        assert_int_equal(leases_new(&options, &leases), 0);
        assert_int_equal(leases_apply(leases, &config, error), 0);
        first = leases_server6(leases);

        add_address6(&interfaces.at[0], "fd79::1");
        leases_addresses_changed(leases);
        assert_int_equal(leases_apply(leases, &config, error), 0);
        assert_ptr_equal(leases_server6(leases), first);

        add_address6(&interfaces.at[0], "fd77::1");
        leases_addresses_changed(leases);
        assert_int_equal(leases_apply(leases, &config, error), 0);
        assert_ptr_not_equal(leases_server6(leases), first);
        leases_free(leases);
        options_done(&options);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_million_rows, setup, teardown),
                cmocka_unit_test_setup_teardown(addresses_of_no_network_change_nothing, setup,
                                                teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
