/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "lib/node/step.h"

#define HINDRANCE_SIZE 320  /* a holder, each byte of it escaped */
#define NODES_LIMIT    1000 /* a page; the controller says where the next begins */

int bulk_nodes(const struct command_context *context, struct doc *all)
{
        char after[NODE_NAME_SIZE] = "";

        for (;;) {
                _buffer_ struct buffer path = {0};
                _doc_ struct doc *page = NULL;
                const struct doc *items;
                const char *next;
                int rc;

                buffer_format(&path, "/api/v1/nodes?limit=%d", NODES_LIMIT);
                call_query(&path, "select", context->select);
                call_query(&path, "after", after[0] ? after : NULL);
                rc = call_get(context->call, &path, &page);
                if (rc != 0)
                        return rc;
                items = doc_get(page, "items");
                for (size_t i = 0; i < doc_count(items); i++)
                        if (doc_append(all, doc_copy(doc_at(items, i))) < 0)
                                return EXIT_FAILURE;
                next = doc_get_text(page, "next");
                if (!next)
                        return 0;
                if (text_copy(after, sizeof(after), next) < 0)
                        return EXIT_FAILURE;
        }
}

static bool is_in_maintenance(const struct doc *node)
{
        const struct doc *conditions = doc_get(node, "status.conditions");

        for (size_t i = 0; i < doc_count(conditions); i++)
                if (text_is_equal(doc_get_text(doc_at(conditions, i), "name"), "maintenance"))
                        return true;
        return false;
}

/* Somebody else's: who; NULL: it is not reserved, or for him who asks. */
static const char *holder_of(const struct doc *node, const char *user)
{
        const char *holder = doc_get_text(node, "status.reserved.holder");

        return holder && user && strcmp(holder, user) == 0 ? NULL : holder;
}

/* One sentence for why it is left alone; NULL: it is not. */
static const char *hindrance_of(const struct doc *node, const char *user,
                                char to[static HINDRANCE_SIZE])
{
        const char *holder = holder_of(node, user);
        char safe[HINDRANCE_SIZE - 32];

        if (is_in_maintenance(node))
                return "in maintenance";
        if (!holder)
                return NULL;
        snprintf(to, HINDRANCE_SIZE, "reserved for '%s'", text_escape(safe, sizeof(safe), holder));
        return to;
}

/* Of @nodes those that may be touched. @names holds as many as there are nodes. */
static size_t choose(const struct doc *nodes, const char *user, bool is_careful, const char **names)
{
        char safe[NODE_NAME_SIZE * 4], text[HINDRANCE_SIZE];
        size_t count = 0;

        for (size_t i = 0; i < doc_count(nodes); i++) {
                const struct doc *node = doc_at(nodes, i);
                const char *name = doc_get_text(node, "name");
                const char *hindrance;

                if (!name)
                        continue;
                hindrance = is_careful ? hindrance_of(node, user, text) : NULL;
                if (hindrance)
                        fprintf(stderr, "%s: %s, so it is left alone\n",
                                text_escape(safe, sizeof(safe), name), hindrance);
                else
                        names[count++] = name;
        }
        return count;
}

bool bulk_is_agreed(const struct command_context *context, const char *question)
{
        char answer[8];

        if (context->is_sure)
                return true;
        if (!isatty(STDIN_FILENO)) {
                fprintf(stderr, "cloudie: nothing was done: --yes does it\n");
                return false;
        }
        fprintf(stderr, "%s [y/N] ", question);
        return fgets(answer, sizeof(answer), stdin) &&
               (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

/* What is asked for is shown where it does not mix with results. */
static void show(const struct command *command, const char **names, size_t count)
{
        char safe[NODE_NAME_SIZE * 4];

        fprintf(stderr, "'%s' of %zu node%s:\n", command->words, count, count == 1 ? "" : "s");
        for (size_t i = 0; i < count; i++)
                fprintf(stderr, "  %s\n", text_escape(safe, sizeof(safe), names[i]));
}

/* All names in one run; or, where other words follow the name, a run a name. */
static int run(const struct command *command, const struct command_context *context,
               const char **names, size_t count)
{
        _doc_ struct doc *answers = doc_list();
        struct command_context one = *context;
        const size_t words = (size_t)context->argc;
        _free_ char **argv = calloc(count + words + 1, sizeof(*argv));
        int status = 0;

        if (!argv)
                return EXIT_FAILURE;
        one.select = NULL;
        one.argv = argv;
        if (!(command->flags & COMMAND_WORDS)) {
                one.argc = (int)count;
                memcpy(argv, names, count * sizeof(*argv));
                return command->run(&one);
        }
        if (context->output != OUTPUT_TABLE)
                one.answers = answers;
        one.argc = context->argc + 1;
        memcpy(argv + 1, context->argv, words * sizeof(*argv));
        for (size_t i = 0; i < count; i++) {
                memcpy(&argv[0], &names[i], sizeof(*argv));
                if (command->run(&one) != 0)
                        status = EXIT_FAILURE;
        }
        if (one.answers && print_document(context->output, answers) != 0)
                status = EXIT_FAILURE;
        return status;
}

/* What would be done to each: of a script's output it is no part. 0, or an exit status. */
static int plan(const struct command *command, const struct command_context *context,
                const char **names, size_t count)
{
        struct command_context dry = *context;

        dry.dry_run = true;
        dry.is_plan = !context->dry_run;
        if (dry.is_plan)
                dry.output = OUTPUT_TABLE;
        return run(command, &dry, names, count);
}

static int no_nodes(const struct command_context *context, const struct doc *nodes)
{
        _doc_ struct doc *nothing = doc_list();

        fprintf(stderr, doc_count(nodes) == 0 ? "cloudie: no nodes match\n"
                                              : "cloudie: no nodes are left\n");
        return context->output == OUTPUT_TABLE ? 0 : print_document(context->output, nothing);
}

int bulk_run(const struct command *command, const struct command_context *context)
{
        _doc_ struct doc *nodes = doc_list();
        _free_ const char **names = NULL;
        char question[48];
        size_t count;
        int rc;

        /* Of a script's variable that is not set; it would delete all that there are. */
        if (!context->select[strspn(context->select, " \t\r\n")]) {
                fprintf(stderr, "cloudie: an empty filter chooses every node; if that is meant, "
                                "say -l 'name=*'\n");
                return EXIT_USAGE;
        }
        rc = bulk_nodes(context, nodes);
        if (rc != 0)
                return rc;
        names = calloc(doc_count(nodes) + 1, sizeof(*names));
        if (!names)
                return EXIT_FAILURE;
        count = choose(nodes, context->user, (command->flags & COMMAND_FORCES) && !context->force,
                       names);
        if (count == 0)
                return no_nodes(context, nodes);
        if (command->flags & COMMAND_PLANS) {
                rc = plan(command, context, names, count);
                if (context->dry_run || rc == EXIT_USAGE)
                        return rc;
        } else {
                show(command, names, count);
        }
        snprintf(question, sizeof(question), "Do that to %zu node%s?", count,
                 count == 1 ? "" : "s");
        return bulk_is_agreed(context, question) ? run(command, context, names, count)
                                                 : EXIT_FAILURE;
}
