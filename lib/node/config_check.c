/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is this a configuration that a netbootd can serve?
 *
 * Asked by the controller at its start, so that an operator hears of a mistake
 * there, and by a netbootd of what it was sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/config_inner.h"
#include "lib/node/plan.h"
#include "lib/node/stranger.h"
#include "lib/node/wire.h"

int config_fail(char *error, const char *sentence, ...)
{
        va_list args;

        if (!error)
                return -EINVAL;
        va_start(args, sentence);
        vsnprintf(error, DOC_ERROR_SIZE, sentence, args);
        va_end(args);
        return -EINVAL;
}

/* --- words --- */

ssize_t edge_bytes_parse(const char *text, uint8_t *to)
{
        const size_t size = strlen(text);

        if (!text_has_prefix(text, "0x")) {
                if (size > EDGE_BYTES_MAX)
                        return -EINVAL;
                memcpy(to, text, size);
                return (ssize_t)size;
        }
        if (size == 2 || size % 2 != 0 || (size - 2) / 2 > EDGE_BYTES_MAX ||
            text_unhex(text + 2, to, (size - 2) / 2) < 0)
                return -EINVAL;
        return (ssize_t)(size - 2) / 2;
}

size_t edge_architecture_parse(const char *name, uint16_t ret[static 2])
{
        char text[ARCHITECTURE_TEXT_SIZE];
        uint64_t number;
        size_t count = 0;

        if (text_parse_u64(name, UINT16_MAX, &number) == 0) {
                ret[0] = (uint16_t)number;
                return 1;
        }
        /* Two numbers at most have one name; no number with a name is above those of plan.h. */
        for (uint16_t i = 0; i < 64 && count < 2; i++)
                if (strcmp(architecture_text(text, i), name) == 0)
                        ret[count++] = i;
        return count;
}

ssize_t edge_mac_prefix_parse(const char *text, uint8_t ret[static 6])
{
        const size_t size = strlen(text);
        char digits[12 + 1];
        size_t count = 0;

        if (size == 0)
                return 0;
        if (size >= MAC_TEXT_SIZE || size % 3 != 2)
                return -EINVAL;
        for (size_t i = 0; i < size; i++) {
                const bool is_between = i % 3 == 2;

                if (is_between != (text[i] == ':' || text[i] == '-'))
                        return -EINVAL;
                if (!is_between)
                        digits[count++] = text[i];
        }
        digits[count] = '\0';
        return text_unhex(digits, ret, count / 2) < 0 ? -EINVAL : (ssize_t)count / 2;
}

/* --- networks --- */

static int check_range(const struct edge_network *n, const struct ip4_network *subnet,
                       const struct edge_pool *pool, char *error)
{
        if (!ip4_network_has(subnet, pool->first) || !ip4_network_has(subnet, pool->last))
                return config_fail(error, "network '%s': the pool lies outside the subnet",
                                   n->name);
        if (ntohl(pool->first.be) > ntohl(pool->last.be))
                return config_fail(error, "network '%s': 'pool_first' or 'first' is above the last",
                                   n->name);
        if (ntohl(pool->last.be) - ntohl(pool->first.be) >= CONFIG_MAX_POOL)
                return config_fail(error, "network '%s': the pool has more than %d addresses",
                                   n->name, CONFIG_MAX_POOL);
        if (ip4_is_equal(pool->first, subnet->address) ||
            ip4_is_equal(pool->last, ip4_network_broadcast(subnet)))
                return config_fail(
                        error,
                        "network '%s': the pool must leave out the subnet's first and last "
                        "address",
                        n->name);
        return 0;
}

static int check_match(const struct edge_network *n, const struct edge_match *match, char *error)
{
        uint8_t bytes[EDGE_BYTES_MAX];
        uint16_t numbers[2];

        for (size_t i = 0; i < match->architecture_count; i++)
                if (edge_architecture_parse(match->architectures[i], numbers) == 0)
                        return config_fail(error, "network '%s': no firmware is called '%s'",
                                           n->name, match->architectures[i]);
        if (edge_bytes_parse(match->circuit, bytes) < 0 ||
            edge_bytes_parse(match->remote, bytes) < 0)
                return config_fail(error,
                                   "network '%s': 'circuit' and 'remote' must be text, or bytes as "
                                   "0x00010a",
                                   n->name);
        if (edge_mac_prefix_parse(match->mac_prefix, bytes) < 0)
                return config_fail(error, "network '%s': 'mac_prefix' must be like 52:54:00",
                                   n->name);
        return 0;
}

static bool ranges_overlap(const struct edge_pool *a, const struct edge_pool *b)
{
        return ntohl(a->first.be) <= ntohl(b->last.be) && ntohl(b->first.be) <= ntohl(a->last.be);
}

static int check_pools(const struct edge_network *n, const struct ip4_network *subnet, char *error)
{
        struct edge_pool all[CONFIG_MAX_POOLS + 1] = {0};
        size_t count = n->pool_count;
        int rc;

        if (n->mode != NETWORK_AUTHORITATIVE) {
                if (count == 0 && !ip4_is_set(n->pool_first) && !ip4_is_set(n->pool_last))
                        return 0;
                return config_fail(
                        error, "network '%s': mode '%s' gives no addresses: leave out its pools",
                        n->name, network_mode_names[n->mode]);
        }
        memcpy(all, n->pools, sizeof(n->pools));
        if (ip4_is_set(n->pool_first) != ip4_is_set(n->pool_last))
                return config_fail(error, "network '%s': 'pool_first' and 'pool_last' go together",
                                   n->name);
        if (ip4_is_set(n->pool_first))
                all[count++] = (struct edge_pool){.first = n->pool_first, .last = n->pool_last};
        if (count == 0 && !n->pool6_first[0])
                return config_fail(
                        error,
                        "network '%s': 'pool_first' and 'pool_last', or 'pools', are missing",
                        n->name);
        for (size_t i = 0; i < count; i++) {
                rc = check_range(n, subnet, &all[i], error);
                if (rc == 0)
                        rc = check_match(n, &all[i].match, error);
                if (rc < 0)
                        return rc;
                for (size_t j = 0; j < i; j++)
                        if (ranges_overlap(&all[i], &all[j]))
                                return config_fail(error, "network '%s': two of its pools overlap",
                                                   n->name);
        }
        return 0;
}

/* It goes into a message as it is: printable, and one word. */
static bool is_word(const char *text)
{
        for (; *text; text++)
                if (*text <= ' ' || *text >= 0x7f)
                        return false;
        return true;
}

static int check_network(const struct edge_network *n, char *error, struct ip4_network *ret)
{
        struct ip_address relay;
        int rc;

        if (ip4_network_parse(n->subnet, ret) < 0)
                return config_fail(error, "network '%s': 'subnet' must be like 10.77.0.0/24",
                                   n->name);
        if (ret->prefix > 30)
                return config_fail(error, "network '%s': the subnet has no room for machines",
                                   n->name);
        rc = check_pools(n, ret, error);
        if (rc < 0)
                return rc;
        if (ip4_is_set(n->router) && !ip4_network_has(ret, n->router))
                return config_fail(error, "network '%s': 'router' lies outside the subnet",
                                   n->name);
        if (n->lease_s != 0 && n->lease_s < 60)
                return config_fail(error, "network '%s': 'lease_s' must be at least 60", n->name);
        for (size_t i = 0; i < n->relay_count; i++)
                if (ip_parse(n->relays[i], &relay) < 0 || !ip_is_set(relay))
                        return config_fail(error, "network '%s': 'relays' must be addresses",
                                           n->name);
        if (!is_word(n->root_path))
                return config_fail(error, "network '%s': 'root_path' must be one word of ASCII",
                                   n->name);
        if (n->captive_portal[0] && !text_has_prefix(n->captive_portal, "https://"))
                return config_fail(error, "network '%s': 'captive_portal' must begin with https://",
                                   n->name);
        return 0;
}

static bool networks_overlap(const struct ip4_network *a, const struct ip4_network *b)
{
        return ip4_network_has(a, b->address) || ip4_network_has(b, a->address);
}

/* Whose wire it is, is asked of the interface: on one wire one answer holds. */
static int check_wire(const struct edge_network *a, const struct edge_network *b, char *error)
{
        if (a->mode == b->mode || !a->shared_network[0] ||
            strcmp(a->shared_network, b->shared_network) != 0)
                return 0;
        return config_fail(error, "network '%s': networks of one 'shared_network' have one mode",
                           a->name);
}

/* --- reservations --- */

static bool is_inside_any(const struct ip4_network *networks, size_t count, struct ip4_address ip)
{
        for (size_t i = 0; i < count; i++)
                if (ip4_network_has(&networks[i], ip))
                        return true;
        return false;
}

/* What it is called in an error: its first mark. */
static const char *mark_text(char to[static EDGE_BYTES_TEXT_SIZE], const struct edge_reservation *r)
{
        char uuid[UUID_TEXT_SIZE];

        if (r->client_id[0] || r->circuit[0])
                return r->client_id[0] ? r->client_id : r->circuit;
        if (uuid_is_set(&r->uuid)) {
                (void)text_copy(to, EDGE_BYTES_TEXT_SIZE, uuid_text(uuid, &r->uuid));
                return to;
        }
        return mac_text(to, &r->mac);
}

static int check_marks(const struct edge_reservation *r, const char *text, char *error)
{
        static const struct mac_address no_mac;
        const bool has_mac = !mac_is_equal(&r->mac, &no_mac);
        uint8_t bytes[EDGE_BYTES_MAX];
        ssize_t circuit, remote;

        if (has_mac + (r->client_id[0] != '\0') + uuid_is_set(&r->uuid) + (r->circuit[0] != '\0') !=
            1)
                return config_fail(error,
                                   "reservation %s: it needs one of 'mac', 'client_id', 'uuid' and "
                                   "'circuit'",
                                   text);
        if (has_mac && !mac_is_usable(&r->mac))
                return config_fail(error, "reservation %s: no card has this MAC", text);
        if (uuid_is_set(&r->uuid) && !uuid_identifies(&r->uuid))
                return config_fail(error, "reservation %s: many machines have this UUID", text);
        if (r->remote[0] && !r->circuit[0])
                return config_fail(error, "reservation %s: 'remote' goes with 'circuit'", text);
        circuit = edge_bytes_parse(r->circuit, bytes);
        remote = edge_bytes_parse(r->remote, bytes);
        if (edge_bytes_parse(r->client_id, bytes) < 0 || circuit < 0 || remote < 0 ||
            circuit + remote >= EDGE_BYTES_MAX)
                return config_fail(
                        error, "reservation %s: marks are text, or bytes as 0x00010a, and short",
                        text);
        return 0;
}

static bool has_same_marks(const struct edge_reservation *a, const struct edge_reservation *b)
{
        return mac_is_equal(&a->mac, &b->mac) && strcmp(a->client_id, b->client_id) == 0 &&
               memcmp(&a->uuid, &b->uuid, sizeof(a->uuid)) == 0 &&
               strcmp(a->circuit, b->circuit) == 0 && strcmp(a->remote, b->remote) == 0;
}

static int check_reservations(const struct edge_config *config, const struct ip4_network *networks,
                              char *error)
{
        const struct edge_reservation *all = config->reservations;
        char buffer[EDGE_BYTES_TEXT_SIZE];
        int rc;

        for (size_t i = 0; i < config->reservation_count; i++) {
                const char *text = mark_text(buffer, &all[i]);

                rc = check_marks(&all[i], text, error);
                if (rc < 0)
                        return rc;
                if (!is_word(all[i].root_path))
                        return config_fail(error,
                                           "reservation %s: 'root_path' must be one word of ASCII",
                                           text);
                if (!is_inside_any(networks, config->network_count, all[i].address))
                        return config_fail(error, "reservation %s: its address is in no network",
                                           text);
                for (size_t j = 0; j < i; j++) {
                        if (has_same_marks(&all[i], &all[j]))
                                return config_fail(error, "reservation %s: given twice", text);
                        if (ip4_is_equal(all[i].address, all[j].address))
                                return config_fail(
                                        error, "reservation %s: its address is taken by another",
                                        text);
                }
        }
        return 0;
}

int edge_config_check(const struct edge_config *config, char *error)
{
        struct ip4_network networks[CONFIG_MAX_NETWORKS] = {0};
        int rc;

        for (size_t i = 0; i < config->network_count; i++) {
                rc = check_network(&config->networks[i], error, &networks[i]);
                if (rc < 0)
                        return rc;
                for (size_t j = 0; j < i; j++) {
                        if (networks_overlap(&networks[i], &networks[j]))
                                return config_fail(error,
                                                   "network '%s': its subnet overlaps another's",
                                                   config->networks[i].name);
                        rc = check_wire(&config->networks[i], &config->networks[j], error);
                        if (rc < 0)
                                return rc;
                }
        }
        rc = edge_config_check_networks6(config, error);
        return rc < 0 ? rc : check_reservations(config, networks, error);
}
