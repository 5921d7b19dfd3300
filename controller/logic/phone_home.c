/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is deployed
 *
 * A lease, a boot from disk or a word of somebody else deploys no node: only
 * who holds the secret that the agent was told last, over TLS, and wrote on the
 * disk. Whatever is wrong about a node or a secret has the same answer, in the
 * same time, so that nobody learns which nodes there are.
 */
#include "controller/logic/phone_home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/kept.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/ways.h"
#include "controller/logic/workers.h"
#include "lib/daemon/log.h"

struct secret {
        char hash[SHA256_TEXT_SIZE];
        bool used;
        bool is_contested;   /* and then another key came with it */
        uint64_t generation; /* of the operation that it is for */
        uint64_t version;
};

static const struct doc_field secret_fields[] = {
        DOC_FIELD(struct secret, hash, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct secret, used, DOC_BOOL, DOC_ALWAYS),
        DOC_FIELD(struct secret, is_contested, DOC_BOOL, 0),
        DOC_FIELD(struct secret, generation, DOC_U64, DOC_REQUIRED),
};
static DOC_TABLE(secret_table, struct secret, "phone-home", secret_fields);
static const struct kept_kind kind = {SECRET_KIND, &secret_table};

static struct secret *find(const struct logic *logic, const char *node)
{
        return kept_find(logic->secrets, node);
}

static void save(struct secret *secret, const char *node, uint64_t now_ms,
                 struct store_change *change)
{
        kept_save(&kind, node, secret, &secret->version, now_ms, change);
}

int secret_make(struct logic *logic, const struct node *node, uint64_t now_ms,
                struct store_change *change, char ret[static INSTALL_SECRET_SIZE])
{
        struct secret *secret = find(logic, node->name);
        _free_ struct secret *fresh = NULL;
        struct sha256 hash;
        int rc;

        if (!secret) {
                secret = fresh = calloc(1, sizeof(*fresh));
                if (!secret)
                        return -ENOMEM;
                rc = map_set(logic->secrets, node->name, strlen(node->name), secret);
                if (rc < 0)
                        return rc;
                (void)TAKE_PTR(fresh);
        }
        rc = token_new(ret);
        if (rc == 0)
                rc = token_hash(ret, &hash);
        if (rc < 0)
                return rc;
        (void)sha256_text(secret->hash, &hash);
        secret->used = secret->is_contested = false;
        secret->generation = node->operation.generation;
        save(secret, node->name, now_ms, change);
        return 0;
}

void secret_forget(struct logic *logic, const char *node, uint64_t now_ms,
                   struct store_change *change)
{
        struct secret *secret = find(logic, node);
        struct store_document row = {.kind = SECRET_KIND, .name = node, .at_ms = now_ms};

        if (!secret)
                return;
        row.version = secret->version + 1;
        store_delete_document(change, &row);
        map_remove(logic->secrets, node, strlen(node));
        free(secret);
}

void secret_void(struct logic *logic, const struct node *node, uint64_t now_ms,
                 struct store_change *change)
{
        const struct secret *secret = find(logic, node->name);

        if (secret && !secret->used)
                secret_forget(logic, node->name, now_ms, change);
}

int secret_move(struct logic *logic, const char *from, const char *to)
{
        return kept_move(logic->secrets, from, to);
}

int secret_restore(struct logic *logic, const struct store_document *row)
{
        _free_ struct secret *secret = calloc(1, sizeof(*secret));
        struct sha256 hash;
        int rc;

        if (!secret)
                return -ENOMEM;
        rc = doc_decode_text(&secret_table, row->body, strlen(row->body), &doc_limits_message, NULL,
                             secret);
        if (rc == 0 && sha256_parse(secret->hash, &hash) < 0)
                rc = -EBADMSG;
        if (rc < 0)
                return rc;
        secret->version = row->version;
        rc = map_set(logic->secrets, row->name, strlen(row->name), secret);
        if (rc == 0)
                (void)TAKE_PTR(secret);
        return rc;
}

/* Takes as long for a node that there is not. */
static bool is_its_secret(const struct secret *secret, const char *said)
{
        struct sha256 hash = {0}, kept = {0};
        const bool is_hashed = token_hash(said, &hash) == 0;

        if (secret)
                (void)sha256_parse(secret->hash, &kept);
        return secret_is_equal(hash.bytes, kept.bytes, sizeof(hash.bytes)) && is_hashed && secret;
}

static void tell(struct logic *logic, struct node *node, const struct phone_home *says,
                 uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {
                .at_ms = now_ms, .step = STEP_PHONE_HOME, .address = says->address};
        char text[2 * EVENT_TEXT_SIZE];

        snprintf(text, sizeof(text), "%s%s%s, cloudie-worker %s",
                 says->system[0] ? says->system : "its installed system",
                 says->hostname[0] ? " as " : "", says->hostname, says->version);
        line_copy(event.text, sizeof(event.text), text);
        if (ip_is_set(says->address))
                node->address = says->address;
        node->last_seen_ms = now_ms;
        event_add(logic, node, &event, change);
}

/*
 * The secret was good, and used by another key. One of the two is an impostor; the
 * first stays, as it was there in time. Told once: who has such a secret could
 * else fill the timeline. No condition either, for the same reason.
 */
static void note_contest(struct logic *logic, const struct node *node, struct secret *secret,
                         uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_CONFLICT};

        if (secret->is_contested)
                return;
        log_warning("phone-home.contested", "node=%s", node->name);
        snprintf(event.text, sizeof(event.text),
                 "another key came with the secret of this install after it was used: somebody "
                 "has a copy of the disk, or the worker lost its key");
        event_add(logic, node, &event, change);
        secret->is_contested = true;
        save(secret, node->name, now_ms, change);
}

/* The answer was lost, or the worker does not remember: the same key is the same worker. */
static enum phone_home_outcome repeat(struct logic *logic, struct node *node, struct secret *secret,
                                      const struct phone_home *says, uint64_t now_ms,
                                      struct store_change *change)
{
        if (worker_beat(logic, says, now_ms, change) == 0)
                return PHONE_HOME_TAKEN;
        if (says->public_key[0])
                note_contest(logic, node, secret, now_ms, change);
        return PHONE_HOME_USED;
}

/* Its profile did not wait for this call, and the install that it is of went well. */
static bool is_deployed_otherwise(const struct node *node)
{
        return node->phase == PHASE_DEPLOYED && node->operation.state == OPERATION_SUCCEEDED &&
               node->operation.until != UNTIL_PHONE_HOME;
}

enum phone_home_outcome operation_phone_home(struct logic *logic, const struct phone_home *says,
                                             uint64_t now_ms, struct store_change *change,
                                             struct node **ret)
{
        struct secret *secret = find(logic, says->node);
        struct node *node = node_find(logic, says->node);
        enum phone_home_outcome outcome;
        const char *why;

        if (!is_its_secret(secret, says->secret) || !node)
                return PHONE_HOME_WRONG;
        if (secret->used) {
                outcome = repeat(logic, node, secret, says, now_ms, change);
                if (outcome == PHONE_HOME_TAKEN)
                        *ret = node;
                return outcome;
        }
        if (says->generation != secret->generation ||
            node->operation.generation != secret->generation ||
            (node_may_go(node, WAY_INSTALLED, &why) < 0 && !is_deployed_otherwise(node)))
                return PHONE_HOME_STALE;

        tell(logic, node, says, now_ms, change);
        secret->used = true;
        save(secret, node->name, now_ms, change);
        /* Deployed by something else already: from now on it beats, all the same. */
        (void)operation_succeed(logic, node, "its installed system phoned home", now_ms, change);
        /* Without memory for it the node is deployed all the same, and does not beat. */
        (void)worker_take(logic, node, says, now_ms, change);
        *ret = node;
        return PHONE_HOME_TAKEN;
}
