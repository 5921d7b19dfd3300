/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs, what waits for its turn, and what was done before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "lib/node/operation.h"

#define PATH "/api/v1/operations"

static const struct column columns[] = {
        {"NUMBER",   "operation.number",  NULL,           true },
        {"NODE",     "node",              NULL,           false},
        {"KIND",     "operation.kind",    NULL,           false},
        {"PROFILE",  "operation.profile", NULL,           false},
        {"STATE",    "operation.state",   NULL,           false},
        {"PLACE",    "place",             NULL,           true },
        {"EXPECTED", "expected_ms",       cell_when,      false},
        {"NOW",      "operation",         cell_operation, false},
        {"BY",       "operation.by",      NULL,           false},
};

int command_operation_list(const struct command_context *context)
{
        return each_list(context, PATH, columns, ARRAY_SIZE(columns), "nothing was done yet");
}

/* How long each step took, in the order in which they are taken. */
static void print_steps(const struct doc *steps)
{
        for (size_t i = 0; i < OPERATION_STEP_COUNT; i++) {
                const int64_t ms = doc_get_number(steps, operation_steps[i].name, 0);

                if (ms > 0)
                        printf("  %-12s %10.1f s  %s\n", operation_steps[i].name, (double)ms / 1000,
                               operation_steps[i].title);
        }
}

static void print_when(const struct doc *object, const char *name, const char *said)
{
        char when[64];

        if (!doc_get(object, name))
                return;
        cell_when(when, sizeof(when), doc_get(object, name));
        printf("%s %s\n", said, when);
}

int command_operation_show(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        char path[320], text[OPERATION_TEXT_SIZE], safe[2 * OPERATION_TEXT_SIZE], node[256];
        struct operation o = {0};
        int rc;

        each_path(path, sizeof(path), PATH, context->argv[0], "");
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE ||
            doc_decode(&operation_table, doc_get(answer, "operation"), NULL, &o) < 0)
                return print_document(context->output, answer);
        cell_text(node, sizeof(node), doc_get(answer, "node"));
        printf("Operation %llu, node %s: %s\n", (unsigned long long)o.number, node,
               text_escape(safe, sizeof(safe), operation_text(&o, text)));
        printf("by %s\n", text_escape(safe, sizeof(safe), o.by));
        print_when(doc_get(answer, "operation"), "queued_ms", "asked for");
        print_when(doc_get(answer, "operation"), "started_ms", "started  ");
        print_when(doc_get(answer, "operation"), "ended_ms", "ended    ");
        if (doc_get(answer, "place"))
                printf("place in the queue: %lld\n", (long long)doc_get_number(answer, "place", 0));
        print_when(answer, "expected_ms", "its turn is expected at");
        print_steps(doc_get(answer, "steps"));
        if (o.evidence[0])
                printf("What was seen: %s\n", text_escape(safe, sizeof(safe), o.evidence));
        if (o.cause != CAUSE_NONE)
                printf("%s\n", node_causes[o.cause].hint);
        return 0;
}
