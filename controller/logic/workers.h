/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Workers: what the installed systems of deployed nodes say of themselves, and
 * when they said it last. One a node, known by the key with which it phoned home;
 * in a document of kind "worker" named after the node.
 */

#include "controller/logic/logic.h"
#include "lib/node/worker.h"

#define WORKER_KIND "worker"
/* What a crash may lose: the next beat says it again. */
#define WORKER_SAVE_MS (10ULL * 60 * 1000)
/* A beat that comes sooner after the last one only shows that it lives. */
#define WORKER_JUDGE_MS 1000

/* Pure: did the holder of the key send this body? @signature: base64; NULL: none was given. 0;
 * -EBADMSG: key or signature is no such thing; -EKEYREJECTED; -ENOMEM. Costs some 0.1 ms. */
int worker_signature_check(const char *public_key, const char *signature, const char *prefix,
                           const void *body, size_t size);

/**
 * worker_take() - who phoned home is the node's worker, in place of any other
 *
 * Without a public key there is none from now on.
 *
 * Return: 0, -ENOSPC, -ENOMEM.
 */
int worker_take(struct logic *logic, struct node *node, const struct phone_home *says,
                uint64_t now_ms, struct store_change *change);

/* Is the sender the worker that the node has? */
bool worker_is_same(const struct logic *logic, const struct phone_home *says);

/* The node whose worker the sender is, whatever it calls it; NULL: none. */
struct node *worker_node(const struct logic *logic, const struct phone_home *says);

/**
 * worker_beat() - a signed message of a worker
 *
 * @change stays empty, but when a condition changes or WORKER_SAVE_MS have passed.
 *
 * Return: 0; -ENOENT: no deployed node has a worker with this key; -ENOMEM.
 */
int worker_beat(struct logic *logic, const struct phone_home *says, uint64_t now_ms,
                struct store_change *change);

/* Its key is void, and what it said is forgotten. @node is not saved. */
void worker_forget(struct logic *logic, struct node *node, uint64_t now_ms,
                   struct store_change *change);

/* Its node is called otherwise now. -ENOMEM. */
int worker_move(struct logic *logic, const char *from, const char *to);

int worker_restore(struct logic *logic, const struct store_document *row); /* -ENOMEM */
void workers_free(struct logic *logic);

/* Notes workers that fell silent. */
void workers_expire(struct logic *logic, uint64_t now_ms, struct store_change *change);
/* The controller was away, or its clock was set: all have as long again. */
void workers_resume(struct logic *logic);

/* Its last beat or phone-home; 0: the node has no worker. */
uint64_t worker_heard_ms(const struct logic *logic, const struct node *node);

/* What the API shows of it, as JSON; the caller's. NULL: the node has none, or no memory. */
char *worker_text(const struct logic *logic, const struct node *node);
