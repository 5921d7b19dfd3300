/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/site.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct site {
        uint16_t http_port;
        struct ip4_address addresses[SITE_MAX_ADDRESSES];
        size_t address_count;

        pthread_mutex_t mutex; /* for what follows */
        struct edge_network *networks;
        struct ip4_network *subnets; /* the same, as numbers */
        size_t count;
        struct mac_address *disks; /* sorted: 600 kB at their limit, found in 17 steps */
        size_t disk_count;
};

struct site *site_new(uint16_t http_port)
{
        struct site *site = calloc(1, sizeof(*site));

        if (!site)
                return NULL;
        site->http_port = http_port;
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
        pthread_mutex_destroy(&site->mutex);
        free(site);
        return NULL;
}

void site_add_address(struct site *site, struct ip4_address address)
{
        if (site->address_count < SITE_MAX_ADDRESSES)
                site->addresses[site->address_count++] = address;
}

static int compare_macs(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct mac_address));
}

int site_apply(struct site *site, const struct edge_config *config)
{
        const size_t count = config->network_count;
        struct edge_network *networks = calloc(count + 1, sizeof(*networks));
        struct ip4_network *subnets = calloc(count + 1, sizeof(*subnets));
        struct mac_address *disks = calloc(config->disk_count + 1, sizeof(*disks));

        if (!networks || !subnets || !disks) {
                free(networks);
                free(subnets);
                free(disks);
                return -ENOMEM;
        }
        for (size_t i = 0; i < count; i++) {
                networks[i] = config->networks[i];
                (void)ip4_network_parse(networks[i].subnet, &subnets[i]); /* was checked */
        }
        if (config->disk_count > 0)
                memcpy(disks, config->disks, config->disk_count * sizeof(*disks));
        qsort(disks, config->disk_count, sizeof(*disks), compare_macs);

        pthread_mutex_lock(&site->mutex);
        free(site->networks);
        free(site->subnets);
        free(site->disks);
        site->networks = networks;
        site->subnets = subnets;
        site->count = count;
        site->disks = disks;
        site->disk_count = config->disk_count;
        pthread_mutex_unlock(&site->mutex);
        return 0;
}

bool site_boots_disk(struct site *site, const struct mac_address *mac)
{
        bool is_found;

        pthread_mutex_lock(&site->mutex);
        is_found = site->disk_count > 0 &&
                   bsearch(mac, site->disks, site->disk_count, sizeof(*site->disks), compare_macs);
        pthread_mutex_unlock(&site->mutex);
        return is_found;
}

struct ip4_address site_address_in(const struct site *site, const struct ip4_network *network)
{
        for (size_t i = 0; i < site->address_count; i++)
                if (ip4_network_has(network, site->addresses[i]))
                        return site->addresses[i];
        /* A network behind a relay: any address of ours, the relay's router knows the way. */
        return site->addresses[0];
}

int site_find(struct site *site, struct ip4_address address, struct edge_network *ret_network,
              struct pxe_site *ret_pxe)
{
        int rc = -ENOENT;

        pthread_mutex_lock(&site->mutex);
        for (size_t i = 0; i < site->count; i++) {
                if (!ip4_network_has(&site->subnets[i], address))
                        continue;
                *ret_network = site->networks[i];
                *ret_pxe = (struct pxe_site){
                        .edge = site_address_in(site, &site->subnets[i]),
                        .http_port = site->http_port,
                        .protocol = site->networks[i].protocol,
                        .reload_ipxe = site->networks[i].reload_ipxe,
                };
                rc = 0;
                break;
        }
        pthread_mutex_unlock(&site->mutex);
        return rc;
}
