/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events say when to look; what is shown comes from the node itself. So no event
 * that was missed, or that this release does not know, leaves anybody waiting.
 */
#include "cli/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

/* A controller is back in a second; an operator who restarts its machine takes minutes. */
#define WAIT_PAUSE_S 2
#define WAIT_MOST_MS 300000

struct waiting {
        const struct command_context *context;
        struct call *asker; /* looks while the other one listens */
        struct waited *nodes;
        size_t count;
        uint64_t after;
};

int wait_mark(struct call *call, uint64_t *ret)
{
        _doc_ struct doc *status = NULL;
        const int rc = call_do(call, "GET", "/api/v1/status", NULL, NULL, &status);

        if (rc != 0)
                return rc;
        *ret = (uint64_t)doc_get_number(status, "last_event", 0);
        return 0;
}

static void complain(const struct waited *node)
{
        const struct operation *o = &node->operation;
        char text[OPERATION_TEXT_SIZE], safe[2 * OPERATION_TEXT_SIZE];

        operation_text(o, text);
        fprintf(stderr, "cloudie: %s: %s\n", node->name, text_escape(safe, sizeof(safe), text));
        if (o->evidence[0])
                fprintf(stderr, "cloudie: %s: what was seen: %s\n", node->name,
                        text_escape(safe, sizeof(safe), o->evidence));
        if (node_causes[o->cause].hint[0])
                fprintf(stderr, "cloudie: %s\n", node_causes[o->cause].hint);
}

static void show(const struct waiting *w, const struct waited *node)
{
        char text[OPERATION_TEXT_SIZE], safe[2 * OPERATION_TEXT_SIZE];

        if (node->is_ended && node->operation.state != OPERATION_SUCCEEDED) {
                complain(node);
        } else if (w->context->output == OUTPUT_TABLE) {
                operation_text(&node->operation, text);
                printf("%s: %s\n", node->name, text_escape(safe, sizeof(safe), text));
                fflush(stdout);
        }
}

/* Ended, and nobody can say any more how. */
static void lose(struct waited *node, const char *why)
{
        fprintf(stderr, "cloudie: %s: %s\n", node->name, why);
        node->operation.state = OPERATION_ABORTED;
        node->is_ended = true;
}

/* Another operation is none of ours: what became of ours cannot be asked any more. */
static void take(struct waiting *w, struct waited *node, const struct operation *now)
{
        const struct operation *before = &node->operation;
        const bool is_new = now->step != before->step || now->state != before->state ||
                            now->attempt != before->attempt;

        if (now->number != node->number) {
                lose(node, "another operation took the place of this one");
                return;
        }
        node->operation = *now;
        node->is_ended = now->state != OPERATION_RUNNING && now->state != OPERATION_WAITING;
        if (is_new)
                show(w, node);
}

/* A newer controller's step or cause: the next step may be known, but an end is one. */
static void take_unknown(struct waited *node, const struct doc *object)
{
        const char *state = doc_get_text(object, "state");

        if (!text_is_equal(state, operation_state_names[OPERATION_RUNNING]) &&
            !text_is_equal(state, operation_state_names[OPERATION_WAITING]))
                lose(node, "it has ended in a way that this release does not know: 'cloudie node "
                           "show' says more");
}

/* 0, or -EAGAIN: the controller does not answer now. */
static int look(struct waiting *w, struct waited *node)
{
        _answer_ struct call_answer answer = {0};
        struct operation now = {0};
        const struct doc *object;
        char path[320];
        const struct call_request request = {.method = "GET", .path = path};

        if (node->is_ended)
                return 0;
        each_path(path, sizeof(path), "/api/v1/nodes", node->name, "");
        if (!call_try(w->asker, &request, &answer)) {
                if (answer.rc < 0 || answer.status == 503 || answer.status == 429)
                        return -EAGAIN;
                node->is_ended = true;
                node->operation.state = OPERATION_ABORTED;
                return call_complain(w->asker, &answer), 0;
        }
        object = doc_get(answer.doc, "status.operation");
        if (!object)
                lose(node, "it was deleted, and discovered anew, meanwhile");
        else if (doc_decode(&operation_table, object, NULL, &now) < 0)
                take_unknown(node, object);
        else
                take(w, node, &now);
        return 0;
}

static bool have_all_ended(const struct waiting *w)
{
        for (size_t i = 0; i < w->count; i++)
                if (!w->nodes[i].is_ended)
                        return false;
        return true;
}

static int look_at_all(struct waiting *w)
{
        int rc = 0;

        for (size_t i = 0; i < w->count && rc == 0; i++)
                rc = look(w, &w->nodes[i]);
        return rc;
}

static int on_event(void *context, const char *id, const char *name, const char *data)
{
        struct waiting *w = context;
        _doc_ struct doc *event = NULL;
        const char *node;
        uint64_t number;
        int rc = 0;

        if (text_parse_u64(id, INT64_MAX, &number) == 0)
                w->after = number;
        if (text_is_equal(name, "reset")) {
                rc = look_at_all(w);
        } else if (doc_parse(data, strlen(data), &doc_limits_message, NULL, &event) == 0) {
                node = doc_get_text(event, "node");
                for (size_t i = 0; i < w->count && rc == 0; i++)
                        if (text_is_equal(node, w->nodes[i].name))
                                rc = look(w, &w->nodes[i]);
        }
        if (rc < 0)
                return rc;
        if (ferror(stdout))
                return -EPIPE;
        return have_all_ended(w);
}

static int wait_on(struct waiting *w)
{
        uint64_t away_ms = 0; /* since when */

        while (away_ms == 0 || clock_monotonic_ms() - away_ms < WAIT_MOST_MS) {
                const bool is_there = look_at_all(w) == 0;
                char path[96];

                if (have_all_ended(w))
                        return 0;
                if (ferror(stdout))
                        return EXIT_FAILURE;
                snprintf(path, sizeof(path), "/api/v1/events?after=%" PRIu64, w->after);
                if (is_there && call_listen(w->context->call, path, on_event, w) > 0)
                        return 0;
                if (is_there)
                        away_ms = 0;
                else if (away_ms == 0)
                        away_ms = clock_monotonic_ms();
                sleep(WAIT_PAUSE_S);
        }
        fprintf(stderr, "cloudie: the controller does not answer; what was begun goes on without "
                        "this command ('cloudie node list')\n");
        return EXIT_FAILURE;
}

int wait_for(const struct command_context *context, struct waited *nodes, size_t count,
             uint64_t after)
{
        struct waiting w = {.context = context, .nodes = nodes, .count = count, .after = after};
        int rc;

        rc = call_clone(context->call, &w.asker);
        if (rc != 0)
                return rc;
        rc = wait_on(&w);
        call_free(w.asker);
        for (size_t i = 0; i < count; i++)
                if (nodes[i].operation.state != OPERATION_SUCCEEDED)
                        rc = EXIT_FAILURE;
        return rc;
}
