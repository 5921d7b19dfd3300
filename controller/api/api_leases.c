/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leases, for people: /api/v1/leases and /api/v1/pools; and what an edge tells
 * of them.
 *
 * A list has an item for each address that is somebody's: what an edge said,
 * and what cloudied.yaml keeps for a machine. Both may be true of one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/select.h"
#include "controller/logic/edges.h"
#include "controller/logic/leases.h"
#include "controller/logic/nodes.h"
#include "lib/base/clock.h"
#include "lib/base/least.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define PAGE_MAX     1000  /* items in one answer: 300 kB */
#define FULL_TOLD_MS 60000 /* between two lines about one edge whose leases are too many */

/* One address: either of both pointers may be NULL, not both. */
struct address_item {
        struct ip6_address key;
        const struct lease_seen *lease;
        const struct edge *edge; /* of the lease */
        const struct edge_reservation *reservation;
};

struct listing {
        const struct api *api;
        struct filter *select; /* NULL: all, also what is no node's */
        const char *network;   /* NULL: all */
        const struct ip6_address *after;
        uint64_t now_ms;
        struct ip4_network subnets[CONFIG_MAX_NETWORKS];
        struct edge_network6 subnets6[CONFIG_MAX_NETWORKS];
        bool has_subnet6[CONFIG_MAX_NETWORKS];
        struct least page;
};

enum problem prepare_leases(struct call *call, char *detail)
{
        struct lease_report *report = calloc(1, sizeof(*report));
        _doc_ struct doc *object = NULL;
        const char *body;
        size_t size;

        call->data = report;
        if (!report)
                return PROBLEM_NO_MEMORY;
        body = serve_body(call->request, &size);
        if (doc_parse(body, size, &doc_limits_message, detail, &object) < 0 ||
            lease_report_decode(object, detail, report) < 0)
                return PROBLEM_BODY;
        return PROBLEM_NONE;
}

void handle_edge_leases(struct call *call)
{
        struct edge *edge = edge_find(call->api->logic, call->who.id);
        const uint64_t now_ms = clock_monotonic_ms();
        struct lease_answer answer = {0};
        int rc;

        rc = leases_told(edge, call->data, clock_wall_ms(), &answer.again);
        if (rc == 0) {
                edge->full_ms = 0;
        } else if (edge->full_ms == 0 || now_ms - edge->full_ms >= FULL_TOLD_MS) {
                /* It says all again every few seconds, as long as there is no room. */
                edge->full_ms = now_ms;
                log_warning("leases.full", "edge=%s reason=%s", QUOTE(edge->row.name),
                            QUOTE(strerror(-rc)));
        }
        reply_table(call, &lease_answer_table, &answer);
        call_send(call);
}

static int compare_reserved(const void *a, const void *b)
{
        const struct reserved_address *x = a, *y = b;

        return memcmp(x->key.bytes, y->key.bytes, sizeof(x->key.bytes));
}

int leases_index(struct api *api)
{
        const struct edge_config *config = &api->edge_config;
        char ip[IP4_TEXT_SIZE];

        api->reserved = calloc(2 * config->reservation_count + 1, sizeof(api->reserved[0]));
        if (!api->reserved)
                return -ENOMEM;
        for (size_t i = 0; i < config->reservation_count; i++) {
                const struct edge_reservation *row = &config->reservations[i];
                const char *const texts[] = {ip4_text(ip, row->address), row->address6};

                for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
                        struct reserved_address *to = &api->reserved[api->reserved_count];

                        to->reservation = row;
                        if (lease_address_parse(texts[j], &to->key) == 0)
                                api->reserved_count++;
                }
        }
        qsort(api->reserved, api->reserved_count, sizeof(api->reserved[0]), compare_reserved);
        return 0;
}

/* NULL: it is kept for nobody. */
static struct reserved_address *reserved_find(const struct api *api, const struct ip6_address *key)
{
        const struct reserved_address wanted = {.key = *key};

        return bsearch(&wanted, api->reserved, api->reserved_count, sizeof(wanted),
                       compare_reserved);
}

static void find_networks(struct listing *listing)
{
        const struct edge_config *config = &listing->api->edge_config;

        for (size_t i = 0; i < config->network_count; i++) {
                (void)ip4_network_parse(config->networks[i].subnet, &listing->subnets[i]);
                listing->has_subnet6[i] =
                        edge_network6_get(&config->networks[i], &listing->subnets6[i]);
        }
}

static const char *network_of(const struct listing *listing, const struct ip6_address *key)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        const struct edge_config *config = &listing->api->edge_config;
        const bool is_four = memcmp(key->bytes, mapped, sizeof(mapped)) == 0;
        struct ip4_address four;

        memcpy(&four.be, key->bytes + sizeof(mapped), sizeof(four.be));
        for (size_t i = 0; i < config->network_count; i++)
                if (is_four ? ip4_network_has(&listing->subnets[i], four)
                            : listing->has_subnet6[i] &&
                                      ip6_network_has(&listing->subnets6[i].network, key))
                        return config->networks[i].name;
        return "";
}

static const struct node *node_of(const struct listing *listing, const struct address_item *item)
{
        const struct mac_address *mac =
                item->lease ? &item->lease->row.mac : &item->reservation->mac;

        return mac_is_usable(mac) ? node_find_mac(listing->api->logic, mac) : NULL;
}

static bool is_wanted(const struct listing *listing, const struct address_item *item)
{
        const struct node *node;

        if (listing->after &&
            memcmp(item->key.bytes, listing->after->bytes, sizeof(item->key.bytes)) <= 0)
                return false;
        if (listing->network && strcmp(listing->network, network_of(listing, &item->key)) != 0)
                return false;
        if (!listing->select)
                return true;
        node = node_of(listing, item);
        return node && node_is_selected(node, listing->select);
}

/* What two edges say of one address has an order, too. */
static int compare(const void *a, const void *b, void *context)
{
        const struct address_item *x = a, *y = b;
        const int order = memcmp(x->key.bytes, y->key.bytes, sizeof(x->key.bytes));

        (void)context;
        if (order != 0 || !x->edge || !y->edge)
                return order;
        return (x->edge->row.id > y->edge->row.id) - (x->edge->row.id < y->edge->row.id);
}

static void add(struct listing *listing, const struct address_item *item)
{
        if (is_wanted(listing, item))
                least_add(&listing->page, item);
}

/* Where there is a lease, it is said that the address is kept, too: in one item. */
static void add_edge(struct listing *listing, const struct edge *edge)
{
        size_t at = 0;
        void *value;

        while (edge->leases && map_next(edge->leases->rows, &at, &value)) {
                const struct lease_seen *lease = value;
                struct reserved_address *reserved;

                if (!lease_stands(lease, listing->now_ms))
                        continue;
                reserved = reserved_find(listing->api, &lease->key);
                if (reserved)
                        reserved->is_leased = true;
                add(listing,
                    &(struct address_item){.key = lease->key,
                                           .lease = lease,
                                           .edge = edge,
                                           .reservation = reserved ? reserved->reservation : NULL});
        }
}

/* A page of those behind listing->after, and as many more as one address can have. */
static int gather(struct listing *listing, size_t limit)
{
        const struct api *api = listing->api;
        size_t at = 0;
        void *value;

        if (least_init(&listing->page, sizeof(struct address_item), limit + EDGES_MAX, compare,
                       NULL) < 0)
                return -ENOMEM;
        find_networks(listing);
        for (size_t i = 0; i < api->reserved_count; i++)
                api->reserved[i].is_leased = false;
        while (map_next(api->logic->edges, &at, &value))
                add_edge(listing, value);
        for (size_t i = 0; i < api->reserved_count; i++)
                if (!api->reserved[i].is_leased)
                        add(listing,
                            &(struct address_item){.key = api->reserved[i].key,
                                                   .reservation = api->reserved[i].reservation});
        least_sort(&listing->page);
        return 0;
}

/* By what the machine is recognised. */
static void set_marks(struct doc *to, const struct edge_reservation *r)
{
        char uuid[UUID_TEXT_SIZE];

        if (uuid_is_set(&r->uuid))
                doc_set_text(to, "uuid", uuid_text(uuid, &r->uuid));
        if (r->client_id[0])
                doc_set_text(to, "client_id", r->client_id);
        if (r->circuit[0])
                doc_set_text(to, "circuit", r->circuit);
        if (r->remote[0])
                doc_set_text(to, "remote", r->remote);
}

static void set_lease(struct doc *to, const struct lease_row *row)
{
        if (row->client[0]) {
                doc_set_text(to, "client", row->client);
                doc_set_number(to, "iaid", (int64_t)row->iaid);
        }
        doc_set_number(to, "lease_s", (int64_t)row->lease_s);
        doc_set_number(to, "expires_ms", (int64_t)row->expires_ms);
}

static const char *address_text(char to[static IP6_TEXT_SIZE], const struct ip6_address *key)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        struct ip4_address four;

        if (memcmp(key->bytes, mapped, sizeof(mapped)) != 0)
                return ip6_text(to, key);
        memcpy(&four.be, key->bytes + sizeof(mapped), sizeof(four.be));
        return ip4_text(to, four);
}

static struct doc *item_doc(const struct listing *listing, const struct address_item *item)
{
        const struct mac_address *mac =
                item->lease ? &item->lease->row.mac : &item->reservation->mac;
        const char *name = item->lease ? item->lease->row.name : "";
        const struct node *node = node_of(listing, item);
        char text[IP6_TEXT_SIZE], mac_buffer[MAC_TEXT_SIZE];
        struct doc *to = doc_object();

        if (!name[0] && item->reservation)
                name = item->reservation->name;
        doc_set_text(to, "address", address_text(text, &item->key));
        doc_set_text(to, "network", network_of(listing, &item->key));
        doc_set_text(to, "state",
                     item->lease ? lease_word_names[item->lease->row.state] : "reserved");
        if (mac_is_usable(mac))
                doc_set_text(to, "mac", mac_text(mac_buffer, mac));
        if (node)
                doc_set_text(to, "node", node->name);
        if (name[0])
                doc_set_text(to, "name", name);
        if (item->reservation) {
                doc_set_bool(to, "is_reserved", true);
                set_marks(to, item->reservation);
        }
        if (item->lease) {
                set_lease(to, &item->lease->row);
                doc_set_text(to, "edge", item->edge->row.name);
                doc_set_number(to, "heard_ms", (int64_t)item->edge->leases->heard_ms);
        }
        return to;
}

/* The edges, and how old what they said is. */
static struct doc *sources_of(const struct logic *logic)
{
        struct doc *list = doc_list();
        size_t at = 0;
        void *value;

        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;
                struct doc *item = doc_object();

                doc_set_text(item, "name", edge->row.name);
                doc_set_bool(item, "is_whole", edge->leases && edge->leases->is_whole);
                if (edge->leases)
                        doc_set_number(item, "heard_ms", (int64_t)edge->leases->heard_ms);
                doc_append(list, item);
        }
        return list;
}

static void reply_page(struct call *call, const struct listing *listing, size_t limit)
{
        struct doc *answer = doc_object(), *items = doc_list();
        const struct address_item *last = NULL;
        char next[IP6_TEXT_SIZE];
        size_t i;

        for (i = 0; i < listing->page.count; i++) {
                const struct address_item *item = least_at(&listing->page, i);

                /* What two edges say of one address stands on one page. */
                if (last && i >= limit && !ip6_is_equal(&last->key, &item->key))
                        break;
                doc_append(items, item_doc(listing, item));
                last = item;
        }
        if (last && (i < listing->page.count || listing->page.is_cut))
                doc_set_text(answer, "next", address_text(next, &last->key));
        doc_set(answer, "items", items);
        doc_set(answer, "edges", sources_of(listing->api->logic));
        reply_doc(call, 200, answer);
        call_send(call);
}

static bool is_network(const struct api *api, const char *name)
{
        for (size_t i = 0; i < api->edge_config.network_count; i++)
                if (strcmp(api->edge_config.networks[i].name, name) == 0)
                        return true;
        return false;
}

void handle_leases(struct call *call)
{
        CLEANUP(filter_free) struct filter *select = NULL;
        const char *limit_text = serve_query(call->request, "limit");
        const char *after_text = serve_query(call->request, "after");
        struct listing listing = {.api = call->api,
                                  .network = serve_query(call->request, "network"),
                                  .now_ms = clock_wall_ms()};
        struct ip6_address after;
        uint64_t limit = PAGE_MAX;

        if (!call_select(call, &select))
                return;
        listing.select = serve_query(call->request, "select") ? select : NULL;
        if (listing.network && !is_network(call->api, listing.network)) {
                call_refuse(call, PROBLEM_NETWORK_UNKNOWN, NULL);
                return;
        }
        if ((limit_text && (text_parse_u64(limit_text, PAGE_MAX, &limit) < 0 || limit == 0)) ||
            (after_text && lease_address_parse(after_text, &after) < 0)) {
                call_refuse(call, PROBLEM_QUERY,
                            "limit: a number from 1 to 1000; after: an address");
                return;
        }
        listing.after = after_text ? &after : NULL;
        if (gather(&listing, limit) < 0)
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
        else
                reply_page(call, &listing, limit);
        least_done(&listing.page);
}

/* The lease of the edge that joined first, or what is kept. False: nobody has it. */
static bool find_address(const struct listing *listing, const struct ip6_address *key,
                         struct address_item *ret)
{
        const struct reserved_address *reserved = reserved_find(listing->api, key);
        struct address_item found = {.key = *key,
                                     .reservation = reserved ? reserved->reservation : NULL};
        size_t at = 0;
        void *value;

        while (map_next(listing->api->logic->edges, &at, &value)) {
                const struct edge *edge = value;
                const struct lease_seen *lease =
                        edge->leases ? map_find(edge->leases->rows, key->bytes, sizeof(key->bytes))
                                     : NULL;

                if (!lease || !lease_stands(lease, listing->now_ms) ||
                    (found.edge && found.edge->row.id < edge->row.id))
                        continue;
                found.lease = lease;
                found.edge = edge;
        }
        *ret = found;
        return found.lease || found.reservation;
}

void handle_lease(struct call *call)
{
        struct listing listing = {.api = call->api, .now_ms = clock_wall_ms()};
        struct address_item found;
        struct ip6_address key;

        if (lease_address_parse(call->match.name, &key) < 0 ||
            !find_address(&listing, &key, &found)) {
                call_refuse(call, PROBLEM_LEASE_UNKNOWN, NULL);
                return;
        }
        find_networks(&listing);
        reply_doc(call, 200, item_doc(&listing, &found));
        call_send(call);
}

static void add_pools(struct doc *list, const struct edge *edge)
{
        for (size_t i = 0; edge->leases && i < edge->leases->pool_count; i++) {
                const struct lease_pool *pool = &edge->leases->pools[i];
                struct doc *item = doc_object();

                doc_set_text(item, "network", pool->network);
                doc_set_text(item, "first", pool->first);
                doc_set_text(item, "last", pool->last);
                doc_set_number(item, "size", (int64_t)pool->size);
                doc_set_number(item, "taken", (int64_t)pool->taken);
                doc_set_text(item, "edge", edge->row.name);
                doc_set_number(item, "heard_ms", (int64_t)edge->leases->heard_ms);
                doc_append(list, item);
        }
}

void handle_pools(struct call *call)
{
        struct doc *answer = doc_object(), *items = doc_list();
        size_t at = 0;
        void *value;

        while (map_next(call->api->logic->edges, &at, &value))
                add_pools(items, value);
        doc_set(answer, "items", items);
        reply_doc(call, 200, answer);
        call_send(call);
}
