/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Inside controller/store only: what an engine does for store.c. All calls that
 * write come from one thread; each reader is used by one thread.
 */

#include "controller/store/store.h"
#include "lib/base/list.h"

enum op_kind {
        OP_PUT_DOCUMENT,
        OP_KEEP_DOCUMENT, /* in the version that it has: no row of the history */
        OP_DELETE_DOCUMENT,
        OP_RENAME_NODE, /* document.name to the body; document.version: added to its old versions */
        OP_PUT_INVENTORY_BODY, /* hash; what lasts, and its facts behind the NUL byte */
        OP_PUT_INVENTORY,
        OP_PUT_INVENTORY_CHANGES,
        OP_PUT_BASELINE,
        OP_ADD_EVENT,
        OP_PUT_BOOT,
        OP_DELETE_BOOT,
        OP_PUT_CLAIM,
        OP_DELETE_CLAIM,
        OP_PUT_EDGE,
        OP_PUT_TOKEN,
        OP_DELETE_TOKEN,
        OP_COUNT
};

struct op_event {
        uint64_t id, at_ms;
        char mac[MAC_TEXT_SIZE]; /* "": of no machine */
        char boot[BOOT_TEXT_SIZE];
        enum node_step step;
};

struct op_document {
        char kind[16], name[NODE_NAME_SIZE];
        uint64_t version, at_ms;
};

struct op_inventory {
        char node[NODE_NAME_SIZE], hash[STORE_HASH_SIZE];
        uint64_t at_ms, changes;
        uint64_t size; /* of what lasts of it */
};

/* One row to write. */
struct op {
        struct op *next;
        enum op_kind kind;
        union {
                struct op_document document;
                struct op_inventory inventory;
                struct op_event event;
                struct store_boot boot;
                struct store_claim claim;
                struct store_edge edge;
                struct store_token token;
        };
        size_t size;
        char body[]; /* NUL-terminated JSON */
};

struct engine;

int engine_open(const char *path, char *error, struct engine **ret);
struct engine *engine_close(struct engine *engine);
int engine_load(struct engine *engine, struct store_load *load, char *error);

int engine_begin(struct engine *engine);
int engine_apply(struct engine *engine, const struct op *op);
int engine_commit(struct engine *engine);
void engine_rollback(struct engine *engine);
const char *engine_error(struct engine *engine);

int engine_reader_open(struct engine *engine, struct store_reader **ret);
struct store_reader *engine_reader_close(struct store_reader *reader);
