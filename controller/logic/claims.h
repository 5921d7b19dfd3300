/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Claims: who runs on a machine now. The rules of docs/protocol.md, "POST /agent/v1/claim". */

#include "controller/logic/logic.h"

/* Pure: does the holder of the key say so? 0; -EBADMSG: key or signature is no such thing;
 * -EKEYREJECTED. Costs some 0.1 ms: it is done before the logic thread is asked. */
int claim_check(const struct agent_claim *claim);

enum claim_outcome {
        CLAIM_TAKEN,
        CLAIM_UNKNOWN,  /* no such boot number, or forgotten */
        CLAIM_EXPIRED,  /* older than BOOT_OPEN_MS */
        CLAIM_CONFLICT, /* two keys: both are void */
        CLAIM_NOT_ITS,  /* the number was given to another MAC */
        CLAIM_OUTCOME_COUNT
};

/**
 * claim_take() - a machine claims its boot number
 * @claim:  claim_check() was 0
 * @ret:    the answer, for CLAIM_TAKEN; holds a token
 *
 * Any earlier claim of the machine ends: its token is stale.
 *
 * Return: an outcome (positive or 0), -ENOSPC at CLAIMS_MAX, -ENOMEM, -errno.
 */
int claim_take(struct logic *logic, const struct agent_claim *claim, uint64_t now_ms,
               struct store_change *change, struct agent_claimed *ret);

struct claim *claim_find(const struct logic *logic, uint64_t id); /* NULL: it ended */

/* Takes over a row that was loaded; nodes are loaded before. */
int claim_restore(struct logic *logic, const struct store_claim *row);

/* Ends a claim: its token is stale. Frees it. */
void claim_drop(struct logic *logic, struct claim *claim, struct store_change *change);
void claims_drop_node(struct logic *logic, struct node *node, struct store_change *change);

/* The machine of this claim has reported, and is this node. */
void claim_attach(struct logic *logic, struct claim *claim, struct node *node,
                  struct store_change *change);

/* The agent asks for orders, or reports progress. */
void claim_polled(struct claim *claim, uint64_t now_ms);
void claim_orders(const struct logic *logic, const struct claim *claim, struct agent_orders *ret);

/* Forgets strangers that never reported; notes agents that fell silent. */
void claims_expire(struct logic *logic, uint64_t now_ms, struct store_change *change);
