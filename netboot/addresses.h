/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Addresses: what our interfaces are called changes while we run.
 *
 * Of IPv6 it is taken over: its sockets are of the interface, and those are all
 * that is bound. The sockets of IPv4 are bound to the address of the start, and
 * to bind others needs root, which was given up: who owns them has to start anew.
 */

#include "lib/base/loop.h"
#include "netboot/interface.h"

struct addresses;

/* One interface has others than before. @is_moved: the address of IPv4 that its sockets are bound
 * to is gone, and there is another. On the loop's thread. */
typedef void (*addresses_fn)(void *context, const struct netboot_interface *interface,
                             bool is_moved);

/**
 * addresses_new() - watch the interfaces, and keep their addresses6 true
 * @interfaces:  must outlive it; changed on the loop's thread alone
 *
 * Return: 0, -ENOMEM, -errno.
 */
int addresses_new(struct loop *loop, struct netboot_interfaces *interfaces, addresses_fn changed,
                  void *context, struct addresses **ret);
struct addresses *addresses_free(struct addresses *addresses); /* takes NULL */
