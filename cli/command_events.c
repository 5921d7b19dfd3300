/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

struct listener {
        const struct command_context *context;
        uint64_t first_ms;
};

/* Who reads us has left, or the disk is full: no reason to go on. */
static int flush(void)
{
        return fflush(stdout) != 0 || ferror(stdout) ? -EPIPE : 0;
}

/* JSON: a line an event. YAML: a document an event. */
static int print_data(enum output output, const char *data)
{
        _doc_ struct doc *event = NULL;

        if (output == OUTPUT_JSON) {
                print_json(stdout, data);
                putchar('\n');
        } else if (doc_parse(data, strlen(data), &doc_limits_message, NULL, &event) == 0) {
                puts("---");
                (void)print_document(output, event);
        }
        return flush();
}

static int on_event(void *context, const char *id, const char *name, const char *data)
{
        struct listener *l = context;
        struct node_event event = {0};

        (void)id;
        if (text_is_equal(name, "reset")) {
                fprintf(stderr, "cloudie: too slow: some events were left out\n");
                return 0;
        }
        if (l->context->output != OUTPUT_TABLE)
                return print_data(l->context->output, data);
        /* A step of a newer controller, that we do not know, is no reason to stop listening. */
        if (doc_decode_text(&node_event_table, data, strlen(data), &doc_limits_message, NULL,
                            &event) < 0)
                return 0;
        if (l->first_ms == 0)
                l->first_ms = event.at_ms;
        print_event(stdout, &event, l->first_ms);
        return flush();
}

int command_events(const struct command_context *context)
{
        struct listener listener = {.context = context};
        char path[96];
        uint64_t after = 0;
        int rc;

        if (context->after && text_parse_u64(context->after, INT64_MAX, &after) < 0) {
                fprintf(stderr, "cloudie: --after takes the number of an event\n");
                return EXIT_USAGE;
        }
        /* Who does not follow wants what there is: from the first event on, if nothing else is
         * said. */
        if (!context->follow)
                snprintf(path, sizeof(path), "/api/v1/events?follow=0&after=%" PRIu64, after);
        else if (context->after)
                snprintf(path, sizeof(path), "/api/v1/events?after=%" PRIu64, after);
        else
                snprintf(path, sizeof(path), "/api/v1/events");
        rc = call_events(context->call, path, on_event, &listener);
        /* main() says what is wrong with stdout. */
        return ferror(stdout) ? EXIT_FAILURE : rc;
}
