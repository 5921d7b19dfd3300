/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/confine.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/log.h"

#define PORT_HTTPS 443
#define PORT_DNS   53 /* an answer that is too long for UDP (RFC 1035 4.2.2) */

uint16_t netbootd_controller_port(const char *url)
{
        const char *host = strstr(url, "://"), *end, *colon;
        char digits[8];
        uint64_t port;

        if (!host)
                return 0;
        host += strlen("://");
        end = host + strcspn(host, "/");
        colon = memchr(host, ']', (size_t)(end - host)); /* an IPv6 address has colons of its own */
        colon = memchr(colon ? colon : host, ':', (size_t)(end - (colon ? colon : host)));
        if (!colon)
                return PORT_HTTPS;
        if (text_copy_bytes(digits, sizeof(digits), colon + 1, (size_t)(end - colon - 1)) < 0 ||
            text_parse_u64(digits, UINT16_MAX, &port) < 0)
                return 0;
        return (uint16_t)port;
}

int netbootd_confine(const struct netbootd_config *config, char *error)
{
        char ca[CONFINE_PATH_SIZE], token[CONFINE_PATH_SIZE];
        const uint16_t port = netbootd_controller_port(config->controller);
        /* clang-format off */
        const struct confine_path paths[] = {
                {config->state, CONFINE_READ | CONFINE_WRITE},
                {confine_folder(ca, config->ca_file), CONFINE_READ},
                {confine_folder(token, config->join_token_file), CONFINE_READ},
                /* the system's authorities; and how the controller's name is resolved */
                {"/etc", CONFINE_READ},
                {"/usr/share/ca-certificates", CONFINE_READ},
                {"/usr/local/share/ca-certificates", CONFINE_READ},
                {"/usr/lib", CONFINE_READ},
                {"/run/systemd/resolve", CONFINE_READ},
                {"/run/NetworkManager", CONFINE_READ},
                {"/run/resolvconf", CONFINE_READ},
        };
        /* clang-format on */
        const struct confine_files files = {
                .paths = paths,
                .path_count = ARRAY_SIZE(paths),
                .may_connect = port == 0, /* libcurl says what is wrong with that URL */
                .ports = {port, PORT_DNS},
        };
        int rc;

        rc = confine_files(&files);
        if (rc == -EOPNOTSUPP) {
                log_warning("confine.files", "reason=\"this kernel has no Landlock: every file of "
                                             "this account can be reached\"");
                return 0;
        }
        if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "the sandbox cannot be entered: %s",
                         strerror(-rc));
        return rc;
}
