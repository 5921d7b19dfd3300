/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/lease.h"
#include "lib/base/cleanup.h"

static const struct dhcp_now start = {.monotonic_ms = 1000000, .wall_ms = 1795000000000};

static struct dhcp_now later(uint64_t seconds)
{
        return (struct dhcp_now){
                .monotonic_ms = start.monotonic_ms + seconds * 1000,
                .wall_ms = start.wall_ms + seconds * 1000,
        };
}

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text[0])
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static struct mac_address mac(uint32_t number)
{
        struct mac_address address = {
                {0x52, 0x54}
        };

        number = htonl(number);
        memcpy(address.bytes + 2, &number, sizeof(number));
        return address;
}

static struct dhcp_leases *table(const char *first, const char *last)
{
        struct dhcp_leases *leases = dhcp_leases_new();
        struct dhcp_pool pool = {.first = ip(first), .last = ip(last), .ours = ip("10.77.0.1")};
        size_t number;

        assert_non_null(leases);
        assert_int_equal(ip4_network_parse("10.77.0.0/24", &pool.network), 0);
        assert_int_equal(dhcp_leases_add_pool(leases, &pool, &number), 0);
        assert_int_equal(number, 0);
        return leases;
}

static struct ip4_address offer(struct dhcp_leases *leases, uint32_t number, const char *wanted,
                                struct dhcp_now now)
{
        const struct dhcp_claim claim = {.mac = mac(number), .wanted = ip(wanted)};
        const struct dhcp_lease *lease;

        dhcp_leases_expire(leases, &now);
        if (dhcp_leases_offer(leases, 0, &claim, &now, &lease) < 0)
                return ip("");
        assert_true(mac_is_equal(&lease->mac, &claim.mac));
        return lease->address;
}

static int bind_to(struct dhcp_leases *leases, uint32_t number, struct ip4_address address,
                   struct dhcp_now now)
{
        const struct dhcp_binding binding = {
                .mac = mac(number),
                .address = address,
                .lease_s = 600,
                .hostname = "",
        };
        const struct dhcp_lease *lease;

        dhcp_leases_expire(leases, &now);
        return dhcp_leases_bind(leases, 0, &binding, &now, &lease);
}

static void one_mac_has_one_address(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");
        const struct ip4_address first = offer(leases, 7, "", start);

        (void)state;
        assert_true(ip4_is_set(first));
        assert_true(ip4_is_equal(offer(leases, 7, "10.77.0.77", later(5)), first));
        assert_int_equal(bind_to(leases, 7, first, later(6)), 0);
        assert_true(ip4_is_equal(offer(leases, 7, "", later(7)), first));     /* the next stage */
        assert_true(ip4_is_equal(offer(leases, 7, "", later(10000)), first)); /* long expired */

        /* A server that knows nothing chooses the same. */
        dhcp_leases_free(leases);
        leases = table("10.77.0.10", "10.77.0.200");
        assert_true(ip4_is_equal(offer(leases, 7, "", start), first));
        dhcp_leases_free(leases);
}

static void gives_each_address_once(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.0", "10.77.0.255");
        bool is_given[256] = {false};

        (void)state;
        for (uint32_t i = 0; i < 253; i++) { /* not .0, .1 (ours) and .255 */
                const struct ip4_address address = offer(leases, i, "", start);
                const uint32_t last = ntohl(address.be) & 0xff;

                assert_true(ip4_is_set(address));
                assert_true(last != 0 && last != 1 && last != 255);
                assert_false(is_given[last]);
                is_given[last] = true;
                assert_int_equal(bind_to(leases, i, address, start), 0);
        }
        assert_int_equal(dhcp_leases_count(leases), 253);
        assert_false(ip4_is_set(offer(leases, 1000, "", later(1))));
        /* When they have run out, they are there for others; the oldest first. */
        assert_true(ip4_is_set(offer(leases, 1000, "", later(601))));
        assert_int_equal(dhcp_leases_count(leases), 253);
        dhcp_leases_free(leases);
}

static void offers_run_out_and_leave_nothing(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.11");
        struct dhcp_now now = later(DHCP_OFFER_HOLD_MS / 1000);

        (void)state;
        offer(leases, 1, "", start);
        offer(leases, 2, "", start);
        assert_false(ip4_is_set(offer(leases, 3, "", later(1))));
        dhcp_leases_expire(leases, &now);
        assert_int_equal(dhcp_leases_count(leases), 0);
        assert_true(ip4_is_set(offer(leases, 3, "", now)));
        dhcp_leases_free(leases);
}

static void grants_a_wish_that_is_free(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");

        (void)state;
        assert_true(ip4_is_equal(offer(leases, 1, "10.77.0.123", start), ip("10.77.0.123")));
        assert_false(ip4_is_equal(offer(leases, 2, "10.77.0.123", start), ip("10.77.0.123")));
        assert_false(ip4_is_equal(offer(leases, 3, "10.77.0.201", start), ip("10.77.0.201")));
        assert_false(ip4_is_equal(offer(leases, 4, "10.78.0.5", start), ip("10.78.0.5")));
        dhcp_leases_free(leases);
}

static void binds_only_what_is_the_clients(void **state)
{
        static const struct {
                const char *name;
                const char *address;
                uint32_t mac;
                int rc;
        } cases[] = {
                {"another's",            "10.77.0.50",  2, -EADDRINUSE   },
                {"its own",              "10.77.0.50",  1, 0             },
                {"a free one",           "10.77.0.60",  3, 0             },
                {"reserved for another", "10.77.0.70",  3, -EADDRINUSE   },
                {"out of the range",     "10.77.0.201", 3, -EADDRNOTAVAIL},
                {"ours",                 "10.77.0.1",   3, -EADDRNOTAVAIL},
                {"of another network",   "10.78.0.1",   3, -EADDRNOTAVAIL},
                {"not its reserved one", "10.77.0.80",  9, -EADDRNOTAVAIL},
                {"its reserved one",     "10.77.0.70",  9, 0             },
                {"reserved, no range",   "10.77.0.220", 8, 0             },
        };
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");
        const struct mac_address nine = mac(9), eight = mac(8);

        (void)state;
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.50"), start), 0);
        assert_int_equal(dhcp_leases_reserve(leases, &nine, ip("10.77.0.70"), "nine"), 0);
        assert_int_equal(dhcp_leases_reserve(leases, &eight, ip("10.77.0.220"), ""), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                print_message("%s\n", cases[i].name);
                assert_int_equal(bind_to(leases, cases[i].mac, ip(cases[i].address), start),
                                 cases[i].rc);
        }
        dhcp_leases_free(leases);
}

static void reservations_win(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.11");
        const struct mac_address one = mac(1), two = mac(2);
        const char *hostname;

        (void)state;
        /* Somebody else stands on it: both get an address, until that one renews. */
        assert_int_equal(bind_to(leases, 2, ip("10.77.0.10"), start), 0);
        assert_int_equal(dhcp_leases_reserve(leases, &one, ip("10.77.0.10"), "one"), 0);
        assert_true(ip4_is_equal(offer(leases, 1, "", start), ip("10.77.0.11")));
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.11"), start), 0);
        assert_int_equal(bind_to(leases, 2, ip("10.77.0.10"), later(300)), -EADDRINUSE);
        assert_true(ip4_is_equal(offer(leases, 1, "", later(601)), ip("10.77.0.10")));

        assert_int_equal(dhcp_leases_reserve(leases, &two, ip("10.77.0.10"), ""), -EADDRINUSE);
        assert_int_equal(dhcp_leases_reserve(leases, &two, ip("10.77.0.1"), ""), -EADDRINUSE);
        assert_int_equal(dhcp_leases_reserve(leases, &two, ip("10.78.0.1"), ""), -ENOENT);
        assert_true(
                ip4_is_equal(dhcp_leases_reserved(leases, 0, &one, &hostname), ip("10.77.0.10")));
        assert_string_equal(hostname, "one");
        dhcp_leases_unreserve_all(leases);
        assert_false(ip4_is_set(dhcp_leases_reserved(leases, 0, &one, NULL)));
        dhcp_leases_free(leases);
}

/* An address outside the range that is reserved no more must not be offered for ever. */
static void a_lost_reservation_moves_the_client(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.11");
        const struct mac_address one = mac(1);
        struct ip4_address address;

        (void)state;
        assert_int_equal(dhcp_leases_reserve(leases, &one, ip("10.77.0.99"), ""), 0);
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.99"), start), 0);
        dhcp_leases_unreserve_all(leases);
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.99"), start), -EADDRNOTAVAIL);
        address = offer(leases, 1, "", start);
        assert_int_equal(bind_to(leases, 1, address, start), 0);
        dhcp_leases_free(leases);
}

static void a_declined_address_rests(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.25"); /* 16: 2 may rest */
        const struct dhcp_lease *lease;
        struct dhcp_now now = start;
        struct ip4_address declined[3];

        (void)state;
        for (uint32_t i = 0; i < 3; i++) {
                struct dhcp_decline decline = {.mac = mac(99)};

                decline.address = declined[i] = offer(leases, i, "", now);
                assert_int_equal(dhcp_leases_decline(leases, 0, &decline, &now, &lease), -ENOENT);
                decline.mac = mac(i);
                assert_int_equal(dhcp_leases_decline(leases, 0, &decline, &now, &lease), 0);
                assert_int_equal(lease->state, DHCP_LEASE_DECLINED);
                assert_false(ip4_is_equal(offer(leases, i, "", now), declined[i]));
        }
        /* The first one had to leave the quarantine for the third. */
        assert_int_equal(bind_to(leases, 50, declined[0], now), 0);
        assert_int_equal(bind_to(leases, 51, declined[1], now), -EADDRINUSE);
        now = later(DHCP_QUARANTINE_MS / 1000);
        assert_int_equal(bind_to(leases, 51, declined[1], now), 0);
        dhcp_leases_free(leases);
}

static void a_released_address_is_remembered(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.11");
        const struct mac_address one = mac(1);
        const struct dhcp_lease *lease;
        struct dhcp_now now = start;

        (void)state;
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.10"), now), 0);
        assert_int_equal(bind_to(leases, 2, ip("10.77.0.11"), now), 0);
        assert_int_equal(dhcp_leases_release(leases, 0, &one, ip("10.77.0.11"), &now, &lease),
                         -ENOENT);
        assert_int_equal(dhcp_leases_release(leases, 0, &one, ip("10.77.0.10"), &now, &lease), 0);
        assert_int_equal(lease->state, DHCP_LEASE_FREE);
        assert_true(ip4_is_equal(offer(leases, 1, "", later(1)), ip("10.77.0.10")));
        dhcp_leases_forget_offer(leases, 0, &one);
        assert_true(ip4_is_equal(offer(leases, 3, "", later(2)), ip("10.77.0.10")));
        dhcp_leases_free(leases);
}

static void checks_pools(void **state)
{
        static const struct {
                const char *network, *first, *last;
                int rc;
        } cases[] = {
                {"10.78.0.0/24",   "10.78.0.9",   "10.78.0.8",     -EINVAL},
                {"10.78.0.0/24",   "10.78.0.9",   "10.79.0.8",     -EINVAL},
                {"10.78.0.0/24",   "10.78.0.9",   "",              -EINVAL},
                {"10.0.0.0/8",     "10.0.0.1",    "10.1.0.1",      -E2BIG },
                {"10.77.0.128/25", "10.77.0.130", "10.77.0.131",   -EEXIST},
                {"10.0.0.0/8",     "10.0.0.1",    "10.0.0.2",      -EEXIST},
                {"10.78.0.0/16",   "10.78.0.0",   "10.78.255.255", 0      },
                {"10.79.0.0/24",   "",            "",              0      },
                {"10.80.0.0/31",   "10.80.0.0",   "10.80.0.1",     0      },
        };
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.11");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_pool pool = {.first = ip(cases[i].first), .last = ip(cases[i].last)};
                size_t number;

                print_message("%s %s\n", cases[i].network, cases[i].first);
                assert_int_equal(ip4_network_parse(cases[i].network, &pool.network), 0);
                assert_int_equal(dhcp_leases_add_pool(leases, &pool, &number), cases[i].rc);
        }
        assert_int_equal(dhcp_leases_pool_of(leases, ip("10.79.0.3")), 2);
        assert_int_equal(dhcp_leases_pool_of(leases, ip("192.0.2.1")), -ENOENT);
        dhcp_leases_free(leases);
}

/* --- records --- */

static void records_are_read_as_written(void **state)
{
        struct dhcp_lease lease = {
                .mac = mac(1),
                .address = ip("10.77.0.50"),
                .state = DHCP_LEASE_BOUND,
                .expires_ms = 1795000600000,
                .lease_s = 600,
                .hostname = "node1",
        };
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        struct dhcp_lease got;
        size_t size;

        (void)state;
        size = dhcp_lease_record_write(&lease, record);
        assert_int_equal(dhcp_lease_record_parse(record, size, &got), 0);
        assert_memory_equal(&got, &lease, sizeof(lease));

        for (size_t len = 1; len < size; len++)
                assert_int_equal(dhcp_lease_record_parse(record, len, &got), -EBADMSG);
        assert_int_equal(dhcp_lease_record_parse(record, 0, &got), -ENOMSG);
        assert_int_equal(dhcp_lease_record_parse(record, size + 1, &got), -EBADMSG);
        record[1] = 3;
        assert_int_equal(dhcp_lease_record_parse(record, size, &got), -EPROTONOSUPPORT);
        record[0] = 'E';
        assert_int_equal(dhcp_lease_record_parse(record, size, &got), -ENOMSG);
}

/* A client id stands behind the rest, and what has none is written as it always was. */
static void a_record_may_have_a_client_id(void **state)
{
        struct dhcp_lease lease = {
                .mac = mac(1),
                .address = ip("10.77.0.50"),
                .state = DHCP_LEASE_BOUND,
                .hostname = "node1",
                .client_id_size = DHCP_CLIENT_ID_KEPT,
                .client_id = "\377\1\2\3\4\0\4 a DUID",
        };
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        struct dhcp_lease got;
        size_t size;

        (void)state;
        size = dhcp_lease_record_write(&lease, record);
        assert_int_equal(record[1], 2);
        assert_int_equal(dhcp_lease_record_parse(record, size, &got), 0);
        assert_memory_equal(&got, &lease, sizeof(lease));
        assert_int_equal(dhcp_lease_record_parse(record, size - DHCP_CLIENT_ID_KEPT, &got),
                         -EBADMSG);
        assert_int_equal(dhcp_lease_record_parse(record, size + 1, &got), -EBADMSG);
        lease.client_id_size = 0;
        (void)dhcp_lease_record_write(&lease, record);
        assert_int_equal(record[1], 1);
}

static void bind_as(struct dhcp_leases *leases, uint32_t number, const char *address,
                    const char *client_id, size_t size)
{
        const struct dhcp_binding binding = {.mac = mac(number),
                                             .address = ip(address),
                                             .lease_s = 600,
                                             .hostname = "",
                                             .client_id = reader_over(client_id, size)};
        const struct dhcp_lease *lease;

        assert_int_equal(dhcp_leases_bind(leases, 0, &binding, &start, &lease), 0);
}

static const struct dhcp_lease *called(const struct dhcp_leases *leases, const char *client_id,
                                       size_t size)
{
        return dhcp_leases_find_client_id(leases, reader_over(client_id, size));
}

static void a_lease_is_found_by_what_was_said_last(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.20");
        static const char longest[DHCP_CLIENT_ID_KEPT + 1] = {'l'};
        const struct dhcp_lease *lease;

        (void)state;
        bind_as(leases, 1, "10.77.0.10", "\377one", 4);
        assert_non_null(called(leases, "\377one", 4));
        assert_null(called(leases, "\377on", 3));
        assert_null(called(leases, "", 0));
        bind_as(leases, 1, "10.77.0.10", "", 0); /* nothing, its MAC, or too much */
        bind_as(leases, 1, "10.77.0.10", "\1\x52\x54\0\0\0\1", 7);
        bind_as(leases, 1, "10.77.0.10", longest, sizeof(longest));
        assert_null(called(leases, longest, sizeof(longest)));
        assert_non_null(called(leases, "\377one", 4));

        bind_as(leases, 1, "10.77.0.10", "\377two", 4); /* the system after the firmware */
        assert_null(called(leases, "\377one", 4));
        bind_as(leases, 2, "10.77.0.11", "\377two", 4); /* a clone: who said it last */
        lease = called(leases, "\377two", 4);
        assert_true(lease && lease->mac.bytes[5] == 2);
        bind_as(leases, 1, "10.77.0.12", "", 0); /* its old entry goes, the other's name stays */
        assert_non_null(called(leases, "\377two", 4));
        bind_as(leases, 2, "10.77.0.13", "", 0);
        assert_null(called(leases, "\377two", 4));
        dhcp_leases_free(leases);
}

static void replay(struct dhcp_leases *leases, uint32_t number, const char *address,
                   enum dhcp_lease_state state, int64_t expires_in_s)
{
        const struct dhcp_lease lease = {
                .mac = mac(number),
                .address = ip(address),
                .state = state,
                .expires_ms = start.wall_ms + (uint64_t)(expires_in_s * 1000),
                .lease_s = 600,
        };
        uint8_t record[DHCP_LEASE_RECORD_MAX];

        assert_int_equal(
                dhcp_leases_replay(leases, record, dhcp_lease_record_write(&lease, record), &start),
                0);
}

static void replay_tells_the_last_word(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");
        const struct dhcp_lease *lease;

        (void)state;
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_BOUND, 100);
        replay(leases, 1, "10.77.0.51", DHCP_LEASE_BOUND, 200); /* it moved */
        replay(leases, 2, "10.77.0.60", DHCP_LEASE_BOUND, -10); /* ran out while we were away */
        replay(leases, 3, "10.77.0.61", DHCP_LEASE_BOUND, 100);
        replay(leases, 4, "10.77.0.61", DHCP_LEASE_BOUND, 300); /* another has it now */
        replay(leases, 5, "10.77.0.70", DHCP_LEASE_DECLINED, 60);
        replay(leases, 6, "10.77.0.71", DHCP_LEASE_DECLINED, -60);
        replay(leases, 7, "10.99.0.71", DHCP_LEASE_BOUND, 60);      /* a network that is gone */
        replay(leases, 8, "10.77.0.80", DHCP_LEASE_BOUND, 1000000); /* the clock was wrong */

        assert_null(dhcp_leases_find_address(leases, ip("10.77.0.50")));
        lease = dhcp_leases_find_address(leases, ip("10.77.0.51"));
        assert_int_equal(lease->state, DHCP_LEASE_BOUND);
        assert_int_equal(lease->expires_mono_ms, start.monotonic_ms + 200000);
        lease = dhcp_leases_find_address(leases, ip("10.77.0.60"));
        assert_int_equal(lease->state, DHCP_LEASE_FREE);
        assert_true(ip4_is_equal(offer(leases, 2, "", start), ip("10.77.0.60")));
        lease = dhcp_leases_find_address(leases, ip("10.77.0.61"));
        assert_int_equal(lease->mac.bytes[5], 4);
        assert_int_equal(dhcp_leases_find_address(leases, ip("10.77.0.70"))->state,
                         DHCP_LEASE_DECLINED);
        assert_null(dhcp_leases_find_address(leases, ip("10.77.0.71")));
        lease = dhcp_leases_find_address(leases, ip("10.77.0.80"));
        assert_int_equal(lease->expires_mono_ms, start.monotonic_ms + 600000);
        assert_int_equal(dhcp_leases_count(leases), 5);
        dhcp_leases_free(leases);
}

/* Networks became one wire, and it had an address in each. */
static void replay_keeps_the_lease_that_stands(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");

        (void)state;
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_BOUND, 100);
        replay(leases, 1, "10.77.0.51", DHCP_LEASE_FREE, -10);
        replay(leases, 1, "10.77.0.52", DHCP_LEASE_BOUND, -10);
        assert_int_equal(dhcp_leases_count(leases), 1);
        assert_true(ip4_is_equal(offer(leases, 1, "", start), ip("10.77.0.50")));
        dhcp_leases_free(leases);
}

/* Of a compacted journal the records come in no order: who declined an address keeps the other. */
static void replay_keeps_the_lease_of_who_declined(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");
        const struct mac_address decliner = mac(1);
        const struct dhcp_lease *lease;

        (void)state;
        replay(leases, 1, "10.77.0.51", DHCP_LEASE_BOUND, 300);
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_DECLINED, 60);
        lease = dhcp_leases_find_mac(leases, 0, &decliner);
        assert_non_null(lease);
        assert_true(ip4_is_equal(lease->address, ip("10.77.0.51")));
        lease = dhcp_leases_find_address(leases, ip("10.77.0.50"));
        assert_non_null(lease);
        assert_int_equal(lease->state, DHCP_LEASE_DECLINED);

        /* In quarantine already; declined while it was bound; ended. Always one owner, or none. */
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_DECLINED, 90);
        replay(leases, 1, "10.77.0.51", DHCP_LEASE_DECLINED, 60);
        assert_null(dhcp_leases_find_mac(leases, 0, &decliner));
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_DECLINED, -1);
        replay(leases, 2, "10.77.0.51", DHCP_LEASE_BOUND, 300);
        assert_int_equal(dhcp_leases_count(leases), 1);
        assert_int_equal(dhcp_leases_find_address(leases, ip("10.77.0.51"))->mac.bytes[5], 2);
        dhcp_leases_free(leases);
}

struct walk {
        struct dhcp_lease last;
        size_t count, limit;
};

static int in_order(void *context, const struct dhcp_lease *lease)
{
        struct walk *walk = context;

        if (walk->count == walk->limit)
                return -ENOBUFS;
        if (walk->count++ > 0 && walk->last.state == lease->state)
                assert_true(walk->last.expires_ms <= lease->expires_ms);
        walk->last = *lease;
        return 0;
}

static void walks_in_the_order_of_ending(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");
        struct walk walk = {.limit = SIZE_MAX};

        (void)state;
        replay(leases, 1, "10.77.0.50", DHCP_LEASE_BOUND, 300);
        replay(leases, 2, "10.77.0.51", DHCP_LEASE_BOUND, 100);
        replay(leases, 3, "10.77.0.52", DHCP_LEASE_FREE, 0);
        replay(leases, 4, "10.77.0.53", DHCP_LEASE_BOUND, 200);
        replay(leases, 5, "10.77.0.54", DHCP_LEASE_DECLINED, 60);
        assert_int_equal(dhcp_leases_each(leases, in_order, &walk), 0);
        assert_int_equal(walk.count, 5);
        walk = (struct walk){.limit = 2};
        assert_int_equal(dhcp_leases_each(leases, in_order, &walk), -ENOBUFS);
        assert_int_equal(walk.count, 2);
        dhcp_leases_free(leases);
}

/* A flood of strangers ends at the pool, and takes nothing from those who are bound. */
static void a_flood_changes_nothing(void **state)
{
        struct dhcp_leases *leases = table("10.77.0.10", "10.77.0.200");

        (void)state;
        assert_int_equal(bind_to(leases, 1, ip("10.77.0.50"), start), 0);
        for (uint32_t i = 0; i < 10000; i++)
                offer(leases, 100 + i, "", start);
        assert_int_equal(dhcp_leases_count(leases), 191);
        assert_true(ip4_is_equal(offer(leases, 1, "", start), ip("10.77.0.50")));
        dhcp_leases_free(leases);
}

/* Two networks have more addresses than the table has places: the last of these, too, are for
 * machines that are known. */
static void a_flood_does_not_fill_the_table(void **state)
{
        static const struct dhcp_range ranges[] = {
                {0, 1},
                {1, 1}
        };
        struct dhcp_leases *leases = dhcp_leases_new();
        struct dhcp_pool pools[] = {
                {.first = ip("10.77.0.1"), .last = ip("10.77.255.254")},
                {.first = ip("10.78.0.1"), .last = ip("10.78.255.254")},
        };
        const struct dhcp_lease *lease;
        size_t number, given = 0;

        (void)state;
        assert_int_equal(ip4_network_parse("10.77.0.0/16", &pools[0].network), 0);
        assert_int_equal(ip4_network_parse("10.78.0.0/16", &pools[1].network), 0);
        for (size_t i = 0; i < ARRAY_SIZE(pools); i++)
                assert_int_equal(dhcp_leases_add_pool(leases, &pools[i], &number), 0);
        for (uint32_t i = 0; i < 2 * DHCP_MAX_LEASES; i++) {
                const struct dhcp_permit permit = {&ranges[i % 2], 1, true};
                const struct dhcp_claim claim = {.mac = mac(i), .permit = &permit};
                struct dhcp_binding binding = {
                        .mac = mac(i), .lease_s = 600, .hostname = "", .permit = &permit};

                if (dhcp_leases_offer(leases, i % 2, &claim, &start, &lease) < 0)
                        continue;
                binding.address = lease->address;
                given += dhcp_leases_bind(leases, i % 2, &binding, &start, &lease) == 0;
        }
        assert_int_equal(given, DHCP_MAX_LEASES - DHCP_MAX_LEASES / DHCP_KNOWN_SHARE);
        assert_true(ip4_is_set(offer(leases, 0x99000000, "", start)));
        dhcp_leases_free(leases);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_mac_has_one_address),
                cmocka_unit_test(gives_each_address_once),
                cmocka_unit_test(offers_run_out_and_leave_nothing),
                cmocka_unit_test(grants_a_wish_that_is_free),
                cmocka_unit_test(binds_only_what_is_the_clients),
                cmocka_unit_test(reservations_win),
                cmocka_unit_test(a_lost_reservation_moves_the_client),
                cmocka_unit_test(a_declined_address_rests),
                cmocka_unit_test(a_released_address_is_remembered),
                cmocka_unit_test(checks_pools),
                cmocka_unit_test(records_are_read_as_written),
                cmocka_unit_test(a_record_may_have_a_client_id),
                cmocka_unit_test(a_lease_is_found_by_what_was_said_last),
                cmocka_unit_test(replay_tells_the_last_word),
                cmocka_unit_test(replay_keeps_the_lease_of_who_declined),
                cmocka_unit_test(replay_keeps_the_lease_that_stands),
                cmocka_unit_test(walks_in_the_order_of_ending),
                cmocka_unit_test(a_flood_changes_nothing),
                cmocka_unit_test(a_flood_does_not_fill_the_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
