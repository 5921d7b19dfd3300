/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Scripts: answers "what do I boot?" for HTTP and TFTP alike. A plan that is
 * under way is waited for a little. Without one a machine that is deployed boots
 * its disk, and all others get the script that asks again: nothing is installed
 * from memory.
 *
 * All calls come from the loop's thread, but scripts_plan_came().
 */

#include "lib/base/loop.h"
#include "netboot/assets.h"
#include "netboot/boots.h"
#include "netboot/edge.h"
#include "netboot/events.h"
#include "netboot/path.h"
#include "netboot/site.h"

/* iPXE and GRUB ask again for a script that does not come, but not for long. */
#define SCRIPTS_WAIT_MS 2000
/* Machines that wait at once; above it they are told to ask again at once. */
#define SCRIPTS_MAX_WAITING 1024

struct scripts;

struct scripts_options {
        struct loop *loop;
        struct boots *boots;
        struct events *events;
        struct assets *assets;
        struct site *site;
};

int scripts_new(const struct scripts_options *options, struct scripts **ret);
struct scripts *scripts_free(struct scripts *scripts); /* after scripts_cancel_all() */
/* Before anybody asks. */
void scripts_set_edge(struct scripts *scripts, struct edge *edge);

/* @rc: 0; -EACCES: this address does not lease to this MAC; -ENOENT: no network of ours;
 * -ECANCELED: we stop. @take_text: NUL-terminated, the callee's to free; NULL unless @rc is 0. */
typedef void (*script_fn)(void *context, int rc, char *take_text, size_t size);

struct script_question {
        struct mac_address mac; /* out of the name that was asked for */
        enum boot_language language;
        struct ip_address from; /* who asks */
        enum boot_transport transport;
};

/* @fn is called exactly once, maybe before this returns, on the loop's thread. */
void scripts_ask(struct scripts *scripts, const struct script_question *question, script_fn fn,
                 void *context);

/* GRUB's configuration for a machine at this address: the same for all of a network, and no plan.
 * Return: 0, and @take_text is the caller's to free; -ENOENT: no network of ours; -ENOMEM. */
int scripts_grub_configuration(struct scripts *scripts, struct ip_address from, char **take_text,
                               size_t *ret_size);

/* Some question to the controller was answered. Any thread. */
void scripts_plan_came(struct scripts *scripts);
void scripts_cancel_all(struct scripts *scripts);
