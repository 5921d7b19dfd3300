/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/ip.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct ip_address ip_of4(struct ip4_address ip)
{
        struct ip_address whole = {0};

        if (!ip4_is_set(ip))
                return whole;
        memcpy(whole.six.bytes, mapped, sizeof(mapped));
        memcpy(whole.six.bytes + sizeof(mapped), &ip.be, sizeof(ip.be));
        return whole;
}

struct ip_address ip_of6(const struct ip6_address *ip)
{
        return (struct ip_address){*ip};
}

bool ip_is_4(struct ip_address ip)
{
        return memcmp(ip.six.bytes, mapped, sizeof(mapped)) == 0;
}

struct ip4_address ip_to4(struct ip_address ip)
{
        struct ip4_address four = {0};

        if (ip_is_4(ip))
                memcpy(&four.be, ip.six.bytes + sizeof(mapped), sizeof(four.be));
        return four;
}

const char *ip_text(char to[static IP_TEXT_SIZE], struct ip_address ip)
{
        if (ip_is_4(ip))
                return ip4_text(to, ip_to4(ip));
        if (ip_is_set(ip))
                return ip6_text(to, &ip.six);
        to[0] = '\0';
        return to;
}

const char *ip_url_text(char to[static IP_URL_TEXT_SIZE], struct ip_address ip)
{
        char text[IP6_TEXT_SIZE];

        if (ip_is_4(ip) || !ip_is_set(ip))
                return ip_text(to, ip);
        (void)snprintf(to, IP_URL_TEXT_SIZE, "[%s]", ip6_text(text, &ip.six));
        return to;
}

int ip_parse(const char *text, struct ip_address *ret)
{
        struct ip4_address four;
        struct ip6_address six;

        if (ip4_parse(text, &four) == 0) {
                *ret = ip_of4(four);
                return 0;
        }
        if (ip6_parse(text, &six) < 0 || ip_is_4(ip_of6(&six)))
                return -EINVAL; /* one address has one text */
        *ret = ip_of6(&six);
        return 0;
}

bool ip_is_equal(struct ip_address a, struct ip_address b)
{
        return ip6_is_equal(&a.six, &b.six);
}

bool ip_is_set(struct ip_address ip)
{
        return ip6_is_set(&ip.six);
}

struct ip_address ip_share(struct ip_address ip)
{
        if (!ip_is_4(ip))
                memset(ip.six.bytes + 8, 0, 8);
        return ip;
}

struct ip_address ip_of_socket(const struct sockaddr_storage *peer)
{
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct ip_address ip = {0};

        if (peer->ss_family == AF_INET) {
                memcpy(&four, peer, sizeof(four));
                return ip_of4((struct ip4_address){four.sin_addr.s_addr});
        }
        if (peer->ss_family != AF_INET6)
                return ip;
        memcpy(&six, peer, sizeof(six));
        memcpy(ip.six.bytes, &six.sin6_addr, sizeof(ip.six.bytes));
        return ip;
}

socklen_t ip_to_socket(struct ip_address ip, uint16_t port, unsigned interface,
                       struct sockaddr_storage *ret)
{
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

        memset(ret, 0, sizeof(*ret));
        if (ip_is_4(ip)) {
                four.sin_addr.s_addr = ip_to4(ip).be;
                memcpy(ret, &four, sizeof(four));
                return sizeof(four);
        }
        memcpy(&six.sin6_addr, ip.six.bytes, sizeof(six.sin6_addr));
        if (ip6_is_link_local(&ip.six))
                six.sin6_scope_id = interface;
        memcpy(ret, &six, sizeof(six));
        return sizeof(six);
}

uint16_t ip_socket_port(const struct sockaddr_storage *peer)
{
        struct sockaddr_in four;
        struct sockaddr_in6 six;

        if (peer->ss_family == AF_INET) {
                memcpy(&four, peer, sizeof(four));
                return ntohs(four.sin_port);
        }
        if (peer->ss_family != AF_INET6)
                return 0;
        memcpy(&six, peer, sizeof(six));
        return ntohs(six.sin6_port);
}
