/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/each.h"

#include <stdio.h>
#include <stdlib.h>

#define EACH_PATH_SIZE 320

void each_path(char *to, size_t size, const char *under, const char *name, const char *what)
{
        char safe[200];

        call_escape(safe, sizeof(safe), name);
        snprintf(to, size, "%s/%s%s", under, safe, what);
}

int each_result(struct doc *results, const char *name, bool is_done)
{
        struct doc *result = doc_object();

        (void)doc_set_text(result, "name", name);
        (void)doc_set_bool(result, "done", is_done);
        return doc_append(results, result);
}

int each_do(const struct command_context *context, const char *under, const char *method,
            const char *what, const char *done)
{
        _doc_ struct doc *results = doc_list();
        int status = 0;

        for (int i = 0; i < context->argc; i++) {
                char path[EACH_PATH_SIZE];
                bool is_done;

                each_path(path, sizeof(path), under, context->argv[i], what);
                is_done = call_do(context->call, method, path, NULL, NULL, NULL) == 0;
                if (!is_done)
                        status = EXIT_FAILURE;
                else if (context->output == OUTPUT_TABLE)
                        printf("%s: %s\n", context->argv[i], done);
                if (each_result(results, context->argv[i], is_done) < 0)
                        status = EXIT_FAILURE;
        }
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                status = EXIT_FAILURE;
        return status;
}

int each_list(const struct command_context *context, const char *under,
              const struct column *columns, size_t count, const char *none)
{
        _doc_ struct doc *answer = NULL;
        _buffer_ struct buffer path = {0};
        const struct doc *items;
        int rc;

        buffer_text(&path, under);
        call_query(&path, "select", context->select);
        rc = call_get(context->call, &path, &answer);
        if (rc != 0)
                return rc;
        items = doc_get(answer, "items");
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, items);
        if (doc_count(items) == 0) {
                fprintf(stderr, "cloudie: %s\n", context->select ? "none that matches" : none);
                return 0;
        }
        return print_table(columns, count, items);
}

int each_show(const struct command_context *context, const char *under)
{
        _doc_ struct doc *answer = NULL;
        char path[EACH_PATH_SIZE];
        int rc;

        each_path(path, sizeof(path), under, context->argv[0], "");
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        print_tree(stdout, answer);
        return 0;
}
