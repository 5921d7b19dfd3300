/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bulk.h"
#include "cli/command.h"
#include "cli/each.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/operation.h"

#define NODE_PATH_SIZE 320

static const struct column list_columns[] = {
        {"NAME",       "name",                        NULL,           false},
        {"PHASE",      "status.phase",                NULL,           false},
        {"HOLDER",     "status.reserved.holder",      NULL,           false},
        {"OPERATION",  "status.operation",            cell_operation, false},
        {"CONDITIONS", "status.conditions",           cell_names,     false},
        {"ADDRESS",    "status.address",              NULL,           false},
        {"VENDOR",     "status.summary.vendor",       NULL,           false},
        {"PRODUCT",    "status.summary.product",      NULL,           false},
        {"CPU",        "status.summary.cpu",          NULL,           false},
        {"THREADS",    "status.summary.threads",      NULL,           true },
        {"MEMORY",     "status.summary.memory_bytes", cell_size,      true },
        {"DISKS",      "status.summary.disk_count",   NULL,           true },
        {"SIZE",       "status.summary.disk_bytes",   cell_size,      true },
        {"NICS",       "status.summary.nic_count",    NULL,           true },
};

/* The node's path; @what after it ("/accept"), or "". */
static void node_path(char to[static NODE_PATH_SIZE], const char *name, const char *what)
{
        each_path(to, NODE_PATH_SIZE, "/api/v1/nodes", name, what);
}

int command_node_list(const struct command_context *context)
{
        _doc_ struct doc *all = doc_list();
        const int rc = bulk_nodes(context, all);

        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, all);
        if (doc_count(all) == 0) {
                fprintf(stderr, "cloudie: no nodes%s\n", context->select ? " that match" : " yet");
                return 0;
        }
        return print_table(list_columns, ARRAY_SIZE(list_columns), all);
}

/* Above the tree, what it says in words. */
static void print_operation(const struct doc *node)
{
        const struct doc *object = doc_get(node, "status.operation");
        char text[OPERATION_TEXT_SIZE], safe[OPERATION_TEXT_SIZE];
        struct operation operation = {0};

        if (!object || doc_decode(&operation_table, object, NULL, &operation) < 0)
                return;
        operation_text(&operation, text);
        printf("Operation: %s\n", text_escape(safe, sizeof(safe), text));
        if (doc_get(node, "queue")) {
                char when[64] = "nobody knows yet when";

                if (doc_get_number(node, "queue.expected_ms", 0) > 0)
                        cell_when(when, sizeof(when), doc_get(node, "queue.expected_ms"));
                printf("Its place in the queue: %lld; its turn is expected: %s\n",
                       (long long)doc_get_number(node, "queue.place", 0), when);
        }
        if (operation.evidence[0])
                printf("What was seen: %s\n", text_escape(safe, sizeof(safe), operation.evidence));
        if (operation.cause != CAUSE_NONE)
                printf("%s\n", node_causes[operation.cause].hint);
        putchar('\n');
}

static int show(const struct command_context *context, const char *what)
{
        _doc_ struct doc *answer = NULL;
        char path[NODE_PATH_SIZE];
        int rc;

        node_path(path, context->argv[0], what);
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        print_operation(answer);
        print_worker(stdout, answer, clock_wall_ms());
        (void)doc_remove(answer, "worker"); /* it was told */
        (void)doc_remove(answer, "queue");
        print_tree(stdout, answer);
        return 0;
}

int command_node_show(const struct command_context *context)
{
        return show(context, context->inventory ? "?inventory=1" : "");
}

static const struct column value_columns[] = {
        {"WHAT",  "what",  NULL, false},
        {"VALUE", "value", NULL, false},
        {"FROM",  "from",  NULL, false},
};

static const struct column verdict_columns[] = {
        {"RULE",     "name",     NULL, false},
        {"PRIORITY", "priority", NULL, true },
        {"OUTCOME",  "outcome",  NULL, false},
        {"TAKEN",    "taken",    NULL, true },
        {"LIMIT",    "limit",    NULL, true },
        {"WHY",      "why",      NULL, false},
};

int command_node_explain(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        const struct doc *because;
        char path[NODE_PATH_SIZE], cell[256];
        int rc;

        node_path(path, context->argv[0], "/explain");
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);

        cell_text(cell, sizeof(cell), doc_get(answer, "plan.action"));
        printf("It boots: %s\n", cell);
        because = doc_get(answer, "because");
        for (size_t i = 0; i < doc_count(because); i++) {
                cell_text(cell, sizeof(cell), doc_at(because, i));
                printf("  because %s\n", cell);
        }
        cell_text(cell, sizeof(cell), doc_get(answer, "plan.kernel_arguments"));
        if (cell[0])
                printf("Kernel arguments: %s\n", cell);
        if (doc_count(doc_get(answer, "values")) > 0) {
                printf("\n");
                (void)print_table(value_columns, ARRAY_SIZE(value_columns),
                                  doc_get(answer, "values"));
        }
        if (doc_count(doc_get(answer, "rules")) == 0)
                return 0;
        printf("\n");
        return print_table(verdict_columns, ARRAY_SIZE(verdict_columns), doc_get(answer, "rules"));
}

int command_node_timeline(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        char path[NODE_PATH_SIZE], query[64] = "/timeline", boot[40];
        const struct doc *items;
        uint64_t first_ms = 0;
        int rc;

        if (context->boot) {
                call_escape(boot, sizeof(boot), context->boot);
                snprintf(query, sizeof(query), "/timeline?boot=%s", boot);
        }
        node_path(path, context->argv[0], query);
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        items = doc_get(answer, "items");
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, items);

        for (size_t i = 0; i < doc_count(items); i++) {
                struct node_event event = {0};

                if (doc_decode(&node_event_table, doc_at(items, i), NULL, &event) < 0)
                        continue;
                if (first_ms == 0)
                        first_ms = event.at_ms;
                print_event(stdout, &event, first_ms);
        }
        return 0;
}

int command_node_accept(const struct command_context *context)
{
        return each_do(context, "/api/v1/nodes", "POST",
                       context->force ? "/accept" EACH_FORCE : "/accept",
                       "accepted, phase 'ready'");
}

int command_node_discover(const struct command_context *context)
{
        return each_do(context, "/api/v1/nodes", "POST", "/discover",
                       "its next boot from the network goes to the ramdisk: restart the machine");
}

int command_node_delete(const struct command_context *context)
{
        return each_do(context, "/api/v1/nodes", "DELETE", context->force ? EACH_FORCE : "",
                       "deleted");
}
