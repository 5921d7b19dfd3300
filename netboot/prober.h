/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Prober: a process that says whether a TCP port answers.
 *
 * netbootd itself may connect to its controller's port alone. This child may connect
 * anywhere, and has nothing else: no file, no secret, and it reads no byte that a
 * stranger sent, as it hangs up when it is connected.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ip.h"

/* Connections that are begun at once; what is asked above that waits its turn. */
#define PROBER_MAX 64
/* A machine on the same wire answers within a millisecond; one that boots, within a second. */
#define PROBER_TIMEOUT_MS 2000

struct prober_question {
        uint32_t id; /* the asker's, given back */
        uint32_t port;
        struct ip_address address;
};

struct prober_answer {
        uint32_t id;
        uint32_t is_open; /* 1: it was connected; 0: refused, unreachable, or silent */
};

struct prober;

/**
 * prober_start() - the process
 *
 * Before the first thread is made and before netbootd_confine(), which would refuse the child its
 * connections; after root was given up. It keeps nothing that is open in the daemon, and ends with
 * it.
 *
 * Return: 0, -ENOMEM, -errno.
 */
int prober_start(struct prober **ret);
struct prober *prober_stop(struct prober *prober); /* takes NULL */

/* Readable when there is an answer, or the process has ended. */
int prober_fd(const struct prober *prober);

/* Never waits. 0; -EAGAIN: too many questions wait; -EPIPE: the process has ended; -errno. */
int prober_ask(const struct prober *prober, const struct prober_question *question);
/* Never waits. 1; 0: there is no answer yet; -EPIPE; -EBADMSG: that is none; -errno. */
int prober_hear(const struct prober *prober, struct prober_answer *ret);
