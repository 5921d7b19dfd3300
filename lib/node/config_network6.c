/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The IPv6 part of networks: texts in the configuration, as a network of IPv4 alone says nothing.
 */
#include <errno.h>
#include <string.h>

#include "lib/node/config_inner.h"
#include "lib/node/wire.h"

static uint64_t low_half(const struct ip6_address *address)
{
        uint64_t number = 0;

        for (size_t i = 8; i < sizeof(address->bytes); i++)
                number = number << 8 | address->bytes[i];
        return number;
}

static int check_pool6(const char *name, const struct edge_network6 *n, char *error)
{
        if (!ip6_network_has(&n->network, &n->first) || !ip6_network_has(&n->network, &n->last))
                return config_fail(error, "network '%s': the IPv6 pool lies outside 'subnet6'",
                                   name);
        if (memcmp(n->first.bytes, n->last.bytes, 8) != 0 ||
            low_half(&n->first) > low_half(&n->last))
                return config_fail(error, "network '%s': 'pool6_first' is above 'pool6_last'",
                                   name);
        if (low_half(&n->last) - low_half(&n->first) >= CONFIG_MAX_POOL6)
                return config_fail(error, "network '%s': the IPv6 pool has more than %d addresses",
                                   name, CONFIG_MAX_POOL6);
        return 0;
}

/* "" is no address. */
static int parse6(const char *text, struct ip6_address *ret)
{
        *ret = (struct ip6_address){0};
        return text[0] ? ip6_parse(text, ret) : 0;
}

static int check_network6(const struct edge_network *n, char *error, struct edge_network6 *ret)
{
        const bool has_pool = n->pool6_first[0] || n->pool6_last[0];

        *ret = (struct edge_network6){0};
        if (!n->subnet6[0]) {
                if (has_pool || n->dns6[0])
                        return config_fail(error, "network '%s': IPv6 addresses need 'subnet6'",
                                           n->name);
                return 0;
        }
        if (n->mode == NETWORK_LISTEN)
                return config_fail(
                        error, "network '%s': mode 'listen' answers nobody: leave out 'subnet6'",
                        n->name);
        if (ip6_network_parse(n->subnet6, &ret->network) < 0)
                return config_fail(error, "network '%s': 'subnet6' must be like fd77::/64",
                                   n->name);
        if (ret->network.prefix < 16 || ret->network.prefix > 126 ||
            ip6_is_link_local(&ret->network.address) || ret->network.address.bytes[0] == 0xff)
                return config_fail(error, "network '%s': 'subnet6' is no network of machines",
                                   n->name);
        if (parse6(n->pool6_first, &ret->first) < 0 || parse6(n->pool6_last, &ret->last) < 0 ||
            ip6_is_set(&ret->first) != ip6_is_set(&ret->last))
                return config_fail(
                        error,
                        "network '%s': 'pool6_first' and 'pool6_last' must be IPv6 addresses, "
                        "or both be left out",
                        n->name);
        if (parse6(n->dns6, &ret->dns) < 0)
                return config_fail(error, "network '%s': 'dns6' must be an IPv6 address", n->name);
        return has_pool ? check_pool6(n->name, ret, error) : 0;
}

bool edge_network_gives_ip4(const struct edge_network *network)
{
        return network->mode == NETWORK_AUTHORITATIVE &&
               (network->pool_count > 0 || ip4_is_set(network->pool_first));
}

bool edge_network6_get(const struct edge_network *network, struct edge_network6 *ret)
{
        return network->subnet6[0] && check_network6(network, NULL, ret) == 0;
}

static bool is_inside_any(const struct edge_network6 *networks, size_t count,
                          const struct ip6_address *address)
{
        for (size_t i = 0; i < count; i++)
                if (networks[i].network.prefix > 0 &&
                    ip6_network_has(&networks[i].network, address))
                        return true;
        return false;
}

/* Of one network of IPv4 alone the prefix is 0. */
static int check_reservations6(const struct edge_config *config,
                               const struct edge_network6 *networks, char *error)
{
        const struct edge_reservation *all = config->reservations;
        struct ip6_address address, other;

        for (size_t i = 0; i < config->reservation_count; i++) {
                const char *text = all[i].address6;

                if (!text[0])
                        continue;
                if (ip6_parse(text, &address) < 0)
                        return config_fail(error, "reservation '%s': 'address6' is no IPv6 address",
                                           text);
                if (!mac_is_usable(&all[i].mac) && !uuid_is_set(&all[i].uuid))
                        return config_fail(
                                error, "reservation %s: 'address6' needs 'mac' or 'uuid'", text);
                if (!is_inside_any(networks, config->network_count, &address))
                        return config_fail(error, "reservation %s: it is in no 'subnet6'", text);
                for (size_t j = 0; j < i; j++)
                        if (all[j].address6[0] && ip6_parse(all[j].address6, &other) == 0 &&
                            ip6_is_equal(&address, &other))
                                return config_fail(error, "reservation %s: it is taken by another",
                                                   text);
        }
        return 0;
}

int edge_config_check_networks6(const struct edge_config *config, char *error)
{
        struct edge_network6 all[CONFIG_MAX_NETWORKS];
        int rc;

        for (size_t i = 0; i < config->network_count; i++) {
                rc = check_network6(&config->networks[i], error, &all[i]);
                if (rc < 0)
                        return rc;
                for (size_t j = 0; j < i && config->networks[i].subnet6[0]; j++)
                        if (config->networks[j].subnet6[0] &&
                            (ip6_network_has(&all[i].network, &all[j].network.address) ||
                             ip6_network_has(&all[j].network, &all[i].network.address)))
                                return config_fail(error,
                                                   "network '%s': its 'subnet6' overlaps another's",
                                                   config->networks[i].name);
        }
        return check_reservations6(config, all, error);
}
