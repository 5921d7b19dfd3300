/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/leases.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

struct edge *edge_find(const struct logic *logic, uint64_t id)
{
        return map_find(logic->edges, &id, sizeof(id));
}

int edge_restore(struct logic *logic, const struct store_edge *row)
{
        const struct identity identity = {.kind = AUTH_EDGE, .id = row->id};
        struct edge *edge = calloc(1, sizeof(*edge));
        struct sha256 hash;
        int rc;

        if (!edge)
                return -ENOMEM;
        edge->row = *row;
        rc = sha256_parse(row->credential_hash, &hash);
        if (rc == 0)
                rc = map_set(logic->edges, &edge->row.id, sizeof(edge->row.id), edge);
        if (rc < 0) {
                free(edge);
                return rc;
        }
        if (row->id > logic->last_edge)
                logic->last_edge = row->id;
        return auth_book_add(logic->book, &hash, &identity);
}

void edges_free(struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (logic->edges && map_next(logic->edges, &at, &value)) {
                struct edge *edge = value;

                lease_book_free(edge->leases);
                free(edge);
        }
        logic->edges = map_free(logic->edges);
}

static struct edge *find_name(const struct logic *logic, const char *name)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->edges, &at, &value))
                if (strcmp(((struct edge *)value)->row.name, name) == 0)
                        return value;
        return NULL;
}

/* The old credential opens nothing any more. */
static void take_out(struct logic *logic, struct edge *edge)
{
        struct sha256 hash;

        if (sha256_parse(edge->row.credential_hash, &hash) == 0)
                auth_book_remove(logic->book, &hash);
        map_remove(logic->edges, &edge->row.id, sizeof(edge->row.id));
        lease_book_free(edge->leases);
        free(edge);
}

int edge_join(struct logic *logic, const char *name, uint64_t now_ms, struct store_change *change,
              char ret[static WIRE_TOKEN_SIZE])
{
        struct edge *old = find_name(logic, name);
        struct store_edge row = {.joined_ms = now_ms};
        char credential[TOKEN_TEXT_SIZE];
        struct sha256 hash;
        int rc;

        if (!old && map_count(logic->edges) >= EDGES_MAX)
                return -ENOSPC;
        rc = text_copy(row.name, sizeof(row.name), name);
        if (rc == 0)
                rc = token_new(credential);
        if (rc == 0)
                rc = token_hash(credential, &hash);
        if (rc < 0)
                return rc;
        (void)sha256_text(row.credential_hash, &hash);
        /* Its state is new, so it counts its events from the start. */
        row.id = old ? old->row.id : logic->last_edge + 1;
        if (old)
                take_out(logic, old);
        rc = edge_restore(logic, &row);
        if (rc < 0)
                return rc;
        store_put_edge(change, &row);
        memcpy(ret, credential, sizeof(credential));
        secret_erase(credential, sizeof(credential));
        log_info("edge.joined", "edge=%s", QUOTE(name));
        return 0;
}
