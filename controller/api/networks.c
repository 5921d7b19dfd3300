/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/daemon/log.h"

static int compare(const void *a, const void *b)
{
        return strcmp((*(struct document *const *)a)->name, (*(struct document *const *)b)->name);
}

/* In the order of names, so that the same documents are the same configuration. NULL-ended. */
static const struct document **sorted(const struct api *api)
{
        const struct map *documents = api->logic->documents[DOCUMENT_NETWORK];
        const struct document **list = calloc(map_count(documents) + 2, sizeof(*list));
        size_t at = 0, count = 0;
        void *value;

        while (list && map_next(documents, &at, &value))
                list[count++] = value;
        if (list)
                qsort(list, count, sizeof(*list), compare);
        return list;
}

/* What cloudied.yaml says, with room for as many as there may be. The caller's. */
static struct edge_network *configured(const struct api *api)
{
        struct edge_network *networks = calloc(CONFIG_MAX_NETWORKS, sizeof(*networks));

        for (size_t i = 0; networks && i < api->configured_count; i++)
                networks[i] = api->configured[i];
        return networks;
}

/* One more, if all can then still be served. */
static int add(struct edge_config *config, const struct edge_network *network, char *error)
{
        int rc;

        for (size_t i = 0; i < config->network_count; i++) {
                if (!text_is_equal(config->networks[i].name, network->name))
                        continue;
                snprintf(error, DOC_ERROR_SIZE, "network '%s': cloudied.yaml has one of this name",
                         network->name);
                return -EINVAL;
        }
        if (config->network_count == CONFIG_MAX_NETWORKS) {
                snprintf(error, DOC_ERROR_SIZE, "network '%s': there are %d networks already",
                         network->name, CONFIG_MAX_NETWORKS);
                return -EINVAL;
        }
        config->networks[config->network_count++] = *network;
        rc = edge_config_check(config, error);
        if (rc < 0)
                config->network_count--;
        return rc;
}

int networks_would(const struct api *api, const struct document *fresh, char *error)
{
        _free_ const struct document **list = sorted(api);
        _free_ struct edge_network *networks = configured(api);
        struct edge_config config = api->edge_config;
        int rc = list && networks ? 0 : -ENOMEM;

        config.networks = networks;
        config.network_count = api->configured_count;
        for (size_t i = 0; rc == 0 && list[i]; i++) {
                char ignored[DOC_ERROR_SIZE];

                /* What did not fit before is nobody's fault now. */
                if (strcmp(list[i]->name, fresh->name) != 0)
                        (void)add(&config, list[i]->network, ignored);
        }
        if (rc == 0)
                rc = add(&config, fresh->network, error);
        return rc;
}

int networks_make(struct api *api)
{
        _free_ const struct document **list = sorted(api);
        _free_ struct edge_network *networks = configured(api);
        struct edge_config config = api->edge_config;

        if (!list || !networks)
                return -ENOMEM;
        config.networks = networks;
        config.network_count = api->configured_count;
        for (size_t i = 0; list[i]; i++) {
                char error[DOC_ERROR_SIZE] = "";

                if (add(&config, list[i]->network, error) < 0)
                        log_warning("network.refused", "network=%s reason=%s", list[i]->name,
                                    QUOTE(error));
        }
        free(api->networks);
        api->networks = TAKE_PTR(networks);
        api->edge_config.networks = api->networks;
        api->edge_config.network_count = config.network_count;
        /* The next that asks gets it made anew. */
        free(api->config);
        api->config = NULL;
        return 0;
}
