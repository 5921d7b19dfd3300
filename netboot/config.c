/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const struct doc_field fields[] = {
        DOC_FIELD(struct netbootd_config, controller, DOC_TEXT, DOC_REQUIRED,
                  .help = "URL of cloudied"),
        DOC_FIELD(struct netbootd_config, ca_file, DOC_TEXT, 0,
                  .help = "certificate that cloudied's must be signed by (PEM)"),
        DOC_FIELD(struct netbootd_config, join_token_file, DOC_TEXT, 0,
                  .help = "file with the token that buys a credential at the first start"),
        DOC_FIELD(struct netbootd_config, name, DOC_TEXT, 0, .help = "what this edge is called"),
        DOC_FIELD(struct netbootd_config, state, DOC_TEXT, 0, .help = "state folder"),
        DOC_TEXTS_FIELD(struct netbootd_config, interfaces, interface_count, DOC_REQUIRED,
                        .help = "network interfaces to serve on"),
        {.name = "services",
                                                  .type = DOC_TEXTS,
                                                  .offset = offsetof(struct netbootd_config, service_names),
                                                  .size = sizeof(((struct netbootd_config *)0)->service_names),
                                                  .count_offset = offsetof(struct netbootd_config, service_count),
                                                  .element_size = sizeof(((struct netbootd_config *)0)->service_names[0]),
                                                  .help = "any of dhcp, tftp, http, https"},
        DOC_FIELD(struct netbootd_config, http_port, DOC_U32, 0, .max = UINT16_MAX,
                  .help = "TCP port of the boot HTTP server"),
        DOC_FIELD(struct netbootd_config, https_port, DOC_U32, 0, .max = UINT16_MAX,
                  .help = "TCP port of the same over TLS"),
        DOC_FIELD(struct netbootd_config, image_cache_mb, DOC_U32, 0,
                  .help = "most that images in the state folder may take, in MiB"),
        DOC_FIELD(struct netbootd_config, user, DOC_TEXT, 0,
                  .help = "account to become after start"),
};
static DOC_TABLE(config_table, struct netbootd_config, "netbootd.yaml", fields, .is_strict = true);

static const struct {
        const char *name;
        enum netbootd_service service;
} services[] = {
        {"dhcp",  SERVICE_DHCP },
        {"tftp",  SERVICE_TFTP },
        {"http",  SERVICE_HTTP },
        {"https", SERVICE_HTTPS},
};

static int store_services(struct netbootd_config *config)
{
        config->services = 0;
        for (size_t i = 0; i < config->service_count; i++) {
                unsigned found = 0;

                for (size_t j = 0; j < ARRAY_SIZE(services); j++)
                        if (strcmp(config->service_names[i], services[j].name) == 0)
                                found = services[j].service;
                if (!found)
                        return -EBADMSG;
                config->services |= found;
        }
        return 0;
}

static int check(const char *path, char *error, struct netbootd_config *config)
{
        const char *sentence = NULL;
        size_t len = strlen(config->controller);

        while (len > 0 && config->controller[len - 1] == '/')
                config->controller[--len] = '\0';

        if (!text_has_prefix(config->controller, "https://") || len == strlen("https://"))
                sentence = "'controller' must be a URL like https://10.77.0.1:8443";
        else if (config->state[0] != '/')
                sentence = "'state' must be an absolute path";
        else if (config->http_port == 0)
                sentence = "'http_port' must be from 1 to 65535";
        else if (config->https_port == 0 || config->https_port == config->http_port)
                sentence = "'https_port' must be from 1 to 65535, and not 'http_port'";
        else if (config->image_cache_mb == 0)
                sentence = "'image_cache_mb' must be at least 1";
        else if (store_services(config) < 0)
                sentence = "'services' may name dhcp, tftp, http and https";
        for (size_t i = 0; i < config->interface_count; i++)
                if (!config->interfaces[i][0] || strchr(config->interfaces[i], '/'))
                        sentence = "'interfaces' must be names of network interfaces";
        if (!sentence)
                return 0;
        snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", path, sentence);
        return -EBADMSG;
}

int netbootd_config_load(const char *path, char *error, struct netbootd_config *ret)
{
        struct netbootd_config config = {
                .name = "edge",
                .state = "/var/lib/cloudie/netboot",
                .service_names = {"dhcp", "tftp", "http"},
                .service_count = 3,
                .http_port = 80,
                .https_port = 443,
                .image_cache_mb = NETBOOTD_IMAGE_CACHE_MB,
        };
        int rc;

        rc = config_load(path, &config_table, error, &config);
        if (rc < 0)
                return rc;
        rc = check(path, error, &config);
        if (rc < 0)
                return rc;
        *ret = config;
        return 0;
}
