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

static size_t add_macs(const struct node *node, struct mac_address *to, size_t room)
{
        const size_t count = node->disk_macs < room ? node->disk_macs : room;

        memcpy(to, node->macs, count * sizeof(*to));
        return count;
}

/* In the order of names: the same machines give the same text. */
static int gather_disks(const struct logic *logic, struct mac_address **ret, size_t *ret_count)
{
        struct mac_address *disks;
        size_t count = 0, filled = 0;

        for (size_t i = 0; i < logic->node_count; i++)
                count += logic->sorted[i]->disk_macs;
        if (count > CONFIG_MAX_DISKS)
                count = CONFIG_MAX_DISKS;
        disks = calloc(count + 1, sizeof(*disks));
        if (!disks)
                return -ENOMEM;
        for (size_t i = 0; i < logic->node_count && filled < count; i++)
                filled += add_macs(logic->sorted[i], &disks[filled], count - filled);
        *ret = disks;
        *ret_count = filled;
        return 0;
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
        _free_ struct mac_address *disks = NULL;
        _doc_ struct doc *object = NULL;
        char *text = NULL;
        int rc;

        if (api->config && api->disks_version == api->logic->disks_version)
                return 0;
        rc = gather_disks(api->logic, &disks, &config.disk_count);
        if (rc < 0)
                return rc;
        config.disks = disks;
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
        snprintf(api->config_etag, sizeof(api->config_etag), "\"%llx\"",
                 (unsigned long long)config.version);
        return 0;
}
