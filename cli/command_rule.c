/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules, what they would do, and the names that nodes have. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/each.h"
#include "lib/base/text.h"

#define PATH_SIZE 320

static const struct column rule_columns[] = {
        {"NAME",     "name",          NULL, false},
        {"PRIORITY", "spec.priority", NULL, true },
        {"ACTION",   "spec.action",   NULL, false},
        {"PROFILE",  "spec.profile",  NULL, false},
        {"LIMIT",    "spec.limit",    NULL, true },
        {"MATCH",    "spec.match",    NULL, false},
};

static const struct column test_columns[] = {
        {"NODE",    "name",    NULL, false},
        {"PHASE",   "phase",   NULL, false},
        {"OUTCOME", "outcome", NULL, false},
        {"WHY",     "why",     NULL, false},
};

int command_rule_list(const struct command_context *context)
{
        return each_list(context, "/api/v1/rules", rule_columns, ARRAY_SIZE(rule_columns),
                         "there is no rule: every new machine is held until it is accepted");
}

int command_rule_test(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        char path[PATH_SIZE], cell[256], limit[32] = "";
        int64_t more;
        int rc;

        each_path(path, sizeof(path), "/api/v1/rules", context->argv[0], "/test");
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        cell_text(cell, sizeof(cell), doc_get(answer, "match"));
        printf("matches: %s\n", cell);
        if (doc_get(answer, "limit"))
                snprintf(limit, sizeof(limit), " of %lld",
                         (long long)doc_get_number(answer, "limit", 0));
        printf("took: %lld%s\n", (long long)doc_get_number(answer, "taken", 0), limit);
        rc = print_table(test_columns, ARRAY_SIZE(test_columns), doc_get(answer, "items"));
        more = doc_get_number(answer, "more", 0);
        if (more > 0)
                printf("and %lld more, which are not listed\n", (long long)more);
        return rc;
}

int command_node_rename(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL, *body = doc_object();
        char path[PATH_SIZE], name[NODE_NAME_SIZE * 4];
        int rc;

        (void)doc_set_text(body, "name", context->argv[1]);
        each_path(path, sizeof(path), "/api/v1/nodes", context->argv[0], "/rename");
        rc = call_do(context->call, "POST", path, NULL, body, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        cell_text(name, sizeof(name), doc_get(answer, "name"));
        printf("%s: is called %s now\n", text_escape(path, sizeof(path), context->argv[0]), name);
        return 0;
}
