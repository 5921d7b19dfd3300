/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * On disk before the ACK
 *
 * One journal holds the leases and the events that the controller does not have
 * yet. An ACK goes out of the done function of its commit, and nowhere else; so
 * does one that repeats an earlier ACK, as that one may still be on its way to
 * the disk. When the disk fails, the journal refuses everything from then on,
 * and so do we: a lease that would be forgotten is worse than none.
 *
 * It comes back by itself: what is in memory is all that was ever promised, so
 * now and then a new journal is made of that. Until one is on disk no lease is
 * given; leases that were bound without an ACK meanwhile may stand in it.
 */
#include "netboot/leases.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/log.h"
#include "netboot/lease_news.h"
#include "netboot/pools.h"
#include "netboot/usage.h"

/* The journal is rewritten when it is this large and holds this many records for each that still
 * counts: rarely enough to cost nothing, often enough to replay in a fraction of a second. */
#define COMPACT_SIZE  ((uint64_t)1 << 20)
#define COMPACT_RATIO 4
/* How soon after a failure of the disk a new journal is tried; twice as long each time. */
#define MEND_FIRST_MS 1000
#define MEND_LAST_MS  30000
/* How often pools are counted, and news of leases made for the controller; sooner while there are
 * many. */
#define LOOK_MS 1000

/* A copy of what DHCP is made of. The rest of a configuration changes with every machine, and is
 * none of its business: offers and paces would be forgotten for it. */
struct served {
        struct edge_network *networks;
        size_t network_count;
        struct edge_reservation *reservations;
        size_t reservation_count;
};

struct leases {
        struct leases_options options;
        struct journal *journal;
        struct dhcp_server *server;
        struct served served; /* what it was made of */
        struct dhcp6_server *server6;
        struct ip6_address ours6[CONFIG_MAX_NETWORKS]; /* in each of those networks, when made */
        bool is_stale;                                 /* one of them is another now */
        struct loop_timer *timer;                      /* syncs what nobody waits for */
        bool has_kept;
        atomic_bool is_broken;
        struct loop_timer *mend_timer;
        unsigned mend_ms;
        int mend_rc; /* as it was told last */
        struct loop_timer *look_timer;
        atomic_bool is_wake_posted;
};

static void served_done(struct served *served)
{
        free(served->networks);
        free(served->reservations);
        *served = (struct served){0};
}

static struct dhcp_now now(void)
{
        return (struct dhcp_now){.monotonic_ms = clock_monotonic_ms(), .wall_ms = clock_wall_ms()};
}

void leases_break(struct leases *leases, int rc)
{
        if (atomic_exchange(&leases->is_broken, true))
                return;
        log_error("journal.broken", "file=%s reason=%s effect=%s", QUOTE(leases->options.path),
                  QUOTE(strerror(-rc)), QUOTE("no lease is given until the disk works again"));
        leases->mend_rc = rc;
        leases->mend_ms = MEND_FIRST_MS;
        loop_timer_arm(leases->mend_timer, clock_monotonic_ms() + leases->mend_ms);
}

bool leases_is_broken(const struct leases *leases)
{
        return atomic_load(&leases->is_broken);
}

/* What boots know outlives its lease, and may be another server's. */
static bool is_held(const struct leases *leases, const struct mac_address *mac,
                    struct ip_address address)
{
        const uint64_t now_ms = clock_monotonic_ms();
        const struct dhcp_lease *lease;
        const struct dhcp6_lease *lease6;

        if (ip_is_4(address)) {
                lease = dhcp_leases_find_address(dhcp_server_leases(leases->server),
                                                 ip_to4(address));
                return lease && lease->state == DHCP_LEASE_BOUND &&
                       now_ms < lease->expires_mono_ms &&
                       memcmp(&lease->mac, mac, sizeof(*mac)) == 0;
        }
        lease6 = dhcp6_leases_find_address(dhcp6_server_leases(leases->server6), &address.six);
        return lease6 && lease6->state == DHCP_LEASE_BOUND && now_ms < lease6->expires_mono_ms &&
               memcmp(&lease6->mac, mac, sizeof(*mac)) == 0;
}

size_t leases_addresses(struct leases *leases, const struct mac_address *mac,
                        struct ip_address ret[static BOOTS_ADDRESSES])
{
        struct ip_address all[BOOTS_ADDRESSES];
        size_t held = 0, count;

        if (!leases->server)
                return 0;
        count = boots_addresses(leases->options.boots, mac, all);
        for (size_t i = 0; i < count; i++)
                if (is_held(leases, mac, all[i]))
                        ret[held++] = all[i];
        return held;
}

struct dhcp_server *leases_server(struct leases *leases)
{
        return leases->server;
}

struct dhcp6_server *leases_server6(struct leases *leases)
{
        return leases->server6;
}

static int snapshot_add(void *context, const void *record, size_t size)
{
        return journal_snapshot_append(context, record, size);
}

static int snapshot_add_lease(void *context, const struct dhcp_lease *lease)
{
        uint8_t record[DHCP_LEASE_RECORD_MAX];

        if (lease->state == DHCP_LEASE_OFFERED)
                return 0; /* an offer is no promise */
        return journal_snapshot_append(context, record, dhcp_lease_record_write(lease, record));
}

static int snapshot_add_lease6(void *context, const struct dhcp6_lease *lease)
{
        uint8_t record[DHCP6_LEASE_RECORD_MAX];

        if (lease->state == DHCP_LEASE_OFFERED)
                return 0;
        return journal_snapshot_append(context, record, dhcp6_lease_record_write(lease, record));
}

static int snapshot_write(void *context, struct journal_snapshot *to)
{
        struct leases *leases = context;
        int rc;

        rc = dhcp_leases_each(dhcp_server_leases(leases->server), snapshot_add_lease, to);
        if (rc == 0)
                rc = dhcp6_leases_each(dhcp6_server_leases(leases->server6), snapshot_add_lease6,
                                       to);
        if (rc < 0)
                return rc;
        return events_write_all(leases->options.events, snapshot_add, to);
}

static void compact_if_worth_it(struct leases *leases)
{
        const uint64_t live = dhcp_leases_count(dhcp_server_leases(leases->server)) +
                              dhcp6_leases_count(dhcp6_server_leases(leases->server6)) +
                              events_count(leases->options.events);
        int rc;

        if (journal_size(leases->journal) < COMPACT_SIZE ||
            journal_count(leases->journal) / COMPACT_RATIO < live)
                return;
        rc = journal_compact(leases->journal, snapshot_write, leases);
        if (rc < 0 && rc != -EALREADY)
                log_warning("journal.compact", "reason=%s", QUOTE(strerror(-rc)));
}

static void kept(void *context, int rc)
{
        struct leases *leases = context;

        if (rc < 0)
                leases_break(leases, rc);
        else
                compact_if_worth_it(leases);
}

static void arm(struct leases *leases)
{
        if (!leases->has_kept)
                loop_timer_arm(leases->timer, clock_monotonic_ms() + LEASES_LAZY_MS);
        leases->has_kept = true;
}

static void sync_kept(void *context)
{
        struct leases *leases = context;
        int rc;

        leases->has_kept = false;
        rc = journal_commit(leases->journal, kept, leases);
        if (rc < 0)
                leases_break(leases, rc);
}

static int journal_add(void *context, const void *record, size_t size)
{
        struct leases *leases = context;

        return journal_append(leases->journal, record, size);
}

static void write_events(void *context)
{
        struct leases *leases = context;
        int rc;

        atomic_store(&leases->is_wake_posted, false);
        if (!leases->journal || leases_is_broken(leases))
                return;
        rc = events_write_new(leases->options.events, journal_add, leases);
        if (rc < 0 && rc != -ENOBUFS)
                leases_break(leases, rc);
        arm(leases);
}

static void mend_again(struct leases *leases, int rc)
{
        if (rc != leases->mend_rc)
                log_error("journal.broken", "file=%s reason=%s", QUOTE(leases->options.path),
                          QUOTE(strerror(-rc)));
        leases->mend_rc = rc;
        leases->mend_ms = leases->mend_ms < MEND_LAST_MS / 2 ? leases->mend_ms * 2 : MEND_LAST_MS;
        loop_timer_arm(leases->mend_timer, clock_monotonic_ms() + leases->mend_ms);
}

static void mended(void *context, int rc)
{
        struct leases *leases = context;

        if (rc < 0) {
                mend_again(leases, rc);
                return;
        }
        atomic_store(&leases->is_broken, false);
        log_info("journal.mended", "file=%s records=%llu", QUOTE(leases->options.path),
                 (unsigned long long)journal_count(leases->journal));
        write_events(leases); /* and syncs what was appended meanwhile */
}

static void mend(void *context)
{
        struct leases *leases = context;
        int rc;

        if (!journal_is_broken(leases->journal)) { /* we were: without memory, for one record */
                mended(leases, 0);
                return;
        }
        rc = journal_mend(leases->journal, snapshot_write, mended, leases);
        if (rc == -EALREADY) /* a compaction comes to its end first */
                loop_timer_arm(leases->mend_timer, clock_monotonic_ms() + MEND_FIRST_MS);
        else if (rc < 0)
                mend_again(leases, rc);
}

/* What no ACK waits for: while a journal is mended it is kept behind the snapshot. */
static void look(void *context)
{
        static struct lease_pool pools[LEASE_POOLS_MAX]; /* of the one thread */
        struct leases *leases = context;
        struct usage_tables tables;
        const struct dhcp_now at = now();
        size_t count;

        loop_timer_arm(leases->look_timer, at.monotonic_ms + LOOK_MS);
        if (!leases->server || !leases->journal)
                return;
        dhcp_leases_expire(dhcp_server_leases(leases->server), &at);
        dhcp6_leases_expire(dhcp6_server_leases(leases->server6), &at);
        tables = (struct usage_tables){dhcp_server_leases(leases->server),
                                       dhcp6_server_leases(leases->server6),
                                       leases->served.networks, leases->served.network_count};
        usage_update(leases->options.usage, &tables);
        count = usage_copy(leases->options.usage, pools);
        if (lease_news_make(leases->options.news, tables.leases, tables.leases6, pools, count,
                            at.monotonic_ms))
                loop_timer_arm(leases->look_timer, at.monotonic_ms + LOOK_MS / 4);
}

static int keep_broken(struct leases *leases, const void *record, size_t size)
{
        if (leases->journal && size > 0)
                (void)journal_append(leases->journal, record, size);
        return -EIO;
}

/* From any thread. */
static void events_came(void *context)
{
        struct leases *leases = context;

        if (!atomic_exchange(&leases->is_wake_posted, true) &&
            loop_post(leases->options.loop, write_events, leases) < 0)
                atomic_store(&leases->is_wake_posted, false);
}

int leases_keep(struct leases *leases, const void *record, size_t size)
{
        int rc;

        lease_news_note(leases->options.news, record, size);
        if (leases_is_broken(leases))
                return keep_broken(leases, record, size);
        rc = journal_append(leases->journal, record, size);
        if (rc < 0 && rc != -ENOBUFS)
                leases_break(leases, rc);
        arm(leases);
        return rc;
}

int leases_commit(struct leases *leases, const void *record, size_t size, journal_done_fn done,
                  void *context)
{
        int rc = 0;

        if (size > 0)
                lease_news_note(leases->options.news, record, size);
        if (!leases->journal || leases_is_broken(leases))
                return keep_broken(leases, record, size);
        if (size > 0)
                rc = journal_append(leases->journal, record, size);
        if (rc == 0)
                rc = journal_commit(leases->journal, done, context);
        if (rc < 0 && rc != -ENOBUFS && rc != -ENOMEM)
                leases_break(leases, rc);
        return rc;
}

int leases_new(const struct leases_options *options, struct leases **ret)
{
        struct leases *leases = calloc(1, sizeof(*leases));
        int rc;

        if (!leases)
                return -ENOMEM;
        leases->options = *options;
        rc = loop_add_timer(options->loop, sync_kept, leases, &leases->timer);
        if (rc == 0)
                rc = loop_add_timer(options->loop, mend, leases, &leases->mend_timer);
        if (rc == 0)
                rc = loop_add_timer(options->loop, look, leases, &leases->look_timer);
        if (rc < 0) {
                leases_free(leases);
                return rc;
        }
        loop_timer_arm(leases->look_timer, clock_monotonic_ms() + LOOK_MS);
        events_on_add(options->events, events_came, leases);
        *ret = leases;
        return 0;
}

struct leases *leases_free(struct leases *leases)
{
        if (!leases)
                return NULL;
        if (leases->journal) {
                write_events(leases);
                journal_close(leases->journal);
        }
        loop_remove_timer(leases->timer);
        loop_remove_timer(leases->mend_timer);
        loop_remove_timer(leases->look_timer);
        dhcp_server_free(leases->server);
        served_done(&leases->served);
        dhcp6_server_free(leases->server6);
        free(leases);
        return NULL;
}

static struct dhcp_network network_of(const struct leases *leases, const struct edge_config *config,
                                      size_t number)
{
        const ssize_t wire = pools_find_wire(config, number);
        struct dhcp_network network;
        struct ip4_network subnet = {0};

        (void)ip4_network_parse(config->networks[number].subnet, &subnet); /* was checked */
        network = pools_network(&config->networks[number],
                                site_address_in(leases->options.site, &subnet));
        network.pool.shares_wire = wire >= 0;
        network.pool.shares_wire_with = wire >= 0 ? (size_t)wire : 0;
        return network;
}

CLEANUP_DEFINE(struct dhcp_server *, dhcp_server_free)

static int server_make(const struct leases *leases, const struct edge_config *config, char *error,
                       struct dhcp_server **ret)
{
        CLEANUP(dhcp_server_free)
        struct dhcp_server *server =
                dhcp_server_new(leases->options.boot, leases->options.boot_context);
        int rc;

        if (!server)
                return -ENOMEM;
        dhcp_server_set_admission(server, leases->options.admit);
        dhcp_server_set_known(server, leases->options.is_known);
        for (size_t i = 0; i < config->network_count; i++) {
                const struct dhcp_network network = network_of(leases, config, i);

                if (!edge_network_gives_ip4(&config->networks[i]))
                        continue; /* no address of it is ours to give */
                rc = dhcp_server_add_network(server, &network);
                if (rc < 0) {
                        snprintf(error, DAEMON_ERROR_SIZE, "network '%s' cannot be served: %s",
                                 config->networks[i].name, strerror(-rc));
                        return rc;
                }
        }
        for (size_t i = 0; i < config->reservation_count; i++) {
                const struct edge_reservation *r = &config->reservations[i];
                char mac[MAC_TEXT_SIZE], ip[IP4_TEXT_SIZE];

                rc = pools_reserve(dhcp_server_leases(server), r);
                if (rc == -ENOMEM)
                        return rc;
                if (rc < 0)
                        log_warning("reservation.refused", "mac=%s ip=%s reason=%s",
                                    mac_text(mac, &r->mac), ip4_text(ip, r->address),
                                    QUOTE(strerror(-rc)));
        }
        *ret = TAKE_PTR(server);
        return 0;
}

CLEANUP_DEFINE(struct dhcp6_server *, dhcp6_server_free)

static struct ip6_address our_address6(const struct leases *leases,
                                       const struct ip6_network *network)
{
        const struct netboot_interfaces *interfaces = leases->options.interfaces;

        for (size_t i = 0; i < interfaces->count; i++)
                for (size_t n = 0; n < interfaces->at[i].address6_count; n++)
                        if (ip6_network_has(network, &interfaces->at[i].addresses6[n]))
                                return interfaces->at[i].addresses6[n];
        return (struct ip6_address){0};
}

static struct dhcp6_network network6_of(const struct leases *leases,
                                        const struct edge_network *from,
                                        const struct edge_network6 *six)
{
        struct dhcp6_network network = {
                .pool = {.network = six->network,
                         .first = six->first,
                         .last = six->last,
                         .ours = our_address6(leases, &six->network)},
                .lease_s = from->lease_s,
                .no_rapid_commit = from->strangers == STRANGERS_LIST,
        };

        if (network.lease_s && network.lease_s < DHCP_LEASE_MIN_S)
                network.lease_s = DHCP_LEASE_MIN_S;
        if (ip6_is_set(&six->dns))
                network.dns = (struct dhcp6_address_list){1, {six->dns}};
        (void)text_copy(network.domain, sizeof(network.domain), from->domain);
        for (size_t i = 0; i < from->relay_count; i++)
                if (ip6_parse(from->relays[i], &network.relays[network.relay_count]) == 0)
                        network.relay_count++; /* those of IPv4 are not its */
        return network;
}

/* -ENOMEM; what else is wrong with one is logged, and the others hold. */
static int reserve6(struct dhcp6_leases *leases, const struct edge_config *config)
{
        for (size_t i = 0; i < config->reservation_count; i++) {
                const struct edge_reservation *from = &config->reservations[i];
                struct dhcp6_reservation reservation = {.mac = from->mac, .uuid = from->uuid};
                int rc;

                if (!from->address6[0])
                        continue;
                (void)ip6_parse(from->address6, &reservation.address); /* was checked */
                (void)text_copy(reservation.hostname, sizeof(reservation.hostname), from->name);
                rc = dhcp6_leases_reserve(leases, &reservation);
                if (rc == -ENOMEM)
                        return rc;
                if (rc < 0)
                        log_warning("reservation.refused", "ip=%s reason=%s", from->address6,
                                    QUOTE(strerror(-rc)));
        }
        return 0;
}

static int server6_make(const struct leases *leases, const struct edge_config *config, char *error,
                        struct dhcp6_server **ret)
{
        /* The same in each run, as long as the first of the interfaces is the same card. */
        const struct dhcp6_duid ours = dhcp6_duid_of_mac(&leases->options.interfaces->at[0].mac);
        CLEANUP(dhcp6_server_free)
        struct dhcp6_server *server =
                dhcp6_server_new(&ours, leases->options.boot6, leases->options.boot6_context);
        int rc;

        if (!server)
                return -ENOMEM;
        dhcp6_server_set_admission(server, leases->options.admit6);
        dhcp6_server_set_known(server, leases->options.is_known6);
        for (size_t i = 0; i < config->network_count; i++) {
                struct edge_network6 six;
                struct dhcp6_network network;

                if (!edge_network6_get(&config->networks[i], &six))
                        continue;
                network = network6_of(leases, &config->networks[i], &six);
                rc = dhcp6_server_add_network(server, &network);
                if (rc < 0) {
                        snprintf(error, DAEMON_ERROR_SIZE,
                                 "network '%s' cannot be served over IPv6: %s",
                                 config->networks[i].name, strerror(-rc));
                        return rc;
                }
        }
        rc = reserve6(dhcp6_server_leases(server), config);
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(server);
        return 0;
}

/* One record of the journal. Kinds that a newer version wrote are not forgotten silently. */
static int replay(void *context, const void *record, size_t size)
{
        struct leases *leases = context;
        const struct dhcp_now at = now();
        int rc;

        rc = dhcp_leases_replay(dhcp_server_leases(leases->server), record, size, &at);
        if (rc == -ENOMSG)
                rc = dhcp6_leases_replay(dhcp6_server_leases(leases->server6), record, size, &at);
        if (rc == -ENOMSG)
                rc = events_replay(leases->options.events, record, size);
        return rc;
}

static int tell_boots6(void *context, const struct dhcp6_lease *lease)
{
        struct leases *leases = context;

        if (lease->state == DHCP_LEASE_BOUND && mac_is_usable(&lease->mac))
                (void)boots_lease(leases->options.boots, &lease->mac, ip_of6(&lease->address));
        return 0;
}

/* Who held a lease when we stopped is known to hold it. */
static void tell_boots(struct leases *leases)
{
        const struct dhcp_lease *lease;
        size_t at = 0;

        while (dhcp_leases_next(dhcp_server_leases(leases->server), &at, &lease))
                if (lease->state == DHCP_LEASE_BOUND)
                        (void)boots_lease(leases->options.boots, &lease->mac,
                                          ip_of4(lease->address));
        (void)dhcp6_leases_each(dhcp6_server_leases(leases->server6), tell_boots6, leases);
}

static const char *why_unopened(int rc)
{
        switch (rc) {
        case -EBADMSG:
                return "a record in its middle is damaged, or it is no journal. Leases are not "
                       "forgotten silently: restore it, or move it away";
        case -EPROTONOSUPPORT:
                return "a newer cloudie-netbootd wrote it. Run that, or move the file away and "
                       "lose its leases";
        case -EBUSY:
                return "another cloudie-netbootd has it open";
        default:
                return strerror(-rc);
        }
}

static int first_open(struct leases *leases, char *error)
{
        int rc;

        rc = journal_open(leases->options.path, leases->options.loop, replay, leases,
                          &leases->journal);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", leases->options.path,
                         why_unopened(rc));
                return rc;
        }
        tell_boots(leases);
        log_info("leases.open", "file=%s leases=%zu leases6=%zu events=%zu",
                 QUOTE(leases->options.path), dhcp_leases_count(dhcp_server_leases(leases->server)),
                 dhcp6_leases_count(dhcp6_server_leases(leases->server6)),
                 events_count(leases->options.events));
        write_events(leases);
        return 0;
}

static int carry_over(void *context, const struct dhcp_lease *lease)
{
        const struct dhcp_now at = now();
        uint8_t record[DHCP_LEASE_RECORD_MAX];

        (void)dhcp_leases_replay(context, record, dhcp_lease_record_write(lease, record), &at);
        return 0; /* a network that is gone, or no memory: the journal still has it */
}

/* Both come out of zeroed memory, so that what lies between their fields is the same, too. */
static bool is_served(const struct served *served, const struct edge_config *config)
{
        return served->network_count == config->network_count &&
               served->reservation_count == config->reservation_count &&
               (config->network_count == 0 ||
                memcmp(served->networks, config->networks,
                       config->network_count * sizeof(*config->networks)) == 0) &&
               (config->reservation_count == 0 ||
                memcmp(served->reservations, config->reservations,
                       config->reservation_count * sizeof(*config->reservations)) == 0);
}

static int served_copy(const struct edge_config *config, struct served *ret)
{
        struct served served = {
                .networks = calloc(config->network_count + 1, sizeof(*served.networks)),
                .network_count = config->network_count,
                .reservations = calloc(config->reservation_count + 1, sizeof(*served.reservations)),
                .reservation_count = config->reservation_count,
        };

        if (!served.networks || !served.reservations) {
                served_done(&served);
                return -ENOMEM;
        }
        if (config->network_count > 0)
                memcpy(served.networks, config->networks,
                       config->network_count * sizeof(*served.networks));
        if (config->reservation_count > 0)
                memcpy(served.reservations, config->reservations,
                       config->reservation_count * sizeof(*served.reservations));
        served_done(ret);
        *ret = served;
        return 0;
}

static int carry_over6(void *context, const struct dhcp6_lease *lease)
{
        const struct dhcp_now at = now();
        uint8_t record[DHCP6_LEASE_RECORD_MAX];

        (void)dhcp6_leases_replay(context, record, dhcp6_lease_record_write(lease, record), &at);
        return 0;
}

/* Unset: none of ours, or no IPv6. */
static struct ip6_address ours_in(const struct leases *leases, size_t network)
{
        struct edge_network6 six;

        return edge_network6_get(&leases->served.networks[network], &six)
                       ? our_address6(leases, &six.network)
                       : (struct ip6_address){0};
}

/* Anybody on the wire can have a host make itself addresses of more prefixes: for those nothing is
 * made anew. */
void leases_addresses_changed(struct leases *leases)
{
        for (size_t i = 0; i < leases->served.network_count; i++) {
                const struct ip6_address ours = ours_in(leases, i);

                if (!ip6_is_equal(&ours, &leases->ours6[i]))
                        leases->is_stale = true;
        }
}

int leases_apply(struct leases *leases, const struct edge_config *config, char *error)
{
        struct dhcp_server *old = leases->server;
        struct dhcp6_server *old6 = leases->server6;
        CLEANUP(dhcp_server_free) struct dhcp_server *server = NULL;
        struct dhcp6_server *server6 = NULL;
        int rc;

        if (old && !leases->is_stale && is_served(&leases->served, config))
                return 0;
        rc = server_make(leases, config, error, &server);
        if (rc == 0)
                rc = server6_make(leases, config, error, &server6);
        if (rc == 0)
                rc = served_copy(config, &leases->served);
        if (rc < 0) {
                dhcp6_server_free(server6);
                return rc;
        }
        leases->is_stale = false;
        for (size_t i = 0; i < leases->served.network_count; i++)
                leases->ours6[i] = ours_in(leases, i);
        leases->server = TAKE_PTR(server);
        leases->server6 = server6;
        lease_news_note_all(leases->options.news);
        if (leases->journal) {
                (void)dhcp_leases_each(dhcp_server_leases(old), carry_over,
                                       dhcp_server_leases(leases->server));
                (void)dhcp6_leases_each(dhcp6_server_leases(old6), carry_over6,
                                        dhcp6_server_leases(server6));
                dhcp_server_free(old);
                dhcp6_server_free(old6);
                return 0;
        }
        rc = first_open(leases, error);
        if (rc < 0) {
                leases->server = dhcp_server_free(leases->server);
                leases->server6 = dhcp6_server_free(leases->server6);
        }
        return rc;
}
