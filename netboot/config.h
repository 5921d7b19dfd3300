/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* netbootd.yaml. docs/configuration.md documents each key. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/daemon/daemon.h"
#include "lib/node/wire.h"

#define NETBOOTD_MAX_INTERFACES 16 /* a rack's edge has one or two */
#define NETBOOTD_PATH_SIZE      256
/* An image of a small system has half a gigabyte, one with drivers of GPUs ten: this holds the one
 * that is rolled out, the one before it, and a few small ones; and fits a small disk. */
#define NETBOOTD_IMAGE_CACHE_MB 20480

enum netbootd_service {
        SERVICE_DHCP = 1 << 0,
        SERVICE_TFTP = 1 << 1,
        SERVICE_HTTP = 1 << 2,
        SERVICE_HTTPS = 1 << 3,
};

struct netbootd_config {
        char controller[256]; /* "https://10.77.0.1:8443", no slash at its end */
        char ca_file[NETBOOTD_PATH_SIZE];
        char join_token_file[NETBOOTD_PATH_SIZE];
        char name[WIRE_NAME_SIZE];
        char state[NETBOOTD_PATH_SIZE];
        char interfaces[NETBOOTD_MAX_INTERFACES][IF_NAMESIZE];
        size_t interface_count;
        char service_names[4][8];
        size_t service_count;
        uint32_t http_port;
        uint32_t https_port;
        uint32_t image_cache_mb; /* MiB */
        char user[32];

        unsigned services; /* enum netbootd_service, out of service_names */
};

/**
 * netbootd_config_load() - read and check
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence
 *
 * Return: 0, -ENOENT, -EBADMSG, -errno of reading.
 */
int netbootd_config_load(const char *path, char *error, struct netbootd_config *ret);
