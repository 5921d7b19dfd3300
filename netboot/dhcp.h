/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sockets of DHCP and of router solicitations. On the loop's thread. */

#include "lib/base/loop.h"
#include "netboot/boots.h"
#include "netboot/edge.h"
#include "netboot/events.h"
#include "netboot/interface.h"
#include "netboot/leases.h"
#include "netboot/site.h"

struct dhcp_service;

struct dhcp_service_options {
        struct loop *loop;
        struct netboot_interfaces *interfaces; /* must outlive the service */
        struct boots *boots;
        struct events *events;
        struct site *site;
        struct edge *edge;
};

/* 0, -ENOMEM, -errno. */
int dhcp_service_new(const struct dhcp_service_options *options, struct dhcp_service **ret);
/* After leases_free(). Takes NULL. */
struct dhcp_service *dhcp_service_free(struct dhcp_service *service);

/* The engine asks this; @context is the service. */
bool dhcp_service_boot(void *context, const struct dhcp_message *request,
                       struct ip4_address address, struct dhcp_boot *ret);
/* And this. */
bool dhcp_service_admit(void *context, const struct mac_address *mac, struct ip4_address network,
                        bool has_lease, const struct dhcp_now *now);
bool dhcp_service_knows(void *context, const struct mac_address *mac);
/* Begins to receive. Before it, nothing is answered. */
int dhcp_service_start(struct dhcp_service *service, struct leases *leases);

/* Answers router solicitations of one interface; until the loop ends. */
struct router;
int router_new(struct loop *loop, const struct netboot_interface *interface, struct site *site,
               struct router **ret);
struct router *router_free(struct router *router);
