/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Inside controller/store only: what an engine does for store.c. All calls that
 * write come from one thread; each reader is used by one thread.
 *
 * What is written and what is asked is said once, in ops.c, read.c and
 * read_inventory.c, in the SQL that all engines speak. An engine connects, makes
 * the tables, and runs it.
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

/* ------------------------------------------------------------ SQL */

/* Parameters are ?1, ?2 ... in all texts. */
#define SQL_VALUES_MAX 10

struct sql_value {
        const char *text; /* borrowed; NULL: a number, or with is_null nothing */
        size_t size;
        uint64_t number;
        bool is_null;
};

struct sql_values {
        struct sql_value at[SQL_VALUES_MAX];
        size_t count;
        /* Where texts lie that the op has in another form. */
        char mac[MAC_TEXT_SIZE], address[IP_TEXT_SIZE], uuid[UUID_TEXT_SIZE];
};

#define OP_STATEMENTS 7

struct op_row {
        /* The values of its parameters, which all of its statements share; borrowed from the op. */
        void (*fill)(struct sql_values *to, const struct op *op);
        const char *types; /* of each: 't' text, 'n' number */
        const char *sql[OP_STATEMENTS];
};
extern const struct op_row op_rows[OP_COUNT];

/* One bit for each parameter that a statement has. */
unsigned sql_used(const char *sql);

/* A row of an answer; of the engine. */
struct sql_row;
const char *sql_text(const struct sql_row *row, int column); /* "" for NULL */
const char *sql_text_or_null(const struct sql_row *row, int column);
uint64_t sql_number(const struct sql_row *row, int column);
/* The text whole into a field; what does not fit leaves it "". */
void sql_take_text(const struct sql_row *row, int column, char *to, size_t size);

/* A return other than 0 ends the walk with it. */
typedef int (*sql_row_fn)(void *context, const struct sql_row *row);

/* ------------------------------------------------------------ engines */

struct engine;
struct engine_kind {
        /* Connects and checks whose it is; the tables are there and the newest then. */
        int (*open)(const struct store_place *place, char *error, struct engine **ret);
        void (*close)(struct engine *engine);
        /* Whether this process may write, for as long as it lives: 1; 0: another does, and in
         * @holder (STORE_ADDRESS_SIZE) is what that said of itself. -errno. NULL: always. */
        int (*take_seat)(struct engine *engine, const char *address, char *holder);
        /* 0: nothing has cut us off. NULL: nothing could. */
        int (*look)(struct engine *engine);

        int (*begin)(struct engine *engine);
        int (*apply)(struct engine *engine, const struct op *op);
        int (*commit)(struct engine *engine);
        void (*rollback)(struct engine *engine);

        int (*reader_open)(struct engine *engine, struct store_reader **ret);
        void (*reader_close)(struct store_reader *reader);
        /* Each row of an answer. */
        int (*each)(struct store_reader *reader, const char *sql, const struct sql_value *values,
                    size_t count, sql_row_fn fn, void *context);
        /* All of it as a file, as it is at one moment. NULL: its own tools do that. */
        int (*copy)(struct store_reader *reader, const char *path);
        /* As a row gives a column; NULL where there is nothing. */
        const char *(*text)(const struct sql_row *row, int column);
        /* A question for the texts of the JSON list ?2. */
        const char *list;
};
extern const struct engine_kind engine_sqlite, engine_postgres;

/* The beginning of each engine's own. */
struct engine {
        const struct engine_kind *kind;
        char *name; /* in sentences */
        char error[STORE_ERROR_SIZE];
};
struct store_reader {
        const struct engine_kind *kind;
        char error[STORE_ERROR_SIZE];
};
struct sql_row {
        const struct engine_kind *kind;
};

int engine_load(struct engine *engine, struct store_load *load, char *error);
