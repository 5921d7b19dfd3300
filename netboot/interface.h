/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The network interfaces that we serve on, and the sockets that need root to open. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/ip6.h"
#include "lib/base/net.h"
#include "netboot/config.h"

/* Global ones of IPv6 of one interface: Linux makes 16 at most of what routers advertise
 * (max_addresses), whoever these are, and lists them before older ones; and 8 that somebody set. */
#define NETBOOT_MAX_ADDRESSES6 24

struct netboot_interface {
        char name[IF_NAMESIZE];
        unsigned index;
        struct mac_address mac;
        unsigned mtu;
        struct ip4_address address; /* the first one */
        struct ip6_address
                addresses6[NETBOOT_MAX_ADDRESSES6]; /* without link-local ones; they change */
        size_t address6_count;

        /* -1 where the service is not wanted */
        int dhcp_fd;   /* UDP 67, of this interface alone */
        int proxy_fd;  /* UDP 4011, of this interface alone; -1 also where somebody else has it */
        int watch_fd;  /* what DHCP servers say to others; -1 also where that cannot be heard */
        int packet_fd; /* frames to clients that have no address yet */
        int arp_fd;    /* answers to who has an address, and the questions */
        int router_fd; /* ICMPv6; -1 also where there is no IPv6 */
        int dhcp6_fd;  /* UDP 547; -1 also where there is no IPv6, or another has the port */
        int tftp_fd;   /* UDP 69 of @address */
        int http_fd;   /* TCP, listening at @address */
        int https_fd;  /* the same, for TLS */
        int tftp6_fd;  /* UDP 69 of all its addresses of IPv6; -1 also where there is none */
        int http6_fd;  /* TCP, likewise */
        int https6_fd; /* the same, for TLS */
};

struct netboot_interfaces {
        struct netboot_interface at[NETBOOTD_MAX_INTERFACES];
        size_t count;
};

/**
 * netboot_interfaces_open() - everything that needs root
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence that says what, where, and what to do
 *
 * Return: 0, or -errno; nothing is then open.
 */
int netboot_interfaces_open(const struct netbootd_config *config, char *error,
                            struct netboot_interfaces *ret);

enum interface_address {
        INTERFACE_HAS_IT,      /* the address of IPv4 that its sockets are bound to */
        INTERFACE_HAS_NONE,    /* but link-local ones, if any: it may come back */
        INTERFACE_HAS_ANOTHER, /* and not that one */
};

/* Reads the addresses of IPv6 anew. True: they are others now. */
bool netboot_interface_refresh(struct netboot_interface *interface,
                               enum interface_address *ret_four);
void netboot_interfaces_close(struct netboot_interfaces *interfaces);
