/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Conversation: what a node and its controller say to one another, on a thread of
 * its own: claim, stage two, inventory, orders (docs/protocol.md).
 */

#include <stdbool.h>

#include "installer/site.h"

struct conversation;

struct conversation_options {
        const struct site *site; /* must outlive the conversation */
        struct mac_address mac;
        struct ip_address address;
        const char *discover;     /* path of cloudie-discover */
        const char *install;      /* path of cloudie-install; NULL: installs are not obeyed */
        const char *install_root; /* for its --root; NULL: this machine's own disks */
        bool is_rehearsal;        /* on a machine that is no node: mounts nothing, never reboots */
        bool ends_when_held;      /* returns once the controller gave its first order */

        int deeds; /* who does what this process may not (installer/deeds.h); -EBADF: nobody, it is
                      a rehearsal */
};

/* Runs until it fails for good, as @ends_when_held says, or until a rehearsed install is done. 0,
 * -ESTALE: another boot of this node took its place; -errno. */
int conversation_run(const struct conversation_options *options);
