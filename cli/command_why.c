/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/each.h"
#include "cli/print.h"
#include "lib/base/text.h"
#include "lib/node/why.h"

#define WHY_PATH_SIZE 320

static void print_evidence(const struct node_event *event, const struct doc *at_ms)
{
        char when[32], text[EVENT_TEXT_SIZE], size[TEXT_SIZE_MAX] = "", total[TEXT_SIZE_MAX];

        cell_when(when, sizeof(when), at_ms);
        if (event->bytes > 0 || event->total > 0)
                text_size(size, event->bytes);
        printf("  %s  %-13s  %s", when, node_steps[event->step].name,
               text_escape(text, sizeof(text),
                           event->text[0] ? event->text : node_steps[event->step].title));
        if (size[0])
                printf("  %s", size);
        if (event->total > 0)
                printf(" of %s", text_size(total, event->total));
        putchar('\n');
}

int command_why(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        char path[WHY_PATH_SIZE], name[NODE_NAME_SIZE], safe[WHY_SENTENCE_SIZE];
        struct why why = {0};
        int rc;

        each_path(path, sizeof(path), "/api/v1/nodes", context->argv[0], "/why");
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        if (doc_decode(&why_table, answer, NULL, &why) < 0) {
                fprintf(stderr, "cloudie: the controller's answer is not understood; this cloudie "
                                "is older\n");
                return EXIT_FAILURE;
        }
        printf("%s: %s", text_escape(name, sizeof(name), context->argv[0]),
               text_escape(safe, sizeof(safe), why.sentence));
        if (why.cause != CAUSE_NONE)
                printf(" (%s)", node_causes[why.cause].name);
        putchar('\n');
        if (why.hint[0])
                printf("What to do: %s\n", text_escape(safe, sizeof(safe), why.hint));
        if (why.evidence_count > 0)
                puts("What was seen:");
        for (size_t i = 0; i < why.evidence_count; i++)
                print_evidence(&why.evidence[i],
                               doc_get(doc_at(doc_get(answer, "evidence"), i), "at_ms"));
        return 0;
}
