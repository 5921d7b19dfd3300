/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/logic/logic.h"
#include "controller/store/store.h"
#include "lib/base/text.h"
#include "lib/node/worker.h"

static const struct doc_field fields[] = {
        DOC_FIELD(struct config, state, DOC_TEXT, 0, .help = "folder of all that cloudied keeps"),
        DOC_FIELD(struct config, store, DOC_TEXT, 0,
                  .help = "postgresql://USER@HOST/DATABASE; a file in the state folder"),
        DOC_FIELD(struct config, store_password_file, DOC_TEXT, 0,
                  .help = "file with the password for 'store'"),
        DOC_FIELD(struct config, address, DOC_TEXT, 0, .help = "address to listen on; all"),
        DOC_FIELD(struct config, port, DOC_U32, 0, .max = UINT16_MAX, .help = "port of HTTPS"),
        DOC_FIELD(struct config, http_port, DOC_U32, DOC_ALWAYS, .max = UINT16_MAX,
                  .help = "port of HTTP, which only redirects to HTTPS; 0: none"),
        DOC_TEXTS_FIELD(struct config, names, name_count, 0,
                        .help = "DNS names and addresses by which machines reach this controller"),
        DOC_FIELD(struct config, netboot_package, DOC_TEXT, 0,
                  .help = "folder made by cloudie-mkimage netboot"),
        DOC_FIELD(struct config, kernel_arguments, DOC_TEXT, 0,
                  .help = "for the kernel of every machine that boots"),
        DOC_FIELD(struct config, beat_s, DOC_U32, 0, .max = BEAT_MAX_S,
                  .help = "seconds between two beats of an installed system"),
        DOC_FIELD(struct config, install_limit, DOC_U32, 0, .max = INSTALL_LIMIT_MAX,
                  .help = "installs that may be under way at once"),
        DOC_FIELD(struct config, link_mbit, DOC_U32, 0, .max = LINK_MBIT_MAX,
                  .help = "Mb/s that the link of an edge bears"),
        DOC_FIELD(struct config, install_mbit, DOC_U32, 0, .max = LINK_MBIT_MAX,
                  .help = "Mb/s that one install takes of it"),
        DOC_FIELD(struct config, user, DOC_TEXT, 0,
                  .help = "account to become when started by root"),
        DOC_LIST_FIELD(struct config, networks, network_count, 0, &edge_network_table,
                       .help = "what netbootds serve"),
        DOC_LIST_FIELD(struct config, reservations, reservation_count, 0, &edge_reservation_table,
                       .help = "machines that always get the same address"),
};
DOC_TABLE(config_table, struct config, "cloudied.yaml", fields, .is_strict = true);

/* A host name (RFC 1123 2.1) or a numeric address: it goes into a certificate and into URLs. */
static bool is_name(const char *name)
{
        for (const char *c = name; *c; c++)
                if (!isalnum((unsigned char)*c) && !strchr(".-:", *c))
                        return false;
        return name[0] != '\0';
}

static int check(struct config *config, const char *path, char *error)
{
        struct boot_plan plan = {.action = BOOT_DISK};
        struct edge_config edge = config_edge(config);
        char sentence[DOC_ERROR_SIZE];

        memcpy(plan.kernel_arguments, config->kernel_arguments, sizeof(plan.kernel_arguments));
        if (config->port == 0 || config->port == config->http_port)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'port' must be from 1 to 65535, and not that of 'http_port'", path);
        else if (config->beat_s < BEAT_MIN_S)
                snprintf(error, DAEMON_ERROR_SIZE, "%s: 'beat_s' must be from %d to %d", path,
                         BEAT_MIN_S, BEAT_MAX_S);
        else if (config->install_limit == 0 || config->link_mbit == 0 || config->install_mbit == 0)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'install_limit', 'link_mbit' and 'install_mbit' must be at least 1",
                         path);
        else if (config->state[0] != '/')
                snprintf(error, DAEMON_ERROR_SIZE, "%s: 'state' must begin with /", path);
        else if (config->store[0] && !store_is_shared(config->store))
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'store' must begin with postgresql://; without it, the store is a "
                         "file in the state folder",
                         path);
        else if (config->store_password_file[0] && !config->store[0])
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'store_password_file' means nothing without 'store'", path);
        else if (boot_plan_check(&plan) < 0)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'kernel_arguments' holds a character that could not stand in a boot "
                         "script; letters, digits, blanks and =,.:/_-+@%% may",
                         path);
        else if (edge_config_check(&edge, sentence) < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", path, sentence);
        else
                return 0;
        return -EBADMSG;
}

static int check_names(const struct config *config, const char *path, char *error)
{
        for (size_t i = 0; i < config->name_count; i++) {
                if (is_name(config->names[i]))
                        continue;
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: 'names': entry %zu is neither a host name nor an address", path,
                         i + 1);
                return -EBADMSG;
        }
        return 0;
}

int config_read(const char *path, char *error, struct config *ret)
{
        int rc;

        *ret = (struct config){
                .state = "/var/lib/cloudie",
                .port = 8443,
                .http_port = 8080,
                .beat_s = BEAT_S,
                .install_limit = queue_limits_default.installs,
                .link_mbit = queue_limits_default.link_mbit,
                .install_mbit = queue_limits_default.install_mbit,
        };
        rc = config_load(path, &config_table, error, ret);
        if (rc < 0)
                return rc;
        if (ret->name_count == 0) {
                if (gethostname(ret->names[0], sizeof(ret->names[0]) - 1) < 0 || !ret->names[0][0])
                        (void)text_copy(ret->names[0], sizeof(ret->names[0]), "localhost");
                ret->name_count = 1;
        }
        rc = check_names(ret, path, error);
        return rc < 0 ? rc : check(ret, path, error);
}

struct edge_config config_edge(struct config *config)
{
        return (struct edge_config){
                .networks = config->networks,
                .network_count = config->network_count,
                .reservations = config->reservations,
                .reservation_count = config->reservation_count,
        };
}

void config_url(const struct config *config, size_t which, char ret[static CONFIG_URL_SIZE])
{
        const char *name = config->names[which];
        const bool is_ip6 = strchr(name, ':') != NULL;

        snprintf(ret, CONFIG_URL_SIZE, "https://%s%s%s:%u", is_ip6 ? "[" : "", name,
                 is_ip6 ? "]" : "", (unsigned)config->port);
}
