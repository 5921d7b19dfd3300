/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Store: the one door to what cloudied remembers.
 *
 * A change is a set of rows that are written together or not at all. Changes
 * are queued from any thread; the store's own thread commits everything that
 * waits as one transaction, synced, and only then calls each one's done
 * function, in the order in which they were queued. Readers run on threads of
 * their own, so that nobody waits for the disk who does not ask it.
 *
 * Nothing of an engine shows here: rows are structs, bodies are JSON texts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/net.h"
#include "lib/doc/value.h"
#include "lib/node/step.h"
#include "lib/node/wire.h"

#define STORE_ERROR_SIZE 256
#define STORE_HASH_SIZE  65 /* hex of a SHA-256: tokens are never stored themselves */

struct store_document {
        const char *kind, *name;
        uint64_t version; /* of a deletion, too: it is the last version in the history */
        uint64_t at_ms;
        const char *body;
};

/* A boot number that was handed out. */
struct store_boot {
        char number[BOOT_TEXT_SIZE];
        struct mac_address mac;
        struct ip_address address;
        uint64_t made_ms;
        char public_key[WIRE_KEY_SIZE]; /* who claimed it; "": nobody yet */
        bool is_void;                   /* two keys claimed it */
};

/* Who runs on a machine now: the holder of the claim's token. */
struct store_claim {
        uint64_t id;
        char boot[BOOT_TEXT_SIZE];
        struct mac_address mac;
        struct ip_address address;
        struct uuid uuid;
        char public_key[WIRE_KEY_SIZE];
        char token_hash[STORE_HASH_SIZE];
        char node[NODE_NAME_SIZE]; /* "": a machine that has not reported yet */
        uint64_t made_ms;
        uint64_t last_seq; /* of its events */
};

/*
 * An inventory: the newest of a node as it came, and in its history what of each
 * lasts, addressed by its SHA-256, with the facts that are compared with those of
 * siblings. One that was seen before adds no text, and one that was the last
 * before no row.
 */
struct store_inventory {
        const char *node;
        uint64_t at_ms;
        const char *body; /* as it came */
        size_t size;
        const char *hash; /* of @lasting */
        const char *lasting, *facts;
};

/* What lasts of an inventory, as store_put_inventory() takes it. */
struct inventory_digest {
        char hash[STORE_HASH_SIZE];
        char *lasting, *facts; /* owned */
};
/* Pure. 0, -ENOMEM. */
int inventory_digest(const struct doc *inventory, struct inventory_digest *ret);
void inventory_digest_done(struct inventory_digest *digest);
#define _digest_ __attribute__((cleanup(inventory_digest_done)))

/* A row of a node's history. */
struct store_sighting {
        char hash[STORE_HASH_SIZE];
        uint64_t first_ms, last_ms, times; /* it was seen one after the other */
        uint64_t changes; /* against the one before; 0: also when it is the first */
};

struct store_edge {
        uint64_t id;
        char name[WIRE_NAME_SIZE];
        char credential_hash[STORE_HASH_SIZE];
        uint64_t joined_ms;
        uint64_t last_seq;
};

struct store_token {
        char hash[STORE_HASH_SIZE];
        char user[WIRE_NAME_SIZE];
        char role[16];
        char permissions[64]; /* narrower than the role; "": all that the role may */
        uint64_t made_ms, expires_ms;
};

struct store;

struct store_hooks {
        /* An event is on disk. Store thread, in the order of ids. */
        void (*event)(void *context, uint64_t id, const char *step, const char *body);
        /* A commit failed: what is in memory is ahead of the disk, for good. Store thread, once. */
        void (*broken)(void *context, const char *why);
        void *context;
};

/* Where a store is. All is borrowed until store_open() returns. */
struct store_place {
        const char *where;    /* path of an SQLite file, or postgresql://... (no password in it) */
        const char *password; /* NULL: none */
        const char *site; /* whose it is: the first to open it writes it down. NULL: anybody's */
        struct store_seat *seat; /* that was taken; store_open() takes it. NULL: it waits for one */
};

/* Whether several controllers can have it in turn: then a seat is needed. */
bool store_is_shared(const char *where);

/*
 * The seat: of several controllers with one database, one decides. It holds the seat
 * for as long as its session lives, and nobody else can commit meanwhile; the others
 * wait for it. A seat is connected, and the tables are there and of this version.
 */
struct store_seat;
#define STORE_ADDRESS_SIZE 160
int store_seat_open(const struct store_place *place, char *error, struct store_seat **ret);
struct store_seat *store_seat_close(struct store_seat *seat); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct store_seat *, store_seat_close)
/* 1: it is ours, and the others read @address. 0: another's, which wrote @ret_holder
 * (STORE_ADDRESS_SIZE bytes; ""). -EIO: the database is not to be reached; store_seat_error(). */
int store_seat_take(struct store_seat *seat, const char *address, char *ret_holder);
const char *store_seat_error(struct store_seat *seat);

/**
 * store_open() - open or create, bring the schema up to date, start the threads
 * @place:  a new file is made with mode 0600; a database must be there
 * @error:  STORE_ERROR_SIZE bytes, one sentence on failure
 *
 * Return: 0; -EPROTO: written by a newer version, or not ours; -EBUSY: another process writes it,
 *         and did not end for STORE_SEAT_WAIT_MS; -EIO, -ENOMEM, -errno.
 */
int store_open(const struct store_place *place, const struct store_hooks *hooks, char *error,
               struct store **ret);

/* Commits what is queued, runs what waits to read, ends the threads. Takes NULL; returns NULL. */
struct store *store_close(struct store *store);
CLEANUP_DEFINE(struct store *, store_close)

/* What is there at the start. A negative return of a callback ends loading with it. */
struct store_load {
        int (*document)(void *context, const struct store_document *row);
        int (*boot)(void *context, const struct store_boot *row);
        int (*claim)(void *context, const struct store_claim *row);
        int (*edge)(void *context, const struct store_edge *row);
        int (*token)(void *context, const struct store_token *row);
        /* The last version of what was deleted; may be NULL. */
        int (*gone)(void *context, const char *kind, const char *name, uint64_t version);
        void *context;
        uint64_t last_event; /* out */
};
int store_load(struct store *store, struct store_load *load, char *error);

/*
 * Building a change remembers failures: without memory it is NULL or marked,
 * and store_submit() says so. Texts are copied.
 */
struct store_change;
struct store_change *store_change_new(void);
struct store_change *store_change_free(struct store_change *change);
CLEANUP_DEFINE(struct store_change *, store_change_free)
size_t store_change_count(const struct store_change *change);

void store_put_document(struct store_change *change, const struct store_document *row);
/* What a document shows beside what was written of it: in its place, in the same version. The
 * history does not get a row: it is what people wrote. */
void store_keep_document(struct store_change *change, const struct store_document *row);
/* Of a node its inventories, too. */
void store_delete_document(struct store_change *change, const struct store_document *row);
/**
 * store_rename_node() - all that is kept under a node's name goes with it to another
 * @row:      its name, and version: how far the versions of its history move on, as a node that
 *            is no more may have left a history under @to
 * @to:       no node has it
 *
 * Its documents, their history, inventories, claims. What the documents say is not changed.
 */
void store_rename_node(struct store_change *change, const struct store_document *row,
                       const char *to);
void store_put_inventory(struct store_change *change, const struct store_inventory *row);
/* How many changes the newest of a node's history brought, if it is still this one. */
void store_put_inventory_changes(struct store_change *change, const char *node, const char *hash,
                                 uint64_t changes);
/* The one that a node is compared with is kept, however old. */
void store_put_baseline(struct store_change *change, const char *node, const char *hash);
void store_add_event(struct store_change *change, const struct node_event *event);
void store_put_boot(struct store_change *change, const struct store_boot *row);
void store_delete_boot(struct store_change *change, const char *number);
void store_put_claim(struct store_change *change, const struct store_claim *row);
void store_delete_claim(struct store_change *change, uint64_t id);
void store_put_edge(struct store_change *change, const struct store_edge *row);
void store_put_token(struct store_change *change, const struct store_token *row);
void store_delete_token(struct store_change *change, const char *hash);

/* False while so much waits for the disk that no more should be decided. */
bool store_has_room(struct store *store);

/**
 * store_submit() - have a change committed
 * @take:  taken, even on failure
 * @done:  called on the store's thread with 0 once it is on disk, or with what broke the store;
 *         NULL: nobody waits. An empty change is done when all before it are.
 *
 * Return: 0; -ENOMEM: it was not built whole; -EIO: the store is broken. @done is then not called.
 */
typedef void (*store_done_fn)(void *context, int rc);
int store_submit(struct store *store, struct store_change *take, store_done_fn done, void *context);

/* Changes are numbered as they are submitted: what the last one's number was, and whether a
 * number is on disk. For what is only to be told once it is. */
uint64_t store_last(struct store *store);
bool store_is_done(struct store *store, uint64_t number);

/*
 * Reading: @fn runs on a reader's thread, with a read-only view of its own. It
 * may also do other slow things. 0; -EAGAIN: STORE_READS_MAX wait already; -ENOMEM.
 */
struct store_reader;
typedef void (*store_read_fn)(struct store_reader *reader, void *context);
int store_read(struct store *store, store_read_fn fn, void *context);

/**
 * store_read_backup() - all of the database as a file of its own
 * @path:  is made, and is not there before
 *
 * As it is at one moment, while others write. Return: 0; -EOPNOTSUPP: this engine has no file, and
 * its own tools back it up; -ENOSPC, -EIO, -ENOMEM.
 */
int store_read_backup(struct store_reader *reader, const char *path);

/* What a document says now; the caller's text. 0, -ENOENT, -ENOMEM, -EIO. */
int store_read_document(struct store_reader *reader, const char *kind, const char *name,
                        char **ret);

/* What was written under a name, newest first, deletions with a NULL body; at most 64 a document. A
 * return other than 0 of @fn ends the walk with it. 0, -ENOMEM, -EIO. */
typedef int (*store_version_fn)(void *context, const struct store_document *row);
int store_read_versions(struct store_reader *reader, const char *kind, const char *name,
                        store_version_fn fn, void *context);

/* The newest inventory; the caller's text. 0, -ENOENT, -ENOMEM, -EIO. */
int store_read_inventory(struct store_reader *reader, const char *node, char **ret);

/* What lasts of one, by its hash; the same. */
int store_read_inventory_body(struct store_reader *reader, const char *hash, char **ret);
/* A node's history, newest first. A return other than 0 of @fn ends the walk with it. */
typedef int (*store_sighting_fn)(void *context, const struct store_sighting *row);
int store_read_history(struct store_reader *reader, const char *node, store_sighting_fn fn,
                       void *context);
/* The facts of the newest inventory of each node, by the order of names; likewise. */
typedef int (*store_facts_fn)(void *context, const char *node, const char *facts);
int store_read_facts(struct store_reader *reader, store_facts_fn fn, void *context);

struct store_event_query {
        uint64_t after;                 /* ids above this */
        const struct mac_address *macs; /* NULL: of all machines */
        size_t mac_count;
        const char *boot; /* NULL: of all boots */
        bool is_newest;   /* the last @limit of them, still oldest first; else the first */
        size_t limit;
};
/* A return other than 0 of @fn ends the walk with it. */
typedef int (*store_event_fn)(void *context, uint64_t id, const char *step, const char *body);
int store_read_events(struct store_reader *reader, const struct store_event_query *query,
                      store_event_fn fn, void *context);

/* Limits: what may wait. The disk may stall for seconds; beyond this we would only hide it. */
#define STORE_QUEUE_MAX       8192                /* changes */
#define STORE_QUEUE_BYTES_MAX ((size_t)256 << 20) /* a rack of big inventories at once */
#define STORE_BATCH_MAX       1024 /* changes in one transaction: some 50 ms of work */
#define STORE_READS_MAX       1024
#define STORE_READERS         2
#define STORE_SEAT_WAIT_MS    10000 /* a process that was killed is gone sooner */
#define STORE_LOOK_MS         2000  /* between looks at a connection on which nothing is written */
/* Of a node: some years of changes. Most machines have 100 KB each; one that lies at each boot
 * keeps no more bytes than these, and its newest. */
#define STORE_INVENTORIES_KEPT       64
#define STORE_INVENTORIES_KEPT_BYTES 16777216
#define STORE_EVENTS_KEPT            1000000 /* the oldest go: some 300 MB */
