/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Relay: connections that come here, passed on byte by byte to another
 * controller. Nothing is decrypted: both have the same certificate.
 */

#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/loop.h"

#define RELAY_CONNECTIONS 1024 /* two descriptors each; who comes beyond that waits */
#define RELAY_PER_ADDRESS 256  /* as the controller's own; who comes beyond that is turned away */
#define RELAY_GRACE_MS    5000 /* for one end to close when the other has */

struct relay;

/* Listens; @address: "" for all. 0; -EADDRINUSE, -EACCES, -EINVAL: no address; -errno. */
int relay_start(struct loop *loop, const char *address, uint16_t port, struct relay **ret);
struct relay *relay_stop(struct relay *relay); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct relay *, relay_stop)

/* Where to, "HOST:PORT" or "[ADDRESS]:PORT". Anything else: whoever comes is turned away. What is
 * open to another one is closed: that does not decide any more. Said again, it looks again for
 * a host that was not found. */
void relay_set_target(struct relay *relay, const char *target);
