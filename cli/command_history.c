/* SPDX-License-Identifier: GPL-3.0-or-later */
/* history, diff and revert: what was written of a document, and that it be so again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/each.h"
#include "cli/kinds.h"
#include "cli/show_diff.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define PATH_SIZE 320

static void cell_deleted(char *to, size_t size, const struct doc *value)
{
        snprintf(to, size, "%s", doc_bool(value) ? "deleted" : "");
}

static const struct column columns[] = {
        {"VERSION", "version", NULL,         true },
        {"WRITTEN", "at_ms",   cell_when,    false},
        {"",        "deleted", cell_deleted, false},
        {"PHASE",   "phase",   NULL,         false},
};

/* Of KIND NAME, the first two words. 0, or an exit status after a sentence. */
static int find_kind(const struct command_context *context, const struct kind **ret)
{
        char error[DOC_ERROR_SIZE];

        *ret = kind_find(context->argv[0], error);
        if (*ret)
                return 0;
        fprintf(stderr, "cloudie: %s\n", error);
        return EXIT_USAGE;
}

static int get_history(const struct command_context *context, const struct kind *kind,
                       struct doc **ret)
{
        char path[PATH_SIZE];

        each_path(path, sizeof(path), kind->path, context->argv[1], "/history");
        return call_do(context->call, "GET", path, NULL, NULL, ret);
}

int command_history(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        const struct kind *kind = NULL;
        int rc = find_kind(context, &kind);

        if (rc == 0)
                rc = get_history(context, kind, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        return print_table(columns, ARRAY_SIZE(columns), doc_get(answer, "items"));
}

/* Newest first: of a name that was deleted and written anew the newest of that number. */
static const struct doc *version_of(const struct doc *history, const char *text)
{
        const struct doc *items = doc_get(history, "items");
        uint64_t number;

        if (text_parse_u64(text, INT64_MAX, &number) < 0)
                return NULL;
        for (size_t i = 0; i < doc_count(items); i++) {
                const struct doc *item = doc_at(items, i);

                if (doc_get_number(item, "version", 0) == (int64_t)number &&
                    !doc_get_bool(item, "deleted", false))
                        return item;
        }
        return NULL;
}

static int no_version(const char *text)
{
        char safe[64];

        fprintf(stderr,
                "cloudie: there is no version '%s' of it; 'cloudie history' has what is kept\n",
                text_escape(safe, sizeof(safe), text));
        return EXIT_FAILURE;
}

static int is_hidden(const struct kind *kind)
{
        if (!kind->is_secret)
                return 0;
        fprintf(stderr, "cloudie: what a %s says is shown to nobody: apply it anew\n", kind->name);
        return EXIT_FAILURE;
}

int command_diff(const struct command_context *context)
{
        _doc_ struct doc *history = NULL;
        const struct doc *items, *before, *after;
        const struct kind *kind = NULL;
        int rc = find_kind(context, &kind);

        if (rc == 0)
                rc = is_hidden(kind);
        if (rc == 0)
                rc = get_history(context, kind, &history);
        if (rc != 0)
                return rc;
        items = doc_get(history, "items");
        after = doc_at(items, 0);
        before = doc_at(items, 1);
        if (context->argc > 2 && !(before = version_of(history, context->argv[2])))
                return no_version(context->argv[2]);
        if (context->argc > 3 && !(after = version_of(history, context->argv[3])))
                return no_version(context->argv[3]);
        if (show_diff(stdout, before, after) == 0)
                fprintf(stderr, "cloudie: nothing that people write differs\n");
        return 0;
}

int command_revert(const struct command_context *context)
{
        _doc_ struct doc *history = NULL, *body = doc_object(), *put = NULL;
        const struct doc *newest, *wanted;
        const struct kind *kind = NULL;
        char path[PATH_SIZE], etag[32];
        int rc = find_kind(context, &kind);

        if (rc == 0)
                rc = is_hidden(kind);
        if (rc == 0)
                rc = get_history(context, kind, &history);
        if (rc != 0)
                return rc;
        newest = doc_at(doc_get(history, "items"), 0);
        wanted = version_of(history, context->argv[2]);
        if (!wanted)
                return no_version(context->argv[2]);
        (void)doc_set_text(body, "kind", kind->name);
        (void)doc_set(body, "labels", doc_copy(doc_get(wanted, "labels")));
        (void)doc_set(body, "spec", doc_copy(doc_get(wanted, "spec")));
        each_path(path, sizeof(path), kind->path, context->argv[1], "");
        snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", doc_get_number(newest, "version", 0));
        rc = call_do(context->call, "PUT", path, etag, body, &put);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, put);
        printf("%s/%s is again as in version %s; that is version %" PRId64 "\n", kind->name,
               context->argv[1], context->argv[2], doc_get_number(put, "version", 0));
        return 0;
}
