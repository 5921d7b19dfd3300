/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "netboot/lease_news.h"
#include "netboot/usage.h"

static const struct dhcp_now at = {.monotonic_ms = 1000, .wall_ms = 1800000000000};
static struct dhcp_leases *leases;
static struct dhcp6_leases *leases6;
static struct lease_news *news;
static struct events *events;
static struct usage *usage;
static struct lease_pool pools[LEASE_POOLS_MAX];
static struct edge_network network = {.name = "lab", .subnet = "10.77.0.0/16"};

static struct ip4_address ip(const char *text)
{
        struct ip4_address address;

        assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static int begin(void **state)
{
        struct dhcp_pool pool = {.first = ip("10.77.1.0"), .last = ip("10.77.4.231")};
        struct dhcp6_pool pool6 = {0};
        size_t number;

        (void)state;
        assert_int_equal(ip4_network_parse("10.77.0.0/16", &pool.network), 0);
        assert_int_equal(ip6_network_parse("fd77::/64", &pool6.network), 0);
        assert_int_equal(ip6_parse("fd77::100", &pool6.first), 0);
        assert_int_equal(ip6_parse("fd77::103", &pool6.last), 0);
        leases = dhcp_leases_new();
        leases6 = dhcp6_leases_new();
        news = lease_news_new();
        events = events_new();
        usage = usage_new(events);
        assert_true(leases && leases6 && news && events && usage);
        assert_int_equal(dhcp_leases_add_pool(leases, &pool, &number), 0);
        assert_int_equal(dhcp6_leases_add_pool(leases6, &pool6, &number), 0);
        return 0;
}

static int end(void **state)
{
        (void)state;
        usage_free(usage);
        events_free(events);
        lease_news_free(news);
        dhcp6_leases_free(leases6);
        dhcp_leases_free(leases);
        return 0;
}

static struct mac_address mac_of(unsigned n)
{
        return (struct mac_address){
                {0x52, 0x54, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}
        };
}

static const struct dhcp_lease *bind_one(unsigned n)
{
        const struct dhcp_claim claim = {.mac = mac_of(n)};
        const struct dhcp_lease *lease;
        struct dhcp_binding binding;

        assert_int_equal(dhcp_leases_offer(leases, 0, &claim, &at, &lease), 0);
        binding = (struct dhcp_binding){
                .mac = claim.mac, .address = lease->address, .lease_s = 600, .hostname = "pc"};
        assert_int_equal(dhcp_leases_bind(leases, 0, &binding, &at, &lease), 0);
        return lease;
}

static void bind_six(unsigned n, int wanted)
{
        const struct mac_address mac = mac_of(n);
        const struct dhcp6_duid duid = dhcp6_duid_of_mac(&mac);
        const struct dhcp6_client client = {.duid = &duid, .iaid = 7, .mac = mac};
        const struct dhcp6_lease *lease;

        assert_int_equal(dhcp6_leases_offer(leases6, 0, &client, NULL, &at, &lease), wanted);
        if (wanted == 0)
                assert_int_equal(dhcp6_leases_bind(leases6, 0, &client, 600, &at, &lease), 0);
}

static void note(const struct dhcp_lease *lease)
{
        uint8_t record[DHCP_LEASE_RECORD_MAX];

        lease_news_note(news, record, dhcp_lease_record_write(lease, record));
}

static bool make(uint64_t now_ms)
{
        return lease_news_make(news, leases, leases6, pools, 0, now_ms);
}

static void a_cycle_tells_all_in_parts(void **state)
{
        const struct lease_report *report;
        size_t rows = 0;
        uint64_t cycle;

        (void)state;
        for (unsigned n = 0; n < 600; n++)
                (void)bind_one(n);
        bind_six(1, 0);
        assert_true(make(1));
        assert_false(make(2)); /* it is not told yet */
        report = lease_news_take(news, 0);
        assert_non_null(report);
        assert_ptr_equal(lease_news_take(news, 0), report);
        assert_true(report->is_first);
        assert_false(report->is_whole);
        cycle = report->cycle;
        rows += report->row_count;
        lease_news_told(news, false);
        assert_null(lease_news_take(news, 0));
        while (!report->is_whole) {
                assert_true(make(3));
                report = lease_news_take(news, 0);
                assert_false(report->is_first);
                assert_int_equal(report->cycle, cycle);
                rows += report->row_count;
                lease_news_told(news, false);
        }
        assert_int_equal(rows, 601);
        assert_false(make(4));
        assert_true(make(3 + LEASE_NEWS_QUIET_MS));
        assert_int_equal(lease_news_take(news, 0)->row_count, 0);
        assert_false(lease_news_take(news, 0)->is_whole);
}

static void what_changes_is_told_once_as_it_is(void **state)
{
        const struct dhcp_lease *lease;
        const struct lease_report *report;
        struct mac_address mac;
        struct ip4_address address;

        (void)state;
        assert_true(make(1));
        lease_news_told(news, false);
        lease = bind_one(1);
        mac = lease->mac;
        address = lease->address;
        note(lease);
        note(lease);
        assert_true(make(2));
        report = lease_news_take(news, 0);
        assert_int_equal(report->row_count, 1);
        assert_int_equal(report->rows[0].state, LEASE_BOUND);
        assert_string_equal(report->rows[0].name, "pc");
        assert_true(mac_is_equal(&report->rows[0].mac, &mac));
        /* Meanwhile it gives it back. */
        assert_int_equal(dhcp_leases_release(leases, 0, &mac, address, &at, &lease), 0);
        note(lease);
        lease_news_told(news, false);
        assert_true(make(3));
        assert_int_equal(lease_news_take(news, 0)->rows[0].state, LEASE_GONE);
        lease_news_told(news, true); /* "again" */
        (void)bind_one(2);
        assert_true(make(4));
        assert_true(lease_news_take(news, 0)->is_first);
        assert_true(lease_news_take(news, 0)->is_whole);
        assert_int_equal(lease_news_take(news, 0)->row_count, 1);
        lease_news_stop(news);
        assert_null(lease_news_take(news, 0));
}

static void a_report_survives_the_wire(void **state)
{
        static struct lease_report read;
        const struct lease_report *report;
        char error[DOC_ERROR_SIZE];
        _doc_ struct doc *doc = NULL;

        (void)state;
        bind_six(1, 0);
        (void)bind_one(1);
        assert_true(make(1));
        report = lease_news_take(news, 0);
        doc = lease_report_encode(report);
        assert_int_equal(lease_report_decode(doc, error, &read), 0);
        assert_int_equal(read.row_count, 2);
        assert_memory_equal(read.rows, report->rows, 2 * sizeof(read.rows[0]));
        assert_string_equal(read.rows[1].client, "00030001525400000001");
        assert_int_equal(read.rows[1].iaid, 7);
}

/* --- pools --- */

static void look(void)
{
        const struct usage_tables tables = {leases, leases6, &network, 1};

        usage_update(usage, &tables);
}

static void hears(const char *steps)
{
        struct node_event heard[8];
        _buffer_ struct buffer text = {0};
        const size_t count = events_take(events, heard, ARRAY_SIZE(heard), 0);

        for (size_t i = 0; i < count; i++) {
                buffer_format(&text, "%s%s", i ? " " : "", node_step_names[heard[i].step]);
                events_known(events, heard[i].seq);
        }
        buffer_add(&text, "", 1);
        assert_string_equal(text.bytes, steps);
}

static void a_pool_is_told_of_when_that_changes(void **state)
{
        const struct dhcp_lease *freed;
        unsigned n;

        (void)state;
        look();
        hears("");
        for (n = 0; n < 899; n++) /* of 1,000 */
                (void)bind_one(n);
        look();
        hears("");
        (void)bind_one(n++);
        look();
        look();
        hears("pool-nearly-full");
        for (; n < 1000; n++)
                (void)bind_one(n);
        look();
        hears("pool-exhausted");
        for (n = 0; n < 150; n++) {
                const struct mac_address mac = mac_of(n);
                const struct dhcp_lease *lease = dhcp_leases_find_mac(leases, 0, &mac);

                assert_int_equal(dhcp_leases_release(leases, 0, &mac, lease->address, &at, &freed),
                                 0);
        }
        look();
        hears(""); /* 85 % */
        for (; n < 210; n++) {
                const struct mac_address mac = mac_of(n);
                const struct dhcp_lease *lease = dhcp_leases_find_mac(leases, 0, &mac);

                assert_int_equal(dhcp_leases_release(leases, 0, &mac, lease->address, &at, &freed),
                                 0);
        }
        look();
        hears("pool-free");
        assert_int_equal(usage_copy(usage, pools), 2);
        assert_string_equal(pools[0].network, "lab");
        assert_string_equal(pools[0].first, "10.77.1.0");
        assert_string_equal(pools[0].last, "10.77.4.231");
        assert_int_equal(pools[0].size, 1000);
        assert_int_equal(pools[0].taken, 790);
}

static void so_is_one_of_ipv6(void **state)
{
        (void)state;
        for (unsigned n = 0; n < 4; n++)
                bind_six(n, 0);
        look();
        hears("pool-exhausted");
        bind_six(9, -ENOSPC);
        look();
        hears("");
}

#define NEWS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
                NEWS_TEST(a_cycle_tells_all_in_parts),
                NEWS_TEST(what_changes_is_told_once_as_it_is),
                NEWS_TEST(a_report_survives_the_wire),
                NEWS_TEST(a_pool_is_told_of_when_that_changes),
                NEWS_TEST(so_is_one_of_ipv6),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
