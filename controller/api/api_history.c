/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was written of a document before, for people: /api/v1/…/NAME/history. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/documents.h"
#include "lib/base/text.h"

/* The kind that a route of this path is of, as the store calls it; @ret_is_secret: what it says is
 * shown to nobody. */
static const char *kind_of(const struct call *call, bool *ret_is_secret)
{
        *ret_is_secret = false;
        for (unsigned kind = 0; kind < DOCUMENT_KIND_COUNT; kind++) {
                if (!text_has_prefix(call->match.route->path, document_kinds[kind].path))
                        continue;
                *ret_is_secret = document_kinds[kind].is_secret;
                return document_kinds[kind].name;
        }
        return "node";
}

struct history {
        struct doc *items;
        bool is_secret;
};

/* What an operator writes of it: of a node the rest is what it was at that time. */
static void take_written(const struct store_document *row, struct doc *item)
{
        static const char *const names[] = {"labels", "spec"};
        _doc_ struct doc *body = NULL;
        const char *phase;

        if (doc_parse(row->body, strlen(row->body), &doc_limits_message, NULL, &body) < 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                doc_set(item, names[i], doc_copy(doc_get(body, names[i])));
        phase = doc_get_text(body, "status.phase");
        doc_set_text(item, "phase", phase);
}

static int take_version(void *context, const struct store_document *row)
{
        struct history *history = context;
        struct doc *item = doc_object();

        doc_set_number(item, "version", (int64_t)row->version);
        doc_set_number(item, "at_ms", (int64_t)row->at_ms);
        if (!row->body)
                doc_set_bool(item, "deleted", true);
        else if (!history->is_secret)
                take_written(row, item);
        return doc_append(history->items, item);
}

static void read_versions(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct history history = {.items = doc_list()};
        const char *kind = kind_of(call, &history.is_secret);
        struct doc *answer;
        int rc;

        rc = store_read_versions(reader, kind, call->match.name, take_version, &history);
        if (rc == 0 && doc_count(history.items) == 0)
                rc = -ENOENT;
        if (rc < 0) {
                (void)doc_free(history.items);
                call_refuse(call, rc == -ENOENT ? PROBLEM_HISTORY_UNKNOWN : PROBLEM_STORE, NULL);
                return;
        }
        answer = doc_object();
        doc_set_text(answer, "kind", kind);
        doc_set_text(answer, "name", call->match.name);
        doc_set(answer, "items", history.items);
        reply_doc(call, 200, answer);
        call_send(call);
}

void handle_history(struct call *call)
{
        call_read(call, read_versions);
}
