/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/redirect.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~"

/* Which of our names did they use? Anybody else's would make us a signpost to anywhere. */
static size_t name_used(const struct config *config, const char *host)
{
        for (size_t i = 0; host && i < config->name_count; i++) {
                const size_t len = strlen(config->names[i]);

                if (strncmp(host, config->names[i], len) == 0 &&
                    (host[len] == '\0' || host[len] == ':'))
                        return i;
        }
        return 0;
}

void redirect_target(const struct config *config, const char *host, const char *path, char *ret)
{
        char url[CONFIG_URL_SIZE];
        const bool is_plain = strspn(path, PLAIN) == strlen(path) && strlen(path) < 512;

        config_url(config, name_used(config, host), url);
        snprintf(ret, REDIRECT_SIZE, "%s%s", url, is_plain ? path : "/");
}

void redirect_handle(void *context, struct serve_request *request)
{
        char target[REDIRECT_SIZE];
        const struct serve_header_row headers[] = {
                {"Location", target},
                {NULL,       NULL  },
        };

        redirect_target(context, serve_header(request, "Host"), serve_path(request), target);
        serve_answer(request, 308, NULL, NULL, 0, headers);
}
