/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/logic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/answers.h"
#include "controller/logic/boots.h"
#include "controller/logic/claims.h"
#include "controller/logic/discovery.h"
#include "controller/logic/documents.h"
#include "controller/logic/edges.h"
#include "controller/logic/ended.h"
#include "controller/logic/gone.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/settings.h"
#include "controller/logic/workers.h"
#include "lib/base/text.h"

/*
 * An edge of twenty machines that read at 50 MB/s each has its 10 Gb/s full; the
 * same number keeps what a controller and a rack's power supply see at once small.
 */
const struct queue_limits queue_limits_default = {20, 10000, 400};

int logic_new(struct auth_book *book, const struct logic_hooks *hooks, const char *kernel_arguments,
              struct logic **ret)
{
        CLEANUP(logic_free) struct logic *logic = calloc(1, sizeof(*logic));

        if (!logic)
                return -ENOMEM;
        logic->book = book;
        logic->hooks = *hooks;
        logic->nodes = map_new(NODES_MAX);
        logic->nodes_by_mac = map_new(NODE_MACS_MAX);
        logic->boots = map_new(BOOTS_MAX);
        logic->open_boots = map_new(BOOTS_MAX);
        logic->claims = map_new(CLAIMS_MAX);
        logic->claims_by_mac = map_new(CLAIMS_MAX);
        logic->edges = map_new(EDGES_MAX);
        logic->secrets = map_new(NODES_MAX);
        logic->workers = map_new(NODES_MAX);
        logic->beat_s = BEAT_S;
        logic->gone = map_new(GONE_MAX);
        logic->openings = map_new(CONFIG_MAX_NETWORKS);
        logic->strangers = map_new(STRANGERS_MAX);
        list_init(&logic->running);
        list_init(&logic->waiting);
        logic->answers = answers_new();
        logic->ended = calloc(ENDED_MAX, sizeof(*logic->ended));
        if (!logic->nodes || !logic->nodes_by_mac || !logic->boots || !logic->open_boots ||
            !logic->claims || !logic->claims_by_mac || !logic->edges || !logic->secrets ||
            !logic->workers || !logic->ended || !logic->answers || !logic->gone ||
            !logic->openings || !logic->strangers || documents_init(logic) < 0)
                return -ENOMEM;
        if (settings_configure(logic, &queue_limits_default, kernel_arguments) < 0)
                return -E2BIG;
        *ret = TAKE_PTR(logic);
        return 0;
}

/* Frees a map and, where @is_owner, all that it holds. */
static void free_map(struct map *map, bool is_owner)
{
        size_t at = 0;
        void *value;

        while (is_owner && map && map_next(map, &at, &value))
                free(value);
        map_free(map);
}

struct logic *logic_free(struct logic *logic)
{
        if (!logic)
                return NULL;
        for (size_t i = 0; i < logic->node_count; i++)
                node_free(logic->sorted[i]);
        free(logic->sorted);
        free_map(logic->nodes, false);
        free_map(logic->nodes_by_mac, false);
        free_map(logic->open_boots, false);
        free_map(logic->claims_by_mac, false);
        free_map(logic->boots, true);
        free_map(logic->claims, true);
        edges_free(logic);
        free_map(logic->secrets, true);
        workers_free(logic);
        gone_done(logic);
        documents_done(logic);
        discovery_done(logic);
        answers_free(logic->answers);
        free(logic->ended);
        free(logic);
        return NULL;
}

static int load_document(void *context, const struct store_document *row)
{
        struct logic *logic = context;
        CLEANUP(node_free) struct node *node = NULL;
        int rc;

        if (strcmp(row->kind, SECRET_KIND) == 0)
                return secret_restore(logic, row);
        if (strcmp(row->kind, WORKER_KIND) == 0)
                return worker_restore(logic, row);
        if (document_kind_find(row->kind) < DOCUMENT_KIND_COUNT)
                return document_restore(logic, row);
        if (strcmp(row->kind, OPENING_KIND) == 0)
                return opening_restore(logic, row);
        if (strcmp(row->kind, TRAITS_KIND) == 0)
                return node_restore_traits(logic, row);
        if (strcmp(row->kind, ANSWERS_KIND) == 0)
                return answers_restore(logic, row);
        if (strcmp(row->kind, ENDED_KIND) == 0)
                return ended_restore(logic, row);
        if (strcmp(row->kind, "node") != 0)
                return 0; /* of a later version; kept, not understood */
        rc = node_decode(row, &node);
        if (rc == 0)
                rc = node_add(logic, node);
        /* Numbers of claims that are gone are not given again: they would be taken for old ones. */
        if (rc == 0 && node->decided_claim > logic->last_claim)
                logic->last_claim = node->decided_claim;
        if (rc == 0) {
                logic->is_install_wanted |= node->is_install_wanted;
                logic->lacks_traits |= node->inventory_hash[0] != '\0';
                (void)TAKE_PTR(node);
        }
        return rc;
}

static int load_gone(void *context, const char *kind, const char *name, uint64_t version)
{
        if (strcmp(kind, "node") == 0 || document_kind_find(kind) < DOCUMENT_KIND_COUNT)
                gone_note(context, kind, name, version);
        return 0;
}

static int load_boot(void *context, const struct store_boot *row)
{
        return boot_restore(context, row, NULL);
}

static int load_claim(void *context, const struct store_claim *row)
{
        return claim_restore(context, row);
}

static int load_edge(void *context, const struct store_edge *row)
{
        return edge_restore(context, row);
}

static int load_token(void *context, const struct store_token *row)
{
        const struct logic *logic = context;
        struct identity identity = {.kind = AUTH_USER, .expires_ms = row->expires_ms};
        struct sha256 hash;

        if (sha256_parse(row->hash, &hash) < 0 || auth_role_parse(row->role, &identity.role) < 0)
                return -EBADMSG;
        memcpy(identity.user, row->user, sizeof(identity.user));
        return auth_book_add(logic->book, &hash, &identity);
}

int logic_load(struct logic *logic, struct store *store, char *error)
{
        struct store_load load = {
                .document = load_document,
                .boot = load_boot,
                .claim = load_claim,
                .edge = load_edge,
                .token = load_token,
                .gone = load_gone,
                .context = logic,
        };
        int rc;

        rc = store_load(store, &load, error);
        logic->last_event = load.last_event;
        return rc;
}

void logic_tick(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        boots_expire(logic, now_ms, change);
        claims_expire(logic, now_ms, change);
        workers_expire(logic, now_ms, change);
        discovery_expire(logic, now_ms, change);
}
