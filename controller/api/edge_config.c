/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netbootds are to serve
 *
 * The networks are the site's configuration; which machines boot their disk is
 * known here alone, and told, so that a netbootd sends them there while the
 * controller is away. The list is made when somebody asks and it has changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/discovery.h"

static size_t add_machine(const struct node *node, struct edge_disk *to, size_t room)
{
        const size_t count = node->disk_macs < room ? node->disk_macs : room;

        for (size_t i = 0; i < count; i++)
                to[i] = (struct edge_disk){.mac = node->macs[i], .esp = node->disk_esp};
        return count;
}

/* In the order of names: the same machines give the same text. */
static int gather_disks(const struct logic *logic, struct edge_disk **ret, size_t *ret_count)
{
        struct edge_disk *disks;
        size_t count = 0, filled = 0;

        for (size_t i = 0; i < logic->node_count; i++)
                count += logic->sorted[i]->disk_macs;
        if (count > CONFIG_MAX_DISKS)
                count = CONFIG_MAX_DISKS;
        disks = calloc(count + 1, sizeof(*disks));
        if (!disks)
                return -ENOMEM;
        for (size_t i = 0; i < logic->node_count && filled < count; i++)
                filled += add_machine(logic->sorted[i], &disks[filled], count - filled);
        *ret = disks;
        *ret_count = filled;
        return 0;
}

/* A machine may come up by any of its interfaces. What finds no place here waits for others' end.
 */
static int gather_ports(const struct logic *logic, struct edge_port **ret, size_t *ret_count)
{
        struct edge_port *ports = calloc(CONFIG_MAX_PORTS, sizeof(*ports));
        size_t count = 0;

        if (!ports)
                return -ENOMEM;
        for (size_t i = 0; i < logic->node_count; i++) {
                const struct node *node = logic->sorted[i];

                for (size_t j = 0; node->port_for && j < node->mac_count; j++)
                        if (count < CONFIG_MAX_PORTS)
                                ports[count++] = (struct edge_port){
                                        node->macs[j], node->operation.port, node->port_for};
        }
        *ret = ports;
        *ret_count = count;
        return 0;
}

static int gather_known(const struct logic *logic, struct mac_address **ret, size_t *ret_count)
{
        struct mac_address *known = calloc(CONFIG_MAX_KNOWN, sizeof(*known));
        size_t count = 0;

        if (!known)
                return -ENOMEM;
        for (size_t i = 0; i < logic->node_count; i++)
                for (size_t j = 0; j < logic->sorted[i]->mac_count && count < CONFIG_MAX_KNOWN; j++)
                        known[count++] = logic->sorted[i]->macs[j];
        *ret = known;
        *ret_count = count;
        return 0;
}

/* In the order of the networks: at most one each. */
static void gather_openings(const struct logic *logic, struct edge_config *config,
                            struct edge_opening *to)
{
        config->openings = to;
        config->opening_count = 0;
        for (size_t i = 0; i < config->network_count; i++) {
                const struct opening *opening = opening_find(logic, config->networks[i].name);

                if (!opening || config->networks[i].strangers != STRANGERS_LIST)
                        continue;
                memcpy(to->network, opening->network, sizeof(to->network));
                to->until_ms = opening->until_ms;
                to++;
                config->opening_count++;
        }
}

static bool is_news(const struct api *api)
{
        return !api->config || api->disks_version != api->logic->disks_version ||
               api->macs_version != api->logic->macs_version;
}

/* The version is a number of the content: it changes when, and only when, that does. */
static int number_of(struct edge_config *config)
{
        _doc_ struct doc *content = NULL;
        _free_ char *text = NULL;
        struct sha256 hash;
        int rc;

        config->version = 0;
        content = edge_config_encode(config);
        rc = doc_print(content, DOC_COMPACT, &text);
        if (rc == 0)
                rc = sha256_of(text, strlen(text), &hash);
        if (rc < 0)
                return rc;
        memcpy(&config->version, hash.bytes, sizeof(config->version));
        config->version >>= 16; /* so that every reader of JSON holds it exactly (RFC 8259 6) */
        return 0;
}

int edge_config_make(struct api *api)
{
        struct edge_config config = api->edge_config;
        struct edge_opening openings[CONFIG_MAX_NETWORKS] = {0};
        _free_ struct edge_disk *disks = NULL;
        _free_ struct mac_address *known = NULL;
        _free_ struct edge_port *ports = NULL;
        _doc_ struct doc *object = NULL;
        char *text = NULL;
        int rc;

        if (!is_news(api))
                return 0;
        rc = gather_disks(api->logic, &disks, &config.disk_count);
        if (rc < 0)
                return rc;
        config.disks = disks;
        rc = gather_known(api->logic, &known, &config.known_count);
        if (rc < 0)
                return rc;
        config.known = known;
        rc = gather_ports(api->logic, &ports, &config.port_count);
        if (rc < 0)
                return rc;
        config.ports = ports;
        gather_openings(api->logic, &config, openings);
        rc = number_of(&config);
        if (rc < 0)
                return rc;
        object = edge_config_encode(&config);
        rc = doc_print(object, DOC_COMPACT, &text);
        if (rc < 0)
                return rc;
        free(api->config);
        api->config = text;
        api->disks_version = api->logic->disks_version;
        api->macs_version = api->logic->macs_version;
        snprintf(api->config_etag, sizeof(api->config_etag), "\"%llx\"",
                 (unsigned long long)config.version);
        return 0;
}
