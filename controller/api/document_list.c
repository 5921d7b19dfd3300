/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /api/v1/profiles, keys, …: chosen, ordered and cut into pages as nodes are. What of a
 * document may be asked for stands in it: its name and version, its labels, and its spec by dotted
 * paths; of a secret kind not the spec, which a filter would find out word by word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/document_text.h"
#include "controller/logic/documents.h"
#include "lib/base/buffer.h"
#include "lib/base/least.h"
#include "lib/base/text.h"
#include "lib/doc/filter.h"

#define LIST_MAX     1000 /* as DOCUMENTS_MAX: without a limit all of them */
#define LABEL_PREFIX "label."
#define SPEC_PREFIX  "spec."

enum { FIELD_NAME, FIELD_VERSION, FIELD_LABEL, FIELD_SPEC, FIELD_EITHER };

struct page {
        const struct map *documents;
        struct filter *select;
        const char *after; /* name of the last of the page before; "" */
        uint64_t limit;
        int field; /* that orders */
        const char *path;
        bool is_down;
};

/* A name without a dot is a label's, or, where there is none, that of a member of the spec. */
static int field_of(const char *name)
{
        if (text_is_equal(name, "name"))
                return FIELD_NAME;
        if (text_is_equal(name, "version"))
                return FIELD_VERSION;
        if (text_has_prefix(name, LABEL_PREFIX))
                return FIELD_LABEL;
        if (text_has_prefix(name, SPEC_PREFIX))
                return FIELD_SPEC;
        return strchr(name, '.') || !name[0] ? -1 : FIELD_EITHER;
}

static bool bind_open(const char *name, struct filter_field *ret)
{
        const int id = field_of(name);

        *ret = (struct filter_field){.id = id, .is_number = id == FIELD_VERSION};
        return id >= 0;
}

static bool bind_secret(const char *name, struct filter_field *ret)
{
        return bind_open(name, ret) && ret->id != FIELD_SPEC;
}

/* What stands there; NULL: nothing, or nothing that may be asked for. Labels may have dots. */
static const struct doc *value_of(const struct document *document, int field, const char *name)
{
        const bool is_secret = document_kinds[document->kind].is_secret;
        const char *label, *wanted = name + (field == FIELD_LABEL ? strlen(LABEL_PREFIX) : 0);
        struct doc *value;
        size_t at = 0;

        if (field != FIELD_SPEC)
                while (doc_next(document->labels, &at, &label, &value) > 0)
                        if (strcmp(label, wanted) == 0)
                                return value;
        if (field == FIELD_LABEL || is_secret)
                return NULL;
        return doc_get(document->spec, field == FIELD_SPEC ? name + strlen(SPEC_PREFIX) : name);
}

static void probe_values(const void *object, int id, const char *name, struct filter_probe *probe)
{
        const struct document *document = object;

        if (id == FIELD_NAME)
                filter_probe_text(probe, document->name);
        else if (id == FIELD_VERSION)
                filter_probe_number(probe, (int64_t)document->version);
        else if (id != FIELD_SPEC)
                filter_probe_doc(probe, value_of(document, id, name), "");
        else if (!document_kinds[document->kind].is_secret)
                filter_probe_doc(probe, document->spec, name + strlen(SPEC_PREFIX));
}

/* No value comes first, numbers before texts. */
static int compare_values(const struct doc *a, const struct doc *b)
{
        const char *text_a = doc_text(a), *text_b = doc_text(b);
        const int rank_a = text_a ? 2 : doc_is_number(a), rank_b = text_b ? 2 : doc_is_number(b);

        if (rank_a != rank_b)
                return rank_a - rank_b;
        if (rank_a == 2)
                return strverscmp(text_a, text_b);
        if (rank_a == 0)
                return 0;
        return (doc_number(a) > doc_number(b)) - (doc_number(a) < doc_number(b));
}

static int compare(const void *a, const void *b, void *context)
{
        const struct document *x = *(struct document *const *)a, *y = *(struct document *const *)b;
        const struct page *page = context;
        int order = 0;

        if (page->field == FIELD_NAME)
                order = strcmp(x->name, y->name);
        else if (page->field == FIELD_VERSION)
                order = (x->version > y->version) - (x->version < y->version);
        else
                order = compare_values(value_of(x, page->field, page->path),
                                       value_of(y, page->field, page->path));
        if (order != 0)
                return page->is_down ? -order : order;
        return strcmp(x->name, y->name);
}

/* False: it has answered. */
static bool read_select(struct call *call, bool is_secret, struct page *page)
{
        const char *text = serve_query(call->request, "select");
        char error[DOC_ERROR_SIZE] = "", detail[DOC_ERROR_SIZE + 128];
        const int rc = filter_parse(text ? text : "", is_secret ? bind_secret : bind_open, error,
                                    &page->select);

        if (rc == 0)
                return true;
        snprintf(detail, sizeof(detail), "select, %s.%s%s", error,
                 rc == -ENOENT ? " Fields are labels, name, version" : "",
                 rc != -ENOENT ? ""
                 : is_secret   ? "."
                               : ", and what stands in its spec: spec.disk.size.");
        call_refuse(call, rc == -ENOMEM ? PROBLEM_NO_MEMORY : PROBLEM_QUERY,
                    rc == -ENOMEM ? NULL : detail);
        return false;
}

/* "FIELD", or "-FIELD" from the last to the first. False: it has answered. */
static bool read_order(struct call *call, bool is_secret, struct page *page)
{
        const char *text = serve_query(call->request, "sort");

        page->field = FIELD_NAME;
        if (!text)
                return true;
        page->is_down = text[0] == '-';
        page->path = text + page->is_down;
        page->field = field_of(page->path);
        if (page->field >= 0 && (page->field != FIELD_SPEC || !is_secret))
                return true;
        call_refuse(call, PROBLEM_QUERY,
                    is_secret ? "sort: name, version or a label, or with a - before it."
                              : "sort: name, version, a label or what stands in its spec "
                                "(spec.disk.size), or with a - before it.");
        return false;
}

/* False: it has answered. */
static bool read_page(struct call *call, bool is_secret, struct page *page)
{
        const char *limit = serve_query(call->request, "limit");
        const char *after = serve_query(call->request, "after");

        page->after = after ? after : "";
        page->limit = LIST_MAX;
        if (limit && (text_parse_u64(limit, LIST_MAX, &page->limit) < 0 || page->limit == 0)) {
                call_refuse(call, PROBLEM_QUERY, "limit: a number from 1 to 1000");
                return false;
        }
        return read_order(call, is_secret, page) && read_select(call, is_secret, page);
}

/* 0, -ENOMEM; -ENOENT: the document that the page begins behind is not there. */
static int pick(struct page *page, struct least *least)
{
        struct document *document = NULL, *cursor = NULL, name = {0};
        size_t at = 0;
        void *value;

        if (page->after[0]) {
                cursor = map_find(page->documents, page->after, strlen(page->after));
                if (!cursor && page->field != FIELD_NAME)
                        return -ENOENT;
                /* In the order of names its place is known without it. */
                if (!cursor && text_copy(name.name, sizeof(name.name), page->after) < 0)
                        return -ENOENT;
                cursor = cursor ? cursor : &name;
        }
        if (least_init(least, sizeof(document), page->limit, compare, page) < 0)
                return -ENOMEM;
        while (map_next(page->documents, &at, &value)) {
                document = value;
                if (filter_holds(page->select, probe_values, document) &&
                    (!cursor || compare(&document, &cursor, page) > 0))
                        least_add(least, &document);
        }
        least_sort(least);
        return 0;
}

static int write_page(struct call *call, const struct least *least, char **ret)
{
        const struct document *document = NULL;
        _buffer_ struct buffer text = {0};
        int rc = 0;

        buffer_text(&text, "{\"items\":[");
        for (size_t i = 0; rc == 0 && i < least->count; i++) {
                document = *(struct document *const *)least_at(least, i);
                buffer_text(&text, i > 0 ? "," : "");
                rc = document_add_text(call, document, &text);
        }
        buffer_text(&text, "]");
        if (document && least->is_cut)
                buffer_format(&text, ",\"next\":\"%s\"", document->name);
        buffer_text(&text, "}");
        return rc == 0 ? buffer_take(&text, ret) : rc;
}

static void reply_page(struct call *call, struct page *page)
{
        _least_ struct least least = {0};
        char *taken = NULL;
        int rc;

        rc = pick(page, &least);
        if (rc == -ENOENT) {
                call_refuse(call, PROBLEM_QUERY,
                            "after: this one is not there any more; begin with the first page");
                return;
        }
        if (rc == 0 && write_page(call, &least, &taken) < 0)
                taken = NULL;
        reply_text(call, 200, taken);
        call_send(call);
}

void handle_documents(struct call *call)
{
        const enum document_kind kind = call_document_kind(call);
        struct page page = {.documents = call->api->logic->documents[kind]};

        if (!read_page(call, document_kinds[kind].is_secret, &page))
                return;
        reply_page(call, &page);
        filter_free(page.select);
}
