/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Progress: what the agent of a running install asks and says. */

#include "controller/logic/logic.h"
#include "lib/node/install.h"

/* The agent asks for orders, which are to install: it may be told. False: it came late, and its
 * turn is another's; it waits again. Saves only what changed. */
bool operation_polled(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change);

/* A new boot of the machine claimed it: an install that was under way begins anew, or has done so
 * too often. */
void operation_restarted(struct logic *logic, struct node *node, uint64_t now_ms,
                         struct store_change *change);

/**
 * operation_plan() - the agent fetches its plan
 * @generation:  of its orders
 * @ret:         holds a fresh secret: the only one that is good from now on
 *
 * Return: 0; -ESTALE; -ENOENT: nothing is to be installed now; -ENOSPC, -ENOMEM, -errno.
 */
int operation_plan(struct logic *logic, struct node *node, uint64_t generation, uint64_t now_ms,
                   struct store_change *change, struct install_plan *ret);

/**
 * operation_seal() - a plan as it is told: its secrets for the key of the claim alone
 * @plan:  of operation_plan(); its secrets are erased
 * @ret:   the caller's
 *
 * Return: 0; -EINVAL: nothing can be sealed to this key; -ENOMEM, -EIO.
 */
int operation_seal(const struct claim *claim, struct install_plan *plan, struct doc **ret);

/* An agent that cannot open seals asked: of an older netboot package. The install ends. */
void operation_refuse_old_agent(struct logic *logic, struct node *node, uint64_t now_ms,
                                struct store_change *change);

/**
 * operation_progress() - the agent reports a step
 *
 * Bytes alone are not saved: @change may stay empty. The last report of a step that is done may
 * come twice.
 *
 * Return: 0; -ESTALE: of an operation that does not run any more; -EPROTO: that step is not next.
 */
int operation_progress(struct logic *logic, struct node *node,
                       const struct install_progress *progress, uint64_t now_ms,
                       struct store_change *change);
