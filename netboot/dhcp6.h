/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sockets of DHCPv6. On the loop's thread. */

#include "netboot/dhcp.h"

struct dhcp6_service;

/* 0, -ENOMEM. */
int dhcp6_service_new(const struct dhcp_service_options *options, struct dhcp6_service **ret);
/* After leases_free(). Takes NULL. */
struct dhcp6_service *dhcp6_service_free(struct dhcp6_service *service);

/* The engine asks these; @context is the service. */
bool dhcp6_service_boot(void *context, const struct dhcp6_message *request,
                        const struct mac_address *mac, const struct ip6_network *network,
                        struct dhcp6_boot *ret);
bool dhcp6_service_knows(void *context, const struct mac_address *mac);
bool dhcp6_service_admit(void *context, const struct mac_address *mac,
                         const struct ip6_network *network, bool has_lease,
                         const struct dhcp_now *now);

/* Begins to receive. Before it, nothing is answered. 0, -errno. */
int dhcp6_service_start(struct dhcp6_service *service, struct leases *leases);
