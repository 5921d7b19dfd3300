/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Listener: hears what switches say of themselves (LLDP) from the moment that a link
 * comes up. A switch speaks every 30 s, and cloudie-discover runs for one or two: it
 * is given this socket, and finds in it what came before.
 */

#include <time.h>

#include "lib/base/loop.h"

#define LISTENER_KEEP_S 120 /* what was said before is forgotten: 802.1AB 9.2.5, txTTL */

struct listener;

/* Opens the socket; listener_look() is to be called whenever an interface may have appeared. 0,
 * -ENOMEM, -errno: no packet socket can be had. */
int listener_new(struct loop *loop, struct listener **ret);
struct listener *listener_free(struct listener *listener); /* takes NULL */
void listener_look(struct listener *listener);             /* takes NULL */

/* Throws away what came more than LISTENER_KEEP_S before @now: the oldest stand in front, and a
 * full socket takes no new ones. A timer of the listener's does so. */
void listener_forget(struct listener *listener, time_t now);

/* The socket, the listener's; what is read from it is gone. -EBADF for NULL. */
int listener_fd(const struct listener *listener);
