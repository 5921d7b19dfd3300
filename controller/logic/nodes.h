/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Nodes: by name, by MAC, in order; as documents. */

#include "controller/logic/logic.h"

struct node *node_new(void);               /* of no phase yet; NULL without memory */
struct node *node_free(struct node *node); /* takes NULL; of no list any more */
CLEANUP_DEFINE(struct node *, node_free)

struct node *node_find(const struct logic *logic, const char *name); /* NULL: none */
struct node *node_find_mac(const struct logic *logic, const struct mac_address *mac);

/* The place in logic->sorted of the first node whose name is above @name; "" gives 0. */
size_t node_place_after(const struct logic *logic, const char *name);

/* Puts a node among the others: it is then the logic's. -ENOSPC at NODES_MAX, -ENOMEM, -EEXIST. */
int node_add(struct logic *logic, struct node *node);

/* A free name like @wish: itself, or with -2, -3, ... @ret: NODE_NAME_SIZE bytes. */
void node_name_unique(const struct logic *logic, const char *wish, char *ret);

/* Gives a node a MAC. 0, -EEXIST: another node has it, -ENOSPC, -ENOMEM. */
int node_add_mac(struct logic *logic, struct node *node, const struct mac_address *mac);

/* Its JSON text, one line; borrowed until the node changes. NULL without memory. */
const char *node_text(struct node *node);
void node_touch(struct node *node); /* something changed that its text shows */
/* It spoke, from @address (unset: not known). All speak every minute, and a list shows a thousand:
 * of its text the digits of the time change, and no more. */
void node_saw(struct node *node, struct ip_address address, uint64_t now_ms);

/* Its document into @change: in its next version if it is_written, else in the one that it has. */
void node_save(struct logic *logic, struct node *node, uint64_t now_ms,
               struct store_change *change);
/* The same without a look at the rest of the logic. */
void node_write(struct node *node, uint64_t now_ms, struct store_change *change);

/* What filters ask of its inventory; NULL: that is not known. Kept beside its document if it is
 * new. */
void node_set_traits(struct node *node, const struct traits *traits, uint64_t now_ms,
                     struct store_change *change);
#define TRAITS_KIND "traits" /* of that document, named after the node */
int node_restore_traits(struct logic *logic, const struct store_document *row); /* -ENOMEM */

/* A document of the store as a node. 0, -EBADMSG, -ENOMEM. */
int node_decode(const struct store_document *row, struct node **ret);

/**
 * node_accept() - an operator takes a node: into service, or out of a conflict
 *
 * Out of a conflict all claims of before are stale: the machine has to boot once more.
 *
 * @by:   who, for the event
 * @why:  one sentence on refusal
 *
 * Return: 0, -EPERM.
 */
int node_accept(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                struct store_change *change, const char **why);

/* Labels and spec of a document that node_document_check() passed, in place of what was there.
 * What is there already makes no new version. 0, -ENOMEM. */
int node_put(struct logic *logic, struct node *node, const struct doc *document, const char *by,
             uint64_t now_ms, struct store_change *change);

struct node_load {
        const char *name, *by;
        const struct doc *document; /* of a dump */
};

/**
 * node_load() - a node that is not there, as a dump has it: labels, spec, phase, MACs, disk,
 *               summary, maintenance
 * @error:  DOC_ERROR_SIZE bytes: one sentence for the first two
 * @ret:    the logic's
 *
 * Return: 0; -EEXIST: there is one of this name, or with one of its MACs; -EBADMSG; -ENOSPC at
 *         NODES_MAX; -ENOMEM.
 */
int node_load(struct logic *logic, const struct node_load *load, uint64_t now_ms,
              struct store_change *change, char *error, struct node **ret);
/**
 * node_rename() - another name; history, inventories, events, claims and worker stay with it
 * @why:  one sentence on refusal
 *
 * The node is not saved. Return: 0; -EINVAL: that is no name; -EEXIST: another node has it; -EPERM:
 * an operation runs; -ENOMEM.
 */
struct rename_word {
        const char *name, *by;
};
int node_rename(struct logic *logic, struct node *node, const struct rename_word *word,
                uint64_t now_ms, struct store_change *change, const char **why);
/* Its place among the others alone. -ENOMEM, -ENOSPC: nothing was changed. */
int node_move(struct logic *logic, struct node *node, const char *name);

/* Forgets a node with its claims; its events stay. 0; -EPERM with a sentence. @node is freed. */
int node_delete(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                struct store_change *change, const char **why);

/* Sets the condition, once, and tells it. @node may be NULL: a machine without a node. */
void node_set_conflict(struct logic *logic, struct node *node, const struct mac_address *mac,
                       const char *reason, uint64_t now_ms, struct store_change *change);

/* What it would boot now, but for the boot number. @node may be NULL: a stranger. */
void node_plan(const struct logic *logic, const struct node *node, struct boot_plan *ret);
