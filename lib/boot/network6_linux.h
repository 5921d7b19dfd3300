/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The ramdisk's address of IPv6: by DHCPv6, on one interface that has a carrier. The kernel
 * does the rest: its link-local address, and routes, by what routers tell.
 */

#include "lib/base/ip6.h"
#include "lib/base/loop.h"

struct network6;

/**
 * network6_new() - get an address, and keep it
 * @name:     of the interface, which is up and has a carrier
 * @changed:  something of what the functions below say has changed
 *
 * Return: 0, -ENOMEM, -errno.
 */
int network6_new(struct loop *loop, const char *name, const struct mac_address *mac,
                 loop_fn changed, void *context, struct network6 **ret);
struct network6 *network6_free(struct network6 *network); /* takes NULL */

/* Unset: none yet, or not any more. It can be spoken from. */
struct ip6_address network6_address(const struct network6 *network);

/* "no DHCPv6 server answers": what it waits for. */
const char *network6_waits_for(const struct network6 *network);
