/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* cloudied.yaml: docs/configuration.md says what each key means. */

#include <stdint.h>

#include "lib/daemon/daemon.h"
#include "lib/node/wire.h"

#define CONFIG_PATH_SIZE  256
#define CONFIG_NAME_SIZE  128
#define CONFIG_STORE_SIZE 512
#define INSTALL_LIMIT_MAX 1000    /* more than that no controller was tried with */
#define LINK_MBIT_MAX     1000000 /* 1 Tb/s */
#define CONFIG_MAX_NAMES  16      /* ways to one controller */

struct config {
        char state[CONFIG_PATH_SIZE];
        char store[CONFIG_STORE_SIZE]; /* postgresql://...; "": a file in the state folder */
        char store_password_file[CONFIG_PATH_SIZE]; /* "": none */
        char address[64];                           /* "": all */
        uint32_t port, http_port;
        char names[CONFIG_MAX_NAMES][CONFIG_NAME_SIZE];
        size_t name_count;
        char netboot_package[CONFIG_PATH_SIZE]; /* "": none */
        char kernel_arguments[PLAN_ARGUMENTS_SIZE];
        uint32_t beat_s;                                 /* between two beats of a worker */
        uint32_t install_limit, link_mbit, install_mbit; /* struct queue_limits */
        char user[64];                                   /* "": stay who we are */
        struct edge_network networks[CONFIG_MAX_NETWORKS];
        size_t network_count;
        struct edge_reservation reservations[CONFIG_MAX_RESERVATIONS];
        size_t reservation_count;
};
extern const struct doc_table config_table;

/* Reads and checks. @error: DAEMON_ERROR_SIZE bytes. @ret is some 350 KiB: not for the stack. */
int config_read(const char *path, char *error, struct config *ret);

/* What of it netbootds are told; borrows from @config. */
struct edge_config config_edge(struct config *config);

/* "https://NAME:PORT", with brackets around an IPv6 address. */
#define CONFIG_URL_SIZE (CONFIG_NAME_SIZE + 24)
void config_url(const struct config *config, size_t which, char ret[static CONFIG_URL_SIZE]);
