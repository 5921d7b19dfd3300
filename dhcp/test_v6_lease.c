/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/v6_lease.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const struct dhcp_now start = {.monotonic_ms = 1000000, .wall_ms = 1795000000000};

static struct dhcp_now later(uint64_t seconds)
{
        return (struct dhcp_now){
                .monotonic_ms = start.monotonic_ms + seconds * 1000,
                .wall_ms = start.wall_ms + seconds * 1000,
        };
}

static struct ip6_address ip(const char *text)
{
        struct ip6_address address = {0};

        if (text[0])
                assert_int_equal(ip6_parse(text, &address), 0);
        return address;
}

static struct mac_address mac(uint8_t number)
{
        return (struct mac_address){
                {0x52, 0x54, 0, 0x77, 0, number}
        };
}

/* A name that says nothing about its client. */
static struct dhcp6_duid duid(uint32_t number)
{
        return (struct dhcp6_duid){
                .size = 8,
                .bytes = {0, 2, 0, 9, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                          (uint8_t)(number >> 8), (uint8_t)number},
        };
}

static struct dhcp6_leases *table(const char *first, const char *last)
{
        struct dhcp6_leases *leases = dhcp6_leases_new();
        struct dhcp6_pool pool = {.first = ip(first), .last = ip(last), .ours = ip("fd77::1")};
        size_t number;

        assert_non_null(leases);
        assert_int_equal(ip6_network_parse("fd77::/64", &pool.network), 0);
        assert_int_equal(dhcp6_leases_add_pool(leases, &pool, &number), 0);
        assert_int_equal(number, 0);
        return leases;
}

/* The address as a text; "" for none. In turn one of sixteen buffers. */
static const char *offer(struct dhcp6_leases *leases, const struct dhcp6_client *client,
                         const char *wanted, struct dhcp_now now)
{
        static char texts[16][IP6_TEXT_SIZE];
        static size_t turn;
        const struct ip6_address want = ip(wanted);
        const struct dhcp6_lease *lease;

        dhcp6_leases_expire(leases, &now);
        if (dhcp6_leases_offer(leases, 0, client, wanted[0] ? &want : NULL, &now, &lease) < 0)
                return "";
        turn = (turn + 1) % ARRAY_SIZE(texts);
        return ip6_text(texts[turn], &lease->address);
}

static int bind_it(struct dhcp6_leases *leases, const struct dhcp6_client *client,
                   struct dhcp_now now, const struct dhcp6_lease **ret)
{
        const struct dhcp6_lease *lease;
        const int rc = dhcp6_leases_bind(leases, 0, client, 600, &now, ret ? ret : &lease);

        return rc;
}

static void checks_pools(void **state)
{
        static const struct {
                const char *network, *first, *last;
                int rc;
        } pools[] = {
                {"fd77::/64",    "fd77::100",    "fd77::1ff",      0      },
                {"fd77::/64",    "fd77::100",    "fd77::1ff",      -EEXIST},
                {"fd77::/48",    "fd77::100",    "fd77::1ff",      -EEXIST},
                {"fd78::/64",    "fd78::200",    "fd78::1ff",      -EINVAL},
                {"fd78::/64",    "fd79::1",      "fd79::2",        -EINVAL},
                {"fd78::/64",    "fd78::1",      "fd78::10:0",     0      },
                {"fd79::/64",    "fd79::1",      "fd79::10:1",     -E2BIG },
                {"fd79::/48",    "fd79::ffff",   "fd79:0:0:1::1",  -EINVAL},
                {"fd7a::/48",    "fd7a:0:0:9::", "fd7a:0:0:9::ff", 0      },
                {"fd7b::/64",    "",             "",               0      },
                {"fd7c::/64",    "",             "fd7c::9",        -EINVAL},
                {"fd7d::f0/124", "fd7d::f0",     "fd7d::ff",       0      },
        };
        struct dhcp6_leases *leases = dhcp6_leases_new();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
                struct dhcp6_pool pool = {.first = ip(pools[i].first), .last = ip(pools[i].last)};
                size_t number;

                print_message("%s %s-%s\n", pools[i].network, pools[i].first, pools[i].last);
                assert_int_equal(ip6_network_parse(pools[i].network, &pool.network), 0);
                assert_int_equal(dhcp6_leases_add_pool(leases, &pool, &number), pools[i].rc);
        }
        dhcp6_leases_free(leases);
}

static void one_client_has_one_address(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::f:ffff");
        struct dhcp6_leases *other = table("fd77::100", "fd77::f:ffff");
        const struct dhcp6_duid one = duid(1), two = duid(2);
        const struct dhcp6_client a = {.duid = &one, .iaid = 7}, b = {.duid = &one, .iaid = 8},
                                  c = {.duid = &two, .iaid = 7};
        const char *first = offer(leases, &a, "", start);
        const struct dhcp6_lease *lease;

        (void)state;
        assert_string_not_equal(first, "");
        assert_string_equal(offer(leases, &a, "", later(9)), first);
        assert_string_equal(offer(leases, &a, "fd77::200", later(9)), first);
        assert_string_equal(offer(other, &a, "", start), first); /* by hash, not by order */
        assert_string_not_equal(offer(leases, &b, "", start), first);
        assert_string_not_equal(offer(leases, &c, "", start), first);
        assert_int_equal(bind_it(leases, &a, later(1), &lease), 0);
        assert_int_equal(lease->state, DHCP_LEASE_BOUND);
        /* It ends, and is remembered. */
        assert_string_equal(offer(leases, &a, "", later(10000)), first);
        assert_string_equal(offer(other, &c, "fd77::abcd", start), "fd77::abcd");
        /* Not ours to give, and not in the range. */
        assert_string_not_equal(offer(other, &b, "fd77::1", start), "fd77::1");
        dhcp6_leases_free(leases);
        dhcp6_leases_free(other);
}

static void a_full_pool_gives_what_was_freed_first(void **state)
{
        struct dhcp6_leases *leases =
                table("fd77::0", "fd77::3"); /* 2 and 3: :: and ours are not */
        const struct dhcp6_duid names[] = {duid(1), duid(2), duid(3)};
        const struct dhcp6_client a = {.duid = &names[0], .iaid = 1},
                                  b = {.duid = &names[1], .iaid = 1},
                                  c = {.duid = &names[2], .iaid = 1};
        const struct dhcp6_lease *lease;
        struct dhcp_now now = later(5);
        struct ip6_address had;

        (void)state;
        (void)offer(leases, &a, "", start);
        assert_int_equal(bind_it(leases, &a, start, NULL), 0);
        (void)offer(leases, &b, "", start);
        assert_int_equal(bind_it(leases, &b, start, &lease), 0);
        had = lease->address;
        assert_string_equal(offer(leases, &c, "", start), "");
        assert_int_equal(dhcp6_leases_release(leases, 0, &c, &had, &now, &lease), -ENOENT);
        assert_int_equal(dhcp6_leases_release(leases, 0, &b, &had, &now, &lease), 0);
        assert_int_equal(dhcp6_leases_release(leases, 0, &b, &had, &now, &lease), -ENOENT);
        assert_string_not_equal(offer(leases, &c, "", now), "");
        /* b is nobody now, and there is no room. */
        assert_int_equal(bind_it(leases, &b, now, NULL), -ENOENT);
        assert_string_equal(offer(leases, &b, "", now), "");
        /* c never asks for its lease. */
        now = later(5 + DHCP6_OFFER_HOLD_MS / 1000);
        assert_string_not_equal(offer(leases, &b, "", now), "");
        dhcp6_leases_free(leases);
}

static void a_declined_address_rests(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
        const struct dhcp6_duid one = duid(1), two = duid(2);
        const struct dhcp6_client a = {.duid = &one, .iaid = 1}, b = {.duid = &two, .iaid = 1};
        const char *first = offer(leases, &a, "", start);
        const struct ip6_address address = ip(first);
        const struct dhcp6_lease *lease;

        (void)state;
        assert_int_equal(bind_it(leases, &a, start, NULL), 0);
        assert_int_equal(dhcp6_leases_decline(leases, 0, &b, &address, &start, &lease), -ENOENT);
        assert_int_equal(dhcp6_leases_decline(leases, 0, &a, &address, &start, &lease), 0);
        assert_int_equal(lease->state, DHCP_LEASE_DECLINED);
        assert_string_not_equal(offer(leases, &a, first, start), first);
        assert_string_not_equal(offer(leases, &b, first, start), first);
        assert_string_equal(offer(leases, &b, first, later(DHCP_QUARANTINE_MS / 1000)),
                            offer(leases, &b, "", later(DHCP_QUARANTINE_MS / 1000)));
        assert_null(dhcp6_leases_find_address(leases, &address));
        dhcp6_leases_free(leases);
}

/* One client that finds them all taken is wrong itself, and pushes out nothing that others found.
 */
static void nobody_fills_the_quarantine_alone(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
        const struct dhcp6_duid one = duid(1);
        const struct dhcp6_lease *lease;

        (void)state;
        for (uint32_t i = 0; i < 40; i++) {
                const struct dhcp6_client c = {.duid = &one, .iaid = i};
                const struct ip6_address address = ip(offer(leases, &c, "", start));

                assert_int_equal(bind_it(leases, &c, start, NULL), 0);
                assert_int_equal(dhcp6_leases_decline(leases, 0, &c, &address, &start, &lease), 0);
                assert_int_equal(lease->state, i < DHCP_MAX_QUARANTINE_CLIENT ? DHCP_LEASE_DECLINED
                                                                              : DHCP_LEASE_FREE);
        }
        dhcp6_leases_free(leases);
}

/* One that changes its DUID and keeps its card, and many behind one relay. Of 256 addresses 32 may
 * rest. */
static const struct {
        const char *name, *relay;
        bool has_one_mac;
        uint32_t rest;
} decliners[] = {
        {"one card",               "",          true,  DHCP_MAX_QUARANTINE_CLIENT},
        {"one relay",              "fd77::abc", false, 16                        },
        {"each by its own, alone", "",          false, 32                        },
};

static void nor_by_other_names(void **state)
{
        (void)state;
        for (size_t n = 0; n < ARRAY_SIZE(decliners); n++) {
                struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
                const struct dhcp6_lease *lease;
                uint32_t rest = 0;

                print_message("%s\n", decliners[n].name);
                for (uint32_t i = 0; i < 60; i++) {
                        const struct dhcp6_duid name = duid(1000 + i);
                        const struct dhcp6_client c = {
                                .duid = &name,
                                .mac = mac(decliners[n].has_one_mac ? 1 : (uint8_t)(i + 1)),
                                .relay = ip(decliners[n].relay)};
                        const struct ip6_address address = ip(offer(leases, &c, "", start));

                        assert_int_equal(bind_it(leases, &c, start, NULL), 0);
                        assert_int_equal(
                                dhcp6_leases_decline(leases, 0, &c, &address, &start, &lease), 0);
                        rest += lease->state == DHCP_LEASE_DECLINED;
                }
                /* Who declines more, each by its own, pushes the oldest out. */
                assert_int_equal(rest < 32 ? rest : 32, decliners[n].rest);
                dhcp6_leases_free(leases);
        }
}

/* A DUID-UUID as OVMF says it: the first three fields in the order of SMBIOS. */
static const uint8_t uuid_of_firmware[] = {0,    4,    0x3c, 0x2b, 0x1a, 0x8d, 0x5f, 0x4e, 0x71,
                                           0x60, 0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9};
static const uint8_t uuid_of_ipxe[] = {0,    4,    0x8d, 0x1a, 0x2b, 0x3c, 0x4e, 0x5f, 0x60,
                                       0x71, 0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9};

static struct dhcp6_duid duid_of(const uint8_t *bytes, size_t size)
{
        struct dhcp6_duid name = {.size = (uint8_t)size};

        memcpy(name.bytes, bytes, size);
        return name;
}

static void reservations_by_three_names(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
        struct dhcp6_reservation by_duid = {.address = ip("fd77::d"), .duid = duid(1)};
        struct dhcp6_reservation by_mac = {.address = ip("fd77::e"), .mac = mac(2)};
        struct dhcp6_reservation by_uuid = {.address = ip("fd77::f")}, nobody = by_uuid;
        const struct dhcp6_duid one = duid(1), two = duid(2);
        const struct dhcp6_duid firmware = duid_of(uuid_of_firmware, sizeof(uuid_of_firmware));
        const struct dhcp6_duid ipxe = duid_of(uuid_of_ipxe, sizeof(uuid_of_ipxe));
        const struct dhcp6_client clients[] = {
                {.duid = &one, .iaid = 1    },
                { .duid = &two,   .iaid = 1, .mac = mac(2)},
                { .duid = &firmware,   .iaid = 1, .mac = mac(3)},
        };

        (void)state;
        nobody.address = ip("fd77::10");
        assert_int_equal(uuid_parse("8d1a2b3c-4e5f-6071-8293-a4b5c6d7e8f9", &by_uuid.uuid), 0);
        assert_int_equal(dhcp6_leases_reserve(leases, &by_duid), 0);
        assert_int_equal(dhcp6_leases_reserve(leases, &by_mac), 0);
        assert_int_equal(dhcp6_leases_reserve(leases, &by_uuid), 0);
        assert_int_equal(dhcp6_leases_reserve(leases, &nobody), -EINVAL);
        assert_int_equal(dhcp6_leases_reserve(leases, &by_mac), -EADDRINUSE);
        nobody.address = ip("fd99::1");
        assert_int_equal(dhcp6_leases_reserve(leases, &nobody), -ENOENT);
        nobody.address = ip("fd77::1");
        assert_int_equal(dhcp6_leases_reserve(leases, &nobody), -EADDRINUSE);

        assert_string_equal(offer(leases, &clients[0], "", start), "fd77::d");
        assert_string_equal(offer(leases, &clients[1], "", start), "fd77::e");
        assert_string_equal(offer(leases, &clients[2], "", start), "fd77::f");
        /* What is kept for one is not given to another that wants it. */
        {
                const struct dhcp6_duid stranger = duid(9);
                const struct dhcp6_client c = {.duid = &stranger, .iaid = 1, .mac = mac(9)};

                assert_string_not_equal(offer(leases, &c, "fd77::d", start), "fd77::d");
        }

        /* The same machine goes on in iPXE, under another name: its address goes with it. */
        assert_int_equal(bind_it(leases, &clients[2], start, NULL), 0);
        {
                const struct dhcp6_client other_identity = {
                        .duid = &firmware, .iaid = 2, .mac = mac(3)};
                const struct dhcp6_client next_stage = {.duid = &ipxe, .iaid = 1, .mac = mac(3)};

                assert_string_not_equal(offer(leases, &other_identity, "", start), "fd77::f");
                assert_string_equal(offer(leases, &next_stage, "", start), "fd77::f");
                assert_int_equal(bind_it(leases, &next_stage, start, NULL), 0);
                assert_int_equal(bind_it(leases, &clients[2], start, NULL), -ENOENT);
        }
        dhcp6_leases_free(leases);
}

static void a_reservation_moves_who_stands_elsewhere(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
        const struct dhcp6_duid one = duid(1), two = duid(2);
        const struct dhcp6_client a = {.duid = &one, .iaid = 1}, b = {.duid = &two, .iaid = 1};
        const char *first = offer(leases, &a, "", start);
        struct dhcp6_reservation reservation = {.address = ip(first), .duid = two};

        (void)state;
        assert_int_equal(bind_it(leases, &a, start, NULL), 0);
        assert_int_equal(dhcp6_leases_reserve(leases, &reservation), 0);
        /* a has it until it renews: b waits with another one. */
        assert_string_not_equal(offer(leases, &b, "", start), first);
        assert_int_equal(bind_it(leases, &a, start, NULL), -ENOENT);
        assert_string_not_equal(offer(leases, &a, "", start), first);
        assert_string_equal(offer(leases, &b, "", start), first);
        dhcp6_leases_free(leases);
}

static void replay_brings_it_back(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::1ff");
        struct dhcp6_leases *again = table("fd77::100", "fd77::1ff");
        const struct dhcp6_duid one = duid(1);
        const struct dhcp6_client a = {
                .duid = &one, .iaid = 5, .mac = mac(4), .hostname = "node-7"};
        const struct dhcp_now then = later(60), much_later = later(700);
        const char *first = offer(leases, &a, "", start);
        uint8_t record[DHCP6_LEASE_RECORD_MAX];
        const struct dhcp6_lease *lease;
        size_t size;

        (void)state;
        assert_int_equal(dhcp6_leases_bind(leases, 0, &a, 600, &start, &lease), 0);
        size = dhcp6_lease_record_write(lease, record);
        for (size_t cut = 1; cut < size; cut++)
                assert_int_equal(dhcp6_leases_replay(again, record, cut, &then), -EBADMSG);
        assert_int_equal(dhcp6_leases_count(again), 0);
        assert_int_equal(dhcp6_leases_replay(again, record, size, &then), 0);
        assert_int_equal(dhcp6_leases_replay(again, record, size, &then), 0);
        lease = dhcp6_leases_find(again, 0, &a);
        assert_non_null(lease);
        assert_int_equal(lease->expires_mono_ms - then.monotonic_ms, 540000);
        assert_string_equal(lease->hostname, "node-7");
        assert_true(mac_is_equal(&lease->mac, &a.mac));
        assert_int_equal(dhcp6_leases_replay(again, record, size, &much_later), 0);
        assert_int_equal(dhcp6_leases_find(again, 0, &a)->state, DHCP_LEASE_FREE);
        assert_string_equal(offer(again, &a, "", much_later), first);

        record[1] = 2;
        assert_int_equal(dhcp6_leases_replay(again, record, size, &then), -EPROTONOSUPPORT);
        record[0] = 'L';
        assert_int_equal(dhcp6_leases_replay(again, record, size, &then), -ENOMSG);
        dhcp6_leases_free(leases);
        dhcp6_leases_free(again);
}

/* ---- property: whatever clients do in any order ---- */

static uint32_t next_random(uint32_t *seed)
{
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 8;
}

/* No address has two owners, none is out of its network, and each owner finds its own. */
static void check_all(const struct dhcp6_leases *leases)
{
        const struct dhcp6_lease *lease;
        size_t at = 0, n = 0;

        while (dhcp6_leases_next(leases, &at, &lease)) {
                const struct dhcp6_client client = {
                        .duid = &lease->duid, .iaid = lease->iaid, .mac = lease->mac};

                n++;
                assert_int_equal(dhcp6_leases_pool_of(leases, &lease->address), 0);
                assert_ptr_equal(dhcp6_leases_find_address(leases, &lease->address), lease);
                if (lease->state != DHCP_LEASE_DECLINED)
                        assert_ptr_equal(dhcp6_leases_find(leases, 0, &client), lease);
        }
        assert_int_equal(n, dhcp6_leases_count(leases));
}

/* What was promised until when, kept apart from the table. */
struct promise {
        struct ip6_address address;
        uint64_t until_ms; /* 0: nothing */
        uint32_t owner;
};

#define N_CLIENTS 40

static void check_promise(const struct promise promises[static N_CLIENTS], uint32_t owner,
                          const struct ip6_address *address, uint64_t now_ms)
{
        for (uint32_t i = 0; i < N_CLIENTS; i++)
                if (i != owner && promises[i].until_ms > now_ms)
                        assert_false(ip6_is_equal(&promises[i].address, address));
}

static void step(struct dhcp6_leases *leases, uint32_t *seed, struct promise *promises,
                 const struct dhcp_now *now)
{
        const uint32_t number = next_random(seed) % N_CLIENTS;
        const struct dhcp6_duid name = duid(number / 2);
        const struct dhcp6_client client = {.duid = &name, .iaid = number % 2};
        struct promise *mine = &promises[number];
        const struct dhcp6_lease *lease;

        switch (next_random(seed) % 5) {
        case 0:
                if (dhcp6_leases_release(leases, 0, &client, &mine->address, now, &lease) == 0)
                        mine->until_ms = 0;
                break;
        case 1:
                if (dhcp6_leases_decline(leases, 0, &client, &mine->address, now, &lease) == 0)
                        mine->until_ms = 0;
                break;
        default:
                if (dhcp6_leases_offer(leases, 0, &client, &promises[(number + 1) % 9].address, now,
                                       &lease) < 0)
                        break;
                check_promise(promises, number, &lease->address, now->monotonic_ms);
                if (dhcp6_leases_bind(leases, 0, &client, 300, now, &lease) < 0)
                        fail();
                *mine = (struct promise){lease->address, now->monotonic_ms + 300000, number};
        }
}

static void no_address_is_given_twice(void **state)
{
        struct dhcp6_leases *leases = table("fd77::10", "fd77::2b"); /* fewer than clients */
        const struct dhcp6_reservation kept = {.address = ip("fd77::11"), .duid = duid(3)};
        struct promise promises[N_CLIENTS] = {0};
        struct dhcp_now now = start;
        uint32_t seed = 20260801;

        (void)state;
        assert_int_equal(dhcp6_leases_reserve(leases, &kept), 0);
        for (size_t i = 0; i < 20000; i++) {
                now.monotonic_ms += next_random(&seed) % 20000;
                dhcp6_leases_expire(leases, &now);
                step(leases, &seed, promises, &now);
                if (i % 64 == 0)
                        check_all(leases);
        }
        assert_true(dhcp6_leases_count(leases) > 20);
        dhcp6_leases_free(leases);
}

/* Names that are made up, all of which are offered an address, or take it, too. */
static void a_flood_does_not_starve_the_known(void **state)
{
        (void)state;
        for (int takes = 0; takes < 2; takes++) {
                struct dhcp6_leases *leases = table("fd77::100", "fd77::19f"); /* 160 */
                size_t served = 0, taken = 0;

                for (uint32_t i = 0; i < 5000; i++) {
                        const struct dhcp6_duid name = duid(1000 + i);
                        const struct dhcp6_client c = {.duid = &name, .is_unknown = true};

                        if (offer(leases, &c, "", start)[0] && takes)
                                taken += bind_it(leases, &c, start, NULL) == 0;
                }
                assert_int_equal(taken, takes ? 140 : 0);
                for (uint32_t i = 0; i < 20; i++) {
                        const struct dhcp6_duid name = duid(i);
                        const struct dhcp6_client c = {.duid = &name};

                        served += offer(leases, &c, "", start)[0] &&
                                  bind_it(leases, &c, start, NULL) == 0;
                }
                assert_int_equal(served, 20); /* an eighth of 160 */
                dhcp6_leases_free(leases);
        }
}

/* All are offered at once, and nobody takes it: a while later others are served. */
static void an_offer_that_nobody_took_goes_to_another(void **state)
{
        struct dhcp6_leases *leases = table("fd77::100", "fd77::107");
        const struct dhcp6_duid last = duid(99);
        const struct dhcp6_client late = {.duid = &last};

        (void)state;
        for (uint32_t i = 0; i < 8; i++) {
                const struct dhcp6_duid name = duid(i);
                const struct dhcp6_client c = {.duid = &name};

                assert_string_not_equal(offer(leases, &c, "", start), "");
        }
        assert_string_equal(offer(leases, &late, "", later(1)), "");
        assert_string_not_equal(offer(leases, &late, "", later(11)), "");
        dhcp6_leases_free(leases);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(checks_pools),
                cmocka_unit_test(one_client_has_one_address),
                cmocka_unit_test(a_full_pool_gives_what_was_freed_first),
                cmocka_unit_test(a_declined_address_rests),
                cmocka_unit_test(nobody_fills_the_quarantine_alone),
                cmocka_unit_test(nor_by_other_names),
                cmocka_unit_test(reservations_by_three_names),
                cmocka_unit_test(a_reservation_moves_who_stands_elsewhere),
                cmocka_unit_test(replay_brings_it_back),
                cmocka_unit_test(no_address_is_given_twice),
                cmocka_unit_test(a_flood_does_not_starve_the_known),
                cmocka_unit_test(an_offer_that_nobody_took_goes_to_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
