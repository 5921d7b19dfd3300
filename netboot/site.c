/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/site.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What is kept for an address, where it says a root. */
struct root {
        struct ip4_address address;
        char path[EDGE_ROOT_SIZE];
};

struct site {
        uint16_t http_port, https_port;

        pthread_mutex_t mutex; /* for what follows */
        struct ip_address addresses[SITE_MAX_ADDRESSES];
        size_t address_count;
        struct edge_network *networks;
        struct ip4_network *subnets; /* the same, as numbers */
        size_t count;
        struct edge_disk *disks; /* sorted: 2.2 MB at their limit, found in 17 steps */
        size_t disk_count;
        struct mac_address *known; /* sorted, too: the nodes' */
        size_t known_count;
        struct root *roots; /* sorted, too */
        size_t root_count;
        uint64_t *open_until_ms; /* of each network; 0: never */
};

struct site *site_new(uint16_t http_port, uint16_t https_port)
{
        struct site *site = calloc(1, sizeof(*site));

        if (!site)
                return NULL;
        site->http_port = http_port;
        site->https_port = https_port;
        pthread_mutex_init(&site->mutex, NULL);
        return site;
}

struct site *site_free(struct site *site)
{
        if (!site)
                return NULL;
        free(site->networks);
        free(site->subnets);
        free(site->disks);
        free(site->known);
        free(site->roots);
        free(site->open_until_ms);
        pthread_mutex_destroy(&site->mutex);
        free(site);
        return NULL;
}

void site_set_addresses(struct site *site, const struct ip_address *addresses, size_t count)
{
        pthread_mutex_lock(&site->mutex);
        memcpy(site->addresses, addresses, count * sizeof(*addresses));
        site->address_count = count;
        pthread_mutex_unlock(&site->mutex);
}

/* Of rows that begin with one. */
_Static_assert(offsetof(struct edge_disk, mac) == 0, "as a row that is a MAC alone");
static int compare_macs(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct mac_address));
}

/* Everything of a configuration that is kept, made before the mutex is taken. */
struct site_facts {
        struct edge_network *networks;
        struct ip4_network *subnets;
        uint64_t *open_until_ms;
        struct edge_disk *disks;
        struct mac_address *known;
        struct root *roots;
        size_t root_count;
};

static void *sorted_copy(const void *rows, size_t count, size_t size)
{
        void *copy = calloc(count + 1, size);

        if (!copy)
                return NULL;
        if (count > 0)
                memcpy(copy, rows, count * size);
        qsort(copy, count, size, compare_macs);
        return copy;
}

static uint64_t open_until(const struct edge_config *config, const char *network)
{
        for (size_t i = 0; i < config->opening_count; i++)
                if (strcmp(config->openings[i].network, network) == 0)
                        return config->openings[i].until_ms;
        return 0;
}

static void facts_free(struct site_facts *facts)
{
        free(facts->networks);
        free(facts->subnets);
        free(facts->open_until_ms);
        free(facts->disks);
        free(facts->known);
        free(facts->roots);
}

_Static_assert(offsetof(struct root, address) == 0, "as a row that is an address alone");
static int compare_addresses(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct ip4_address));
}

static void fill_roots(const struct edge_config *config, struct site_facts *to)
{
        for (size_t i = 0; i < config->reservation_count; i++) {
                const struct edge_reservation *from = &config->reservations[i];
                struct root *root = &to->roots[to->root_count];

                if (!from->root_path[0])
                        continue;
                root->address = from->address;
                memcpy(root->path, from->root_path, sizeof(root->path));
                to->root_count++;
        }
        qsort(to->roots, to->root_count, sizeof(to->roots[0]), compare_addresses);
}

static size_t count_roots(const struct edge_config *config)
{
        size_t count = 0;

        for (size_t i = 0; i < config->reservation_count; i++)
                count += config->reservations[i].root_path[0] != '\0';
        return count;
}

static int facts_make(const struct edge_config *config, struct site_facts *ret)
{
        const size_t count = config->network_count;

        *ret = (struct site_facts){
                .networks = calloc(count + 1, sizeof(*ret->networks)),
                .subnets = calloc(count + 1, sizeof(*ret->subnets)),
                .open_until_ms = calloc(count + 1, sizeof(*ret->open_until_ms)),
                .disks = sorted_copy(config->disks, config->disk_count, sizeof(*ret->disks)),
                .known = sorted_copy(config->known, config->known_count, sizeof(*ret->known)),
                .roots = calloc(count_roots(config) + 1, sizeof(*ret->roots)),
        };
        if (!ret->networks || !ret->subnets || !ret->open_until_ms || !ret->disks || !ret->known ||
            !ret->roots) {
                facts_free(ret);
                return -ENOMEM;
        }
        fill_roots(config, ret);
        for (size_t i = 0; i < count; i++) {
                ret->networks[i] = config->networks[i];
                (void)ip4_network_parse(config->networks[i].subnet,
                                        &ret->subnets[i]); /* was checked */
                ret->open_until_ms[i] = open_until(config, config->networks[i].name);
        }
        return 0;
}

int site_apply(struct site *site, const struct edge_config *config)
{
        struct site_facts new, old;
        int rc;

        rc = facts_make(config, &new);
        if (rc < 0)
                return rc;
        pthread_mutex_lock(&site->mutex);
        old = (struct site_facts){site->networks, site->subnets, site->open_until_ms, site->disks,
                                  site->known,    site->roots,   site->root_count};
        site->roots = new.roots;
        site->root_count = new.root_count;
        site->networks = new.networks;
        site->subnets = new.subnets;
        site->open_until_ms = new.open_until_ms;
        site->count = config->network_count;
        site->disks = new.disks;
        site->disk_count = config->disk_count;
        site->known = new.known;
        site->known_count = config->known_count;
        pthread_mutex_unlock(&site->mutex);
        facts_free(&old);
        return 0;
}

/* An opening that lasts longer than one may is of a clock that is not ours; a few minutes are of
 * two clocks that are both right enough. */
static bool is_open(uint64_t until_ms, bool has_lease, uint64_t wall_ms)
{
        if (wall_ms < until_ms)
                return until_ms - wall_ms <= DISCOVERY_MAX_MS + DISCOVERY_GRACE_MS;
        return until_ms > 0 && has_lease && wall_ms - until_ms < DISCOVERY_GRACE_MS;
}

/* With the mutex held. */
static bool is_known(const struct site *site, const struct mac_address *mac)
{
        return site->known_count > 0 &&
               bsearch(mac, site->known, site->known_count, sizeof(*site->known), compare_macs);
}

bool site_serves(struct site *site, const struct mac_address *mac, struct ip4_address network,
                 bool has_lease, uint64_t wall_ms)
{
        bool is_served = true;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count; i++) {
                if (!ip4_network_has(&site->subnets[i], network))
                        continue;
                is_served = site->networks[i].strangers != STRANGERS_LIST || is_known(site, mac) ||
                            is_open(site->open_until_ms[i], has_lease, wall_ms);
                break;
        }
        pthread_mutex_unlock(&site->mutex);
        return is_served;
}

bool site_knows(struct site *site, const struct mac_address *mac)
{
        bool is;

        pthread_mutex_lock(&site->mutex);
        is = is_known(site, mac);
        pthread_mutex_unlock(&site->mutex);
        return is;
}

bool site_root_path(struct site *site, struct ip4_address address, char ret[static EDGE_ROOT_SIZE])
{
        const struct root *root = NULL;
        const char *path = "";

        pthread_mutex_lock(&site->mutex);
        if (site->root_count > 0)
                root = bsearch(&address, site->roots, site->root_count, sizeof(*site->roots),
                               compare_addresses);
        for (size_t i = 0; i < site->count && !root; i++)
                if (ip4_network_has(&site->subnets[i], address))
                        path = site->networks[i].root_path;
        if (root)
                path = root->path;
        memcpy(ret, path, strlen(path) + 1);
        pthread_mutex_unlock(&site->mutex);
        return ret[0] != '\0';
}

bool site_has_modes(struct site *site)
{
        bool has = false;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count; i++)
                has |= site->networks[i].mode != NETWORK_AUTHORITATIVE;
        pthread_mutex_unlock(&site->mutex);
        return has;
}

enum network_mode site_mode(struct site *site, struct ip4_address address)
{
        enum network_mode mode = NETWORK_AUTHORITATIVE;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count; i++)
                if (ip4_network_has(&site->subnets[i], address))
                        mode = site->networks[i].mode;
        pthread_mutex_unlock(&site->mutex);
        return mode;
}

bool site_boots_disk(struct site *site, const struct mac_address *mac, struct uuid *ret_esp)
{
        const struct edge_disk *found = NULL;

        pthread_mutex_lock(&site->mutex);
        if (site->disk_count > 0)
                found = bsearch(mac, site->disks, site->disk_count, sizeof(*site->disks),
                                compare_macs);
        if (found && ret_esp)
                *ret_esp = found->esp;
        pthread_mutex_unlock(&site->mutex);
        return found != NULL;
}

int site_find6(struct site *site, const struct ip6_address *addresses, size_t count,
               struct ip6_address *ret_ours, struct edge_network6 *ret)
{
        struct edge_network6 network;
        int rc = -ENOENT;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count && rc < 0; i++) {
                if (!edge_network6_get(&site->networks[i], &network))
                        continue;
                for (size_t n = 0; n < count && rc < 0; n++) {
                        if (!ip6_network_has(&network.network, &addresses[n]))
                                continue;
                        *ret = network;
                        if (ret_ours)
                                *ret_ours = addresses[n];
                        rc = 0;
                }
        }
        pthread_mutex_unlock(&site->mutex);
        return rc;
}

bool site_has_ip6(struct site *site)
{
        struct edge_network6 six;
        bool has = false;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count && !has; i++)
                has = edge_network6_get(&site->networks[i], &six);
        pthread_mutex_unlock(&site->mutex);
        return has;
}

bool site_serves6(struct site *site, const struct mac_address *mac,
                  const struct ip6_network *network, bool has_lease, uint64_t wall_ms)
{
        struct ip4_address subnet = {0};
        bool is_found = false;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count && !is_found; i++) {
                struct edge_network6 six;

                is_found = edge_network6_get(&site->networks[i], &six) &&
                           ip6_is_equal(&six.network.address, &network->address);
                subnet = site->subnets[i].address;
        }
        pthread_mutex_unlock(&site->mutex);
        return is_found && site_serves(site, mac, subnet, has_lease, wall_ms);
}

/* With the mutex held. */
static struct ip4_address address4_in(const struct site *site, const struct ip4_network *network)
{
        struct ip4_address any = {0};

        for (size_t i = 0; i < site->address_count; i++) {
                const struct ip4_address four = ip_to4(site->addresses[i]);

                if (!ip4_is_set(four))
                        continue;
                if (ip4_network_has(network, four))
                        return four;
                if (!ip4_is_set(any))
                        any = four;
        }
        /* A network behind a relay: any address of ours, the relay's router knows the way. */
        return any;
}

struct ip4_address site_address_in(struct site *site, const struct ip4_network *network)
{
        struct ip4_address address;

        pthread_mutex_lock(&site->mutex);
        address = address4_in(site, network);
        pthread_mutex_unlock(&site->mutex);
        return address;
}

static struct ip_address address6_in(const struct site *site, const struct ip6_network *network)
{
        struct ip_address any = {0};

        for (size_t i = 0; i < site->address_count; i++) {
                if (ip_is_4(site->addresses[i]))
                        continue;
                if (ip6_network_has(network, &site->addresses[i].six))
                        return site->addresses[i];
                if (!ip_is_set(any))
                        any = site->addresses[i];
        }
        return any;
}

/* Our address for who has @address in network @i. False: it has none there. */
static bool is_inside(const struct site *site, size_t i, struct ip_address address,
                      struct ip_address *ret_ours)
{
        struct edge_network6 six;

        if (ip_is_4(address)) {
                *ret_ours = ip_of4(address4_in(site, &site->subnets[i]));
                return ip4_network_has(&site->subnets[i], ip_to4(address));
        }
        if (!edge_network6_get(&site->networks[i], &six) ||
            !ip6_network_has(&six.network, &address.six))
                return false;
        *ret_ours = address6_in(site, &six.network);
        return true;
}

int site_find(struct site *site, struct ip_address address, struct edge_network *ret_network,
              struct pxe_site *ret_pxe)
{
        struct ip_address ours;
        int rc = -ENOENT;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count; i++) {
                if (!is_inside(site, i, address, &ours))
                        continue;
                *ret_network = site->networks[i];
                *ret_pxe = (struct pxe_site){
                        .edge = ours,
                        .http_port = site->http_port,
                        .protocol = site->networks[i].protocol,
                        .reload_ipxe = site->networks[i].reload_ipxe,
                        .is_tls = site->networks[i].https_boot,
                        .https_port = site->https_port,
                };
                rc = 0;
                break;
        }
        pthread_mutex_unlock(&site->mutex);
        return rc;
}
