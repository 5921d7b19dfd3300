/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/each.h"
#include "cli/wait.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define SENTENCE_SIZE 1024

/* One way that an operator has with a node: install, retry, abort, release, retire, reserve. */
struct way {
        const char *what; /* "/install" */
        const char *done; /* "aborted" */
        struct doc *body; /* borrowed; NULL: none */
        bool may_wait;
};

struct acting {
        const struct command_context *context;
        const struct way *way;
        struct doc *results;
        struct waited *waited; /* argc of them */
        size_t waited_count;
        int status;
};

static void print_sentences(FILE *to, const struct doc *list)
{
        char sentence[SENTENCE_SIZE];

        for (size_t i = 0; i < doc_count(list); i++) {
                cell_text(sentence, sizeof(sentence), doc_at(list, i));
                fprintf(to, "  %s\n", sentence);
        }
}

/* What is to be told of an answer; the whole of a dry run is its reasons. */
static void tell(const struct acting *a, const char *name, const struct doc *answer)
{
        char text[OPERATION_TEXT_SIZE], sentence[SENTENCE_SIZE];
        FILE *to = a->context->is_plan ? stderr : stdout;
        struct operation operation = {0};

        if (a->context->dry_run) {
                fprintf(to, "%s: nothing was done; this is what an install would do:\n", name);
                print_sentences(to, doc_get(answer, "because"));
                return;
        }
        if (doc_decode(&operation_table, doc_get(answer, "status.operation"), NULL, &operation) <
                    0 ||
            !a->way->may_wait)
                printf("%s: %s\n", name, a->way->done);
        else
                printf("%s: %s; it %s\n", name, a->way->done,
                       text_escape(sentence, sizeof(sentence), operation_text(&operation, text)));
        cell_text(sentence, sizeof(sentence), doc_get(answer, "advice"));
        if (sentence[0])
                printf("  %s\n", sentence);
}

/* Takes the answer (NULL: it was refused): of a dry run a script gets the whole. */
static int append(struct acting *a, const char *name, struct doc *take)
{
        const bool is_done = take != NULL;

        if (is_done && a->context->dry_run) {
                (void)doc_set_text(take, "name", name);
                return doc_append(a->results, take);
        }
        (void)doc_free(take);
        return each_result(a->results, name, is_done);
}

static void act(struct acting *a, const char *name)
{
        _doc_ struct doc *answer = NULL;
        char path[320], what[64];

        snprintf(what, sizeof(what), "%s%s", a->way->what, a->context->force ? EACH_FORCE : "");
        each_path(path, sizeof(path), "/api/v1/nodes", name, what);
        if (call_do(a->context->call, "POST", path, NULL, a->way->body, &answer) != 0) {
                a->status = EXIT_FAILURE;
        } else {
                if (!answer)
                        answer = doc_object();
                if (a->context->output == OUTPUT_TABLE)
                        tell(a, name, answer);
                if (a->waited)
                        a->waited[a->waited_count++] = (struct waited){
                                .name = name,
                                .number = (uint64_t)doc_get_number(answer,
                                                                   "status.operation.number", 0),
                                .operation.state = OPERATION_RUNNING,
                        };
        }
        if (!a->waited && append(a, name, TAKE_PTR(answer)) < 0)
                a->status = EXIT_FAILURE;
}

/* Those that were begun have ended by now; those that were refused stand there, too. */
static void append_waited(struct acting *a)
{
        for (int i = 0; i < a->context->argc; i++) {
                bool is_done = false;

                for (size_t j = 0; j < a->waited_count; j++)
                        if (a->waited[j].name == a->context->argv[i])
                                is_done = a->waited[j].operation.state == OPERATION_SUCCEEDED;
                if (each_result(a->results, a->context->argv[i], is_done) < 0)
                        a->status = EXIT_FAILURE;
        }
}

static int act_on_each(const struct command_context *context, const struct way *way)
{
        _doc_ struct doc *results = doc_list();
        _free_ struct waited *waited = NULL;
        struct acting a = {.context = context, .way = way, .results = results};
        uint64_t mark = 0;

        if (way->may_wait && context->wait && !context->dry_run) {
                a.status = wait_mark(context->call, &mark);
                if (a.status != 0)
                        return a.status;
                waited = calloc((size_t)context->argc, sizeof(*waited));
                if (!waited)
                        return EXIT_FAILURE;
                a.waited = waited;
        }
        for (int i = 0; i < context->argc; i++)
                act(&a, context->argv[i]);
        if (a.waited) {
                if (wait_for(context, a.waited, a.waited_count, mark) != 0)
                        a.status = EXIT_FAILURE;
                append_waited(&a);
        }
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                a.status = EXIT_FAILURE;
        return a.status;
}

int command_node_install(const struct command_context *context)
{
        _doc_ struct doc *body = doc_object();
        const struct way way = {"/install", "install begun", body, true};

        if (!context->profile) {
                fprintf(stderr, "cloudie: --profile says how they are to be installed; 'cloudie "
                                "profile list' shows which there are\n");
                return EXIT_USAGE;
        }
        (void)doc_set_text(body, "profile", context->profile);
        if (context->erase)
                (void)doc_set_bool(body, "erase", true);
        if (context->dry_run)
                (void)doc_set_bool(body, "dry_run", true);
        return act_on_each(context, &way);
}

int command_node_retry(const struct command_context *context)
{
        const struct way way = {"/retry", "begun anew", NULL, true};

        return act_on_each(context, &way);
}

static int set_maintenance(const struct command_context *context, bool is_on, const char *done)
{
        _doc_ struct doc *body = doc_object();
        const struct way way = {"/maintenance", done, body, false};

        (void)doc_set_bool(body, "on", is_on);
        if (context->reason)
                (void)doc_set_text(body, "reason", context->reason);
        return act_on_each(context, &way);
}

int command_node_maintenance_on(const struct command_context *context)
{
        return set_maintenance(context, true, "in maintenance: nothing begins on it");
}

int command_node_maintenance_off(const struct command_context *context)
{
        return set_maintenance(context, false, "not in maintenance any more");
}

int command_node_abort(const struct command_context *context)
{
        const struct way way = {"/abort", "aborted", NULL, false};

        return act_on_each(context, &way);
}

int command_node_release(const struct command_context *context)
{
        const struct way way = {"/release", "released, phase 'ready'", NULL, false};

        return act_on_each(context, &way);
}

int command_node_retire(const struct command_context *context)
{
        const struct way way = {"/retire", "retired: it is left alone", NULL, false};

        return act_on_each(context, &way);
}

int command_node_unretire(const struct command_context *context)
{
        const struct way way = {"/unretire", "back, phase 'discovered'", NULL, false};

        return act_on_each(context, &way);
}

int command_node_reserve(const struct command_context *context)
{
        _doc_ struct doc *body = doc_object();
        const struct way way = {"/reserve", "reserved", body, false};

        if (context->for_what)
                (void)doc_set_text(body, "holder", context->for_what);
        if (context->reason)
                (void)doc_set_text(body, "reason", context->reason);
        return act_on_each(context, &way);
}

int command_node_unreserve(const struct command_context *context)
{
        const struct way way = {"/unreserve", "given back, phase 'ready'", NULL, false};

        return act_on_each(context, &way);
}

int command_node_deployed(const struct command_context *context)
{
        const struct way way = {"/deployed", "deployed", NULL, false};

        return act_on_each(context, &way);
}
