/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All documents are read and checked before the first is sent: a slip in the
 * third of five files changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/documents.h"
#include "cli/each.h"
#include "cli/kinds.h"
#include "cli/show_diff.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doc/diff.h"

#define APPLY_MAX_BYTES  ((size_t)16 << 20) /* of one file: people write them */
#define APPLY_PATH_SHOWN 512 /* of a file's name, which somebody else may have given it */

struct item {
        const struct kind *kind;
        struct doc *document;
};

struct items {
        struct item at[DOCUMENTS_MAX];
        size_t count;
};

static struct items *items_free(struct items *items)
{
        for (size_t i = 0; i < items->count; i++)
                doc_free(items->at[i].document);
        free(items);
        return NULL;
}
CLEANUP_DEFINE(struct items *, items_free)

static int take_part(struct items *items, const struct document_part *part, char *error)
{
        _doc_ struct doc *document = NULL;
        const struct kind *kind;

        if (items->count == DOCUMENTS_MAX) {
                snprintf(error, DOC_ERROR_SIZE, "more than %d documents", DOCUMENTS_MAX);
                return -E2BIG;
        }
        if (document_parse(part, error, &document) < 0)
                return -EBADMSG;
        kind = kind_find(doc_get_text(document, "kind"), error);
        if (!kind || kind->check(document, error) < 0)
                return -EBADMSG;
        items->at[items->count++] = (struct item){kind, TAKE_PTR(document)};
        return 0;
}

static int read_stdin(char **ret, size_t *ret_size)
{
        _buffer_ struct buffer bytes = {.limit = APPLY_MAX_BYTES};
        char some[4096];
        size_t size;

        while ((size = fread(some, 1, sizeof(some), stdin)) > 0)
                buffer_add(&bytes, some, size);
        if (ferror(stdin))
                return -EIO;
        *ret_size = bytes.size;
        return buffer_take(&bytes, ret);
}

static int read_text(const char *path, char **ret, size_t *ret_size)
{
        const bool is_stdin = text_is_equal(path, "-");
        const int rc = is_stdin ? read_stdin(ret, ret_size)
                                : file_read(AT_FDCWD, path, APPLY_MAX_BYTES, ret, ret_size);
        char safe[APPLY_PATH_SHOWN];

        if (rc < 0)
                fprintf(stderr, "cloudie: %s cannot be read: %s\n",
                        is_stdin ? "stdin" : text_escape(safe, sizeof(safe), path), strerror(-rc));
        return rc;
}

static int read_file(struct items *items, const char *path)
{
        char error[DOC_ERROR_SIZE] = "", safe[2 * DOC_ERROR_SIZE], file[APPLY_PATH_SHOWN];
        const size_t before = items->count;
        struct document_part part;
        _free_ char *text = NULL;
        size_t size, at = 0;

        if (read_text(path, &text, &size) < 0)
                return EXIT_FAILURE;
        text_escape(file, sizeof(file), path);
        while (document_next(text, size, &at, &part) > 0) {
                if (take_part(items, &part, error) == 0)
                        continue;
                fprintf(stderr, "cloudie: %s, the document from line %zu on: %s\n", file, part.line,
                        text_escape(safe, sizeof(safe), error[0] ? error : "no memory"));
                return EXIT_FAILURE;
        }
        if (items->count > before)
                return 0;
        fprintf(stderr, "cloudie: %s has no document\n", file);
        return EXIT_FAILURE;
}

/* In what an operator writes of it; the rest is the controller's. */
static bool says_the_same(const struct doc *a, const struct doc *b)
{
        static const char *const names[] = {"labels", "spec"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct doc *is = doc_get(a, names[i]), *was = doc_get(b, names[i]);

                if (doc_count(is) + doc_count(was) > 0 && !doc_is_same(is, was))
                        return false;
        }
        return true;
}

/* Returns what was done, or would be: "created", "changed", "unchanged"; NULL after a sentence. */
static const char *put_one(const struct command_context *context, const struct item *item)
{
        struct call *call = context->call;
        _answer_ struct call_answer now = {0};
        _doc_ struct doc *put = NULL;
        char path[320], etag[32];
        const struct call_request get = {.method = "GET", .path = path};
        bool is_new;

        each_path(path, sizeof(path), item->kind->path, doc_get_text(item->document, "name"), "");
        is_new = !call_try(call, &get, &now);
        if (is_new && now.status != 404) {
                (void)call_complain(call, &now);
                return NULL;
        }
        if (!is_new && says_the_same(item->document, now.doc))
                return "unchanged";
        if (context->dry_run) {
                if (context->output == OUTPUT_TABLE)
                        (void)show_diff(stdout, item->kind->is_secret ? NULL : now.doc,
                                        item->kind->is_secret ? NULL : item->document);
                if (is_new)
                        return "would be created";
                return item->kind->is_secret ? "would be written" : "would be changed";
        }
        /* Not over what somebody wrote in this moment. */
        snprintf(etag, sizeof(etag), "\"%lld\"", (long long)doc_get_number(now.doc, "version", 0));
        if (call_do(call, "PUT", path, is_new ? NULL : etag, item->document, &put) != 0)
                return NULL;
        if (is_new)
                return "created";
        /* Of what is shown to nobody, the controller alone can tell. */
        return doc_get_number(put, "version", 0) == doc_get_number(now.doc, "version", 0)
                       ? "unchanged"
                       : "changed";
}

static int send_all(const struct command_context *context, const struct items *items,
                    const char **done)
{
        int status = 0;

        for (size_t k = 0; k < kind_count; k++) {
                for (size_t i = 0; i < items->count; i++) {
                        if (items->at[i].kind != &kinds[k])
                                continue;
                        done[i] = put_one(context, &items->at[i]);
                        if (!done[i])
                                status = EXIT_FAILURE;
                }
        }
        return status;
}

static int append_result(struct doc *results, const struct item *item, const char *done)
{
        struct doc *result = doc_object();

        (void)doc_set_text(result, "kind", item->kind->name);
        (void)doc_set_text(result, "name", doc_get_text(item->document, "name"));
        (void)doc_set_text(result, "result", done ? done : "failed");
        return doc_append(results, result);
}

int command_apply(const struct command_context *context)
{
        CLEANUP(items_free) struct items *items = calloc(1, sizeof(*items));
        _doc_ struct doc *results = doc_list();
        _free_ const char **done = calloc(DOCUMENTS_MAX, sizeof(*done));
        int status;

        if (!items || !done)
                return EXIT_FAILURE;
        for (int i = 0; i < context->argc; i++)
                if (read_file(items, context->argv[i]) != 0)
                        return EXIT_FAILURE;
        status = send_all(context, items, done);
        for (size_t i = 0; i < items->count; i++) {
                const struct item *item = &items->at[i];

                if (done[i] && context->output == OUTPUT_TABLE)
                        printf("%s/%s %s\n", item->kind->name, doc_get_text(item->document, "name"),
                               done[i]);
                if (append_result(results, item, done[i]) < 0)
                        status = EXIT_FAILURE;
        }
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                status = EXIT_FAILURE;
        return status;
}
