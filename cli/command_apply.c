/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All documents are read, checked and compared with what the controller has
 * before the first is sent: a slip in the third of five files changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/apply.h"
#include "cli/bulk.h"
#include "cli/each.h"
#include "cli/show_diff.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "lib/node/node_document.h"
#include "lib/node/profile.h"

#define PATH_SIZE 320

/* What there is of it now: 404 is an answer, too. 0 or EXIT_FAILURE. */
static int look_at(struct call *call, struct item *item)
{
        _answer_ struct call_answer now = {0};
        char path[PATH_SIZE];
        const struct call_request get = {.method = "GET", .path = path};

        each_path(path, sizeof(path), item->kind->path, doc_get_text(item->document, "name"), "");
        if (call_try(call, &get, &now))
                item->now = TAKE_PTR(now.doc);
        else if (now.status != 404 || item->kind->is_found)
                return call_complain(call, &now);
        return 0;
}

/* Whether a profile may name this: it is among the files, or the controller has it. */
static int check_name(struct call *call, const struct items *items, const char *kind,
                      const char *name)
{
        _doc_ struct doc *there = NULL;
        char path[PATH_SIZE], error[DOC_ERROR_SIZE];

        if (!name[0] || items_find(items, kind, name))
                return 0;
        each_path(path, sizeof(path), kind_find(kind, error)->path, name, "");
        return call_do(call, "GET", path, NULL, NULL, &there);
}

static int check_rule(struct call *call, const struct items *items, const struct doc *rule)
{
        const char *profile = doc_get_text(rule, "spec.profile");
        const int rc = profile ? check_name(call, items, "profile", profile) : 0;

        if (rc != 0)
                fprintf(stderr, "cloudie: rule '%s' asks for it; nothing was written\n",
                        doc_get_text(rule, "name"));
        return rc;
}

static int check_references(struct call *call, const struct items *items, const struct item *item)
{
        struct profile profile;
        int rc;

        if (text_is_equal(item->kind->name, "rule"))
                return check_rule(call, items, item->document);
        if (!text_is_equal(item->kind->name, "profile") ||
            profile_decode(item->document, NULL, &profile) < 0)
                return 0;
        rc = check_name(call, items, "file", profile.seed.user_data);
        for (size_t i = 0; rc == 0 && i < profile.seed.ssh_key_count; i++)
                rc = check_name(call, items, "key", profile.seed.ssh_keys[i]);
        if (rc != 0)
                fprintf(stderr, "cloudie: profile '%s' asks for it; nothing was written\n",
                        profile.name);
        return rc;
}

int apply_check(struct call *call, const struct items *items)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < items->count; i++)
                rc = check_references(call, items, items->at[i]);
        return rc;
}

/* Would the controller take it? What only it knows, as networks that clash, it says before anything
 * is written. Names were looked at by apply_check(), which knows what else is in the files. */
static int ask_dry(const struct command_context *context, const struct item *item,
                   const char *if_match)
{
        _answer_ struct call_answer answer = {0};
        _free_ char *body = NULL;
        char path[PATH_SIZE];
        struct call_request put = {.method = "PUT", .path = path, .if_match = if_match};

        /* The node of a dump is not there yet, and it would not be a PUT. */
        if (item->kind->is_found && !item->now)
                return 0;
        if (doc_print(item->document, DOC_COMPACT, &body) < 0)
                return EXIT_FAILURE;
        put.body = body;
        put.body_size = strlen(body);
        each_path(path, sizeof(path), item->kind->path, doc_get_text(item->document, "name"),
                  "?dry_run=1");
        /* A viewer may see what would change, though not write it. */
        if (call_try(context->call, &put, &answer) || answer.status == 403 ||
            text_is_equal(doc_get_text(answer.doc, "code"), "reference-unknown"))
                return 0;
        return call_complain(context->call, &answer);
}

static const char *say_dry(const struct command_context *context, const struct item *item)
{
        const bool is_secret = item->kind->is_secret;

        if (context->output == OUTPUT_TABLE)
                (void)show_diff(stdout, is_secret ? NULL : item->now,
                                is_secret ? NULL : item->document);
        if (!item->now)
                return "would be created";
        return is_secret ? "would be written" : "would be changed";
}

/* Returns what was done, or would be: "created", "changed", "unchanged"; NULL after a sentence. */
static const char *put_one(const struct command_context *context, const struct item *item)
{
        const int64_t version = doc_get_number(item->now, "version", 0);
        /* `apply` sends no node that is not there. */
        const bool is_loaded = item->kind->is_found && !item->now;
        _doc_ struct doc *put = NULL;
        char path[PATH_SIZE], etag[32];

        if (item->now && item_says_the_same(item->document, item->now))
                return "unchanged";
        each_path(path, sizeof(path), item->kind->path, doc_get_text(item->document, "name"),
                  is_loaded ? "/load" : "");
        /* Not over what somebody wrote in this moment. */
        snprintf(etag, sizeof(etag), "\"%lld\"", (long long)version);
        if (context->dry_run)
                return ask_dry(context, item, item->now ? etag : NULL) == 0 ? say_dry(context, item)
                                                                            : NULL;
        if (call_do(context->call, is_loaded ? "POST" : "PUT", path, item->now ? etag : NULL,
                    item->document, &put) != 0)
                return NULL;
        if (!item->now)
                return "created";
        /* Of what is shown to nobody, the controller alone can tell. */
        return doc_get_number(put, "version", 0) == version ? "unchanged" : "changed";
}

static int send_all(const struct command_context *context, const struct items *items,
                    const char **done)
{
        int status = 0;

        for (size_t k = 0; k < kind_count; k++) {
                for (size_t i = 0; i < items->count; i++) {
                        if (items->at[i]->kind != &kinds[k])
                                continue;
                        done[i] = put_one(context, items->at[i]);
                        if (!done[i])
                                status = EXIT_FAILURE;
                }
        }
        return status;
}

static int append_result(struct doc *results, const char *kind, const char *name, const char *done)
{
        struct doc *result = doc_object();

        (void)doc_set_text(result, "kind", kind);
        (void)doc_set_text(result, "name", name);
        (void)doc_set_text(result, "result", done ? done : "failed");
        return doc_append(results, result);
}

/* Prune: what has the label of this set, and is in none of the files. */

static int find_gone(const struct command_context *context, const struct items *items,
                     const struct kind *kind, struct doc *gone)
{
        _doc_ struct doc *answer = NULL;
        const struct doc *list;
        int rc;

        rc = call_do(context->call, "GET", kind->path, NULL, NULL, &answer);
        list = doc_get(answer, "items");
        for (size_t i = 0; rc == 0 && i < doc_count(list); i++) {
                const struct doc *one = doc_at(list, i);
                const char *name = doc_get_text(one, "name");
                const char *set = doc_get_text(one, "labels." ITEMS_SET_LABEL);

                if (!name || !text_is_equal(set, context->set) ||
                    items_find(items, kind->name, name))
                        continue;
                if (doc_append(gone, doc_copy(one)) < 0)
                        rc = EXIT_FAILURE;
        }
        return rc;
}

/* Profiles first: they name the others. Nodes are machines: what is in no file stays. */
static int find_all_gone(const struct command_context *context, const struct items *items,
                         struct doc *gone)
{
        int rc = 0;

        for (size_t k = kind_count; rc == 0 && k-- > 0;)
                if (!kinds[k].is_found && !kinds[k].is_kept)
                        rc = find_gone(context, items, &kinds[k], gone);
        return rc;
}

static bool may_prune(const struct command_context *context, const struct doc *gone)
{
        char question[64];

        if (doc_count(gone) == 0 || context->dry_run)
                return true;
        fprintf(stderr, "of the set '%s' these are in no file, and will be deleted:\n",
                context->set);
        for (size_t i = 0; i < doc_count(gone); i++)
                fprintf(stderr, "  %s/%s\n", doc_get_text(doc_at(gone, i), "kind"),
                        doc_get_text(doc_at(gone, i), "name"));
        snprintf(question, sizeof(question), "Apply, and delete %zu document%s?", doc_count(gone),
                 doc_count(gone) == 1 ? "" : "s");
        return bulk_is_agreed(context, question);
}

static int prune(const struct command_context *context, const struct doc *gone, struct doc *results)
{
        int status = 0;

        for (size_t i = 0; i < doc_count(gone); i++) {
                const struct doc *one = doc_at(gone, i);
                const char *kind = doc_get_text(one, "kind"), *name = doc_get_text(one, "name");
                const char *done = context->dry_run ? "would be deleted" : "deleted";
                char path[PATH_SIZE], etag[32], error[DOC_ERROR_SIZE];

                each_path(path, sizeof(path), kind_find(kind, error)->path, name, "");
                snprintf(etag, sizeof(etag), "\"%lld\"",
                         (long long)doc_get_number(one, "version", 0));
                if (!context->dry_run &&
                    call_do(context->call, "DELETE", path, etag, NULL, NULL) != 0) {
                        done = NULL;
                        status = EXIT_FAILURE;
                }
                if (done && context->output == OUTPUT_TABLE)
                        printf("%s/%s %s\n", kind, name, done);
                if (append_result(results, kind, name, done) < 0)
                        status = EXIT_FAILURE;
        }
        return status;
}

int apply_send(const struct command_context *context, const struct items *items,
               struct doc *results)
{
        _free_ const char **done = calloc(items->count + 1, sizeof(*done));
        int status;

        if (!done)
                return EXIT_FAILURE;
        status = send_all(context, items, done);
        for (size_t i = 0; i < items->count; i++) {
                const struct item *item = items->at[i];
                const char *name = doc_get_text(item->document, "name");

                if (done[i] && context->output == OUTPUT_TABLE)
                        printf("%s/%s %s\n", item->kind->name, name, done[i]);
                if (append_result(results, item->kind->name, name, done[i]) < 0)
                        status = EXIT_FAILURE;
        }
        return status;
}

/* Nodes and images have labels of their own, and no set: they are never pruned. */
static int mark(const struct items *items, const char *set)
{
        int rc = 0;

        for (size_t i = 0; set && rc == 0 && i < items->count; i++) {
                struct doc *document = items->at[i]->document;

                if (items->at[i]->kind->is_found || items->at[i]->kind->is_kept)
                        continue;
                if (!doc_get(document, "labels"))
                        rc = doc_set(document, "labels", doc_object());
                if (rc == 0)
                        rc = doc_set_text(doc_get(document, "labels"), ITEMS_SET_LABEL, set);
        }
        return rc == 0 ? 0 : EXIT_FAILURE;
}

static int check_words(const struct command_context *context)
{
        if (context->prune && !context->set) {
                fprintf(stderr, "cloudie: --prune needs --set NAME: which of the documents that "
                                "were applied before are meant\n");
                return EXIT_USAGE;
        }
        if (!context->set || (strlen(context->set) < NODE_LABEL_SIZE && context->set[0]))
                return 0;
        fprintf(stderr, "cloudie: --set takes a name of at most %d bytes\n", NODE_LABEL_SIZE - 1);
        return EXIT_USAGE;
}

int command_apply(const struct command_context *context)
{
        CLEANUP(items_free) struct items *items = items_new(ITEMS_APPLY_MAX);
        _doc_ struct doc *results = doc_list(), *gone = doc_list();
        int status = check_words(context);

        if (status != 0 || !items)
                return status != 0 ? status : EXIT_FAILURE;
        for (int i = 0; status == 0 && i < context->argc; i++)
                status = items_read(items, context->argv[i]);
        if (status == 0)
                status = mark(items, context->set);
        for (size_t i = 0; status == 0 && i < items->count; i++)
                status = look_at(context->call, items->at[i]);
        if (status == 0)
                status = apply_check(context->call, items);
        if (status == 0 && context->prune)
                status = find_all_gone(context, items, gone);
        if (status != 0)
                return status;
        if (!may_prune(context, gone))
                return EXIT_FAILURE;
        status = apply_send(context, items, results);
        if (status == 0)
                status = prune(context, gone, results);
        else if (doc_count(gone) > 0)
                fprintf(stderr,
                        "cloudie: nothing was deleted, as not all documents were written\n");
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                status = EXIT_FAILURE;
        return status;
}
