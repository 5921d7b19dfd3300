/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Watch: is somebody else's DHCP server on the wire of an interface? It listens
 * to what servers say to others, and asks from time to time itself, by a MAC of
 * its own. On the loop's thread.
 */

#include "lib/base/loop.h"
#include "netboot/events.h"
#include "netboot/interface.h"

struct watch;

/* @interfaces must outlive it: an address of ours is no foreign server. 0, -ENOMEM, -errno. */
int watch_new(struct loop *loop, struct events *events, const struct netboot_interfaces *interfaces,
              const struct netboot_interface *interface, struct watch **ret);
struct watch *watch_free(struct watch *watch); /* takes NULL */

/* A socket that hears servers, and may send; before root is given up. -errno. */
int watch_open(const struct netboot_interface *interface);
