/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker/facts.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define HOST_SIZE 256

CLEANUP_DEFINE(struct addrinfo *, freeaddrinfo)

/* The last one counts, as it does for a shell. */
static const char *value_of(const char *text, const char *key)
{
        const char *found = NULL;

        while (text) {
                if (text_has_prefix(text, key))
                        found = text + strlen(key);
                text = strchr(text, '\n');
                if (text)
                        text++;
        }
        return found;
}

void facts_system(const char *text, char *to, size_t size)
{
        const char *at = value_of(text, "PRETTY_NAME=");
        char quote = '\0';
        size_t count = 0;

        for (; at && *at && *at != '\n' && count < size - 1; at++) {
                if (*at == quote) {
                        quote = '\0';
                        continue;
                }
                if (!quote && (*at == '"' || *at == '\'')) {
                        quote = *at;
                        continue;
                }
                if (*at == '\\' && quote != '\'' && at[1] && at[1] != '\n')
                        at++;
                to[count++] = (char)(*at >= ' ' && *at <= '~' ? *at : '?');
        }
        to[count] = '\0';
}

/* "https://[fd00::1]:8443/x" -> "fd00::1", "8443". */
static bool split_url(const char *url, char host[static HOST_SIZE], char port[static 6])
{
        const char *at = strstr(url, "://"), *colon;
        size_t size;

        if (!at)
                return false;
        at += 3;
        size = strcspn(at, *at == '[' ? "]" : ":/?#");
        if (*at == '[' && at[size] != ']')
                return false;
        if (text_copy_bytes(host, HOST_SIZE, *at == '[' ? at + 1 : at,
                            *at == '[' ? size - 1 : size) < 0)
                return false;
        colon = at + size + (*at == '[' && at[size] == ']' ? 1 : 0);
        if (*colon != ':')
                return text_copy(port, 6, "443") == 0;
        return text_copy_bytes(port, 6, colon + 1, strcspn(colon + 1, "/?#")) == 0;
}

struct ip_address facts_address(const char *url)
{
        const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
        CLEANUP(freeaddrinfo) struct addrinfo *found = NULL;
        struct sockaddr_storage own = {0};
        socklen_t own_size = sizeof(own);
        char host[HOST_SIZE], port[6];
        _close_ int fd = -EBADF;

        if (!split_url(url, host, port) || getaddrinfo(host, port, &hints, &found) != 0)
                return (struct ip_address){0};
        /* Connecting a datagram socket chooses the way, and sends nothing. */
        fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0 ||
            getsockname(fd, (struct sockaddr *)&own, &own_size) < 0)
                return (struct ip_address){0};
        return ip_of_socket(&own);
}
