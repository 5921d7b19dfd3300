/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Commands: a row a command. Finding, help and the usage line come from the row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/call.h"

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_YAML };

struct command_context {
        struct call *call; /* NULL for commands that need no controller */
        enum output output;
        const char *credentials; /* path of the file */
        const char *user;        /* who was logged in; NULL for commands that need no controller */

        /* Options that some commands know. */
        const char *select, *boot, *after, *profile, *name, *os;
        const char *since, *class, *reason, *network;
        const char *for_what; /* a time, or a person */
        const char *set, *file, *passphrase_file, *images;
        bool follow, inventory, erase, dry_run, wait, force, is_sure, prune;

        /* Of a command for many: bulk.h. */
        bool is_plan;        /* a dry run before the true one: it is told on stderr */
        struct doc *answers; /* where answers are put, in place of being printed; NULL: nowhere */

        const char *words; /* of the command: "node list" */
        int argc;          /* words after the command's own */
        char **argv;
};

enum {
        COMMAND_LOCAL = 1 << 0,   /* needs no controller */
        COMMAND_SELECTS = 1 << 1, /* --select says what it shows */
        COMMAND_BULK = 1 << 2,    /* --select may stand for the names of nodes: bulk.h */
        COMMAND_WORDS = 1 << 3,   /* it takes one name, and words after it */
        COMMAND_PLANS = 1 << 4,   /* with --dry-run it says what it would do */
        COMMAND_FORCES = 1 << 5,  /* not of one in maintenance, or another's, but by --force */
        COMMAND_FILE = 1 << 6,    /* --output may name the file that it writes */
};

struct command {
        const char *words;     /* "node list" */
        const char *arguments; /* "NAME..." for the help; "" for none */
        const char *help;      /* one line */
        int least, most;       /* arguments; -1: any number */
        unsigned flags;
        int (*run)(const struct command_context *context); /* 0, or an exit status */
};

extern const struct command commands[];
extern const size_t command_count;

/* The command that argv begins with; @ret_used: how many words were its own. NULL: none. */
const struct command *command_find(int argc, char **argv, int *ret_used);

/* "90s", "30m", "2h" as milliseconds. 0, -EINVAL. */
int duration_parse(const char *text, uint64_t *ret_ms);

/* "3", "2h", "2026-11-20 11:25" as the query of a diff. 0, -EINVAL. */
#define SINCE_QUERY_SIZE 48
int since_parse(const char *text, uint64_t now_ms, char to[static SINCE_QUERY_SIZE]);

/* All commands, one a line, to stdout. */
void command_help(void);

int command_login(const struct command_context *context);
int command_status(const struct command_context *context);
int command_events(const struct command_context *context);
int command_node_list(const struct command_context *context);
int command_node_show(const struct command_context *context);
int command_node_timeline(const struct command_context *context);
int command_node_explain(const struct command_context *context);
int command_why(const struct command_context *context);
int command_node_diff(const struct command_context *context);
int command_node_inventories(const struct command_context *context);
int command_node_acknowledge(const struct command_context *context);
int command_node_odd(const struct command_context *context);
int command_node_label(const struct command_context *context);
int command_node_accept(const struct command_context *context);
int command_node_discover(const struct command_context *context);
int command_node_maintenance_on(const struct command_context *context);
int command_node_maintenance_off(const struct command_context *context);
int command_node_delete(const struct command_context *context);
int command_node_install(const struct command_context *context);
int command_node_abort(const struct command_context *context);
int command_node_deployed(const struct command_context *context);
int command_node_retry(const struct command_context *context);
int command_node_release(const struct command_context *context);
int command_node_retire(const struct command_context *context);
int command_node_unretire(const struct command_context *context);
int command_node_reserve(const struct command_context *context);
int command_node_unreserve(const struct command_context *context);
int command_operation_list(const struct command_context *context);
int command_operation_show(const struct command_context *context);
int command_discovery_list(const struct command_context *context);
int command_discovery_status(const struct command_context *context);
int command_discovery_open(const struct command_context *context);
int command_discovery_close(const struct command_context *context);
int command_lease_list(const struct command_context *context);
int command_lease_show(const struct command_context *context);
int command_lease_pools(const struct command_context *context);
int command_history(const struct command_context *context);
int command_diff(const struct command_context *context);
int command_revert(const struct command_context *context);
int command_apply(const struct command_context *context);
int command_dump(const struct command_context *context);
int command_backup(const struct command_context *context);
int command_load(const struct command_context *context);
int command_migrate(const struct command_context *context);
int command_rule_list(const struct command_context *context);
int command_rule_test(const struct command_context *context);
int command_node_rename(const struct command_context *context);
int command_document_list(const struct command_context *context);
int command_document_show(const struct command_context *context);
int command_document_delete(const struct command_context *context);
int command_image_import(const struct command_context *context);
int command_image_list(const struct command_context *context);
int command_image_show(const struct command_context *context);
int command_image_verify(const struct command_context *context);
int command_image_delete(const struct command_context *context);
