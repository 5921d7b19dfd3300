/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators write, a path a kind: /api/v1/profiles, /api/v1/keys, … */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/document_text.h"
#include "controller/api/networks.h"
#include "controller/logic/documents.h"
#include "controller/logic/gone.h"
#include "controller/logic/rules.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

static const struct {
        enum problem unknown, malformed;
} problems[DOCUMENT_KIND_COUNT] = {
        [DOCUMENT_PROFILE] = {PROBLEM_PROFILE_UNKNOWN, PROBLEM_PROFILE_MALFORMED},
        [DOCUMENT_KEY] = {PROBLEM_KEY_UNKNOWN,     PROBLEM_KEY_MALFORMED    },
        [DOCUMENT_FILE] = {PROBLEM_FILE_UNKNOWN,    PROBLEM_FILE_MALFORMED   },
        [DOCUMENT_SETTING] = {PROBLEM_SETTING_UNKNOWN, PROBLEM_SETTING_MALFORMED},
        [DOCUMENT_RULE] = {PROBLEM_RULE_UNKNOWN,    PROBLEM_RULE_MALFORMED   },
        [DOCUMENT_NETWORK] = {PROBLEM_NETWORK_UNKNOWN, PROBLEM_NETWORK_MALFORMED},
        [DOCUMENT_IMAGE] = {PROBLEM_IMAGE_UNKNOWN,   PROBLEM_IMAGE_MALFORMED  },
};

/* By the path of its route: a kind has five of them. */
enum document_kind call_document_kind(const struct call *call)
{
        unsigned kind = 0;

        while (kind + 1 < DOCUMENT_KIND_COUNT &&
               !text_has_prefix(call->match.route->path, document_kinds[kind].path))
                kind++;
        return (enum document_kind)kind;
}

int document_add_text(struct call *call, const struct document *document, struct buffer *to)
{
        const struct doc *status = NULL;
        _doc_ struct doc *image = NULL;
        _free_ char *text = NULL;

        if (document->kind != DOCUMENT_IMAGE) {
                buffer_add(to, document->text, document->text_size);
                return to->rc;
        }
        image = image_status(call->api, document->name);
        status = doc_get(image, "status");
        if (!status || doc_print(status, DOC_COMPACT, &text) < 0)
                return -ENOMEM;
        /* Before the bracket that ends it. */
        buffer_add(to, document->text, document->text_size - 1);
        buffer_text(to, ",\"status\":");
        buffer_text(to, text);
        buffer_text(to, "}");
        return to->rc;
}

/* NULL: it has answered. */
static struct document *document_of(struct call *call)
{
        const enum document_kind kind = call_document_kind(call);
        struct document *document = document_find(call->api->logic, kind, call->match.name);
        char detail[NODE_NAME_SIZE + 48];

        if (document)
                return document;
        snprintf(detail, sizeof(detail), "There is no %s '%s'.", document_kinds[kind].name,
                 call->match.name);
        call_refuse(call, problems[kind].unknown, detail);
        return NULL;
}

void reply_document(struct call *call, const struct document *document)
{
        _buffer_ struct buffer text = {0};
        char *taken = NULL;

        if (document_add_text(call, document, &text) < 0 || buffer_take(&text, &taken) < 0)
                taken = NULL;
        reply_text(call, 200, taken);
        reply_etag(call, document->version);
}

void handle_document(struct call *call)
{
        const struct document *document = document_of(call);

        if (!document)
                return;
        reply_document(call, document);
        call_send(call);
}

/* Is it one? It is read again when it is kept: that costs less than to carry the tree over. */
enum problem prepare_document(struct call *call, char *detail)
{
        CLEANUP(document_free) struct document *document = NULL;
        const enum document_kind kind = call_document_kind(call);
        const char *body;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = document_read(kind, call->match.name, body, size, detail, &document);
        if (rc == -ENOMEM)
                return PROBLEM_NO_MEMORY;
        return rc < 0 ? problems[kind].malformed : PROBLEM_NONE;
}

/* False: it has answered. */
static bool names_what_there_is(struct call *call, const struct document *document)
{
        const char *profile = document->rule ? document->rule->profile : "";
        char why[SEED_WHY_SIZE];

        if (profile[0] && !document_find(call->api->logic, DOCUMENT_PROFILE, profile)) {
                snprintf(why, sizeof(why), "It gives nodes the profile '%s', which is not there.",
                         profile);
                call_refuse(call, PROBLEM_REFERENCE, why);
                return false;
        }
        if (!document->profile || seed_is_known(call->api->logic, &document->profile->seed, why))
                return true;
        call_refuse(call, PROBLEM_REFERENCE, why);
        return false;
}

/* What was deleted is written again by who knows its last version. */
static bool may_put(struct call *call, enum document_kind kind, const struct document *old)
{
        const bool is_any = text_is_equal(serve_header(call->request, "If-Match"), "*");

        if (old)
                return call_may_change(call, old->version);
        return call_may_change(call,
                               is_any ? 0
                                      : gone_version(call->api->logic, document_kinds[kind].name,
                                                     call->match.name));
}

/* False: it has answered. Of a network: a broken one reaches no edge. */
static bool fits_the_others(struct call *call, const struct document *fresh)
{
        char error[DOC_ERROR_SIZE] = "";
        int rc;

        if (!fresh->network)
                return true;
        rc = networks_would(call->api, fresh, error);
        if (rc < 0)
                call_refuse(call, rc == -ENOMEM ? PROBLEM_NO_MEMORY : PROBLEM_NETWORK_CLASH,
                            error[0] ? error : NULL);
        return rc == 0;
}

/* After a network was written or deleted. Without memory edges go on with what they have. */
static void tell_edges(struct call *call)
{
        if (call_document_kind(call) == DOCUMENT_NETWORK && networks_make(call->api) < 0)
                log_warning("network.refused", "reason=\"no memory\"");
}

/* ?dry_run=1: all that would be refused is, and nothing is written. The answer is the document as
 * it would be, without an ETag: there is none of this version. */
static void reply_preview(struct call *call, struct document *fresh)
{
        const int rc = document_preview(call->api->logic, fresh);

        if (rc < 0)
                call_refuse(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
        else
                reply_text(call, 200, strdup(fresh->text));
        if (rc == 0)
                call_send(call);
}

void handle_document_put(struct call *call)
{
        const enum document_kind kind = call_document_kind(call);
        const struct document *old = document_find(call->api->logic, kind, call->match.name);
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        CLEANUP(document_free) struct document *fresh = NULL;
        struct document *document = NULL;
        char error[DOC_ERROR_SIZE] = "";
        const char *body;
        size_t size;
        int rc = change ? 0 : -ENOMEM;
        bool is_dry;

        if (!call_reads_dry_run(call, &is_dry) || !may_put(call, kind, old))
                return;
        body = serve_body(call->request, &size);
        if (rc == 0)
                rc = document_read(kind, call->match.name, body, size, error, &fresh);
        if (rc == 0 && (!names_what_there_is(call, fresh) || !fits_the_others(call, fresh)))
                return;
        if (rc == 0 && is_dry) {
                reply_preview(call, fresh);
                return;
        }
        if (rc == 0)
                rc = document_put(call->api->logic, TAKE_PTR(fresh), call->who.user,
                                  clock_wall_ms(), change, &document);
        if (rc < 0 || !document) {
                call_refuse(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (document->rule)
                rules_run(call->api->logic, clock_wall_ms(), change);
        tell_edges(call);
        reply_document(call, document);
        call_commit(call, TAKE_PTR(change));
}

void handle_document_delete(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct document *document = document_of(call);
        char why[SEED_WHY_SIZE];

        if (!document || !call_may_change(call, document->version))
                return;
        if (seed_is_using(call->api->logic, document, why)) {
                call_refuse(call, PROBLEM_DOCUMENT_IN_USE, why);
                return;
        }
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        document_delete(call->api->logic, document, call->who.user, clock_wall_ms(), change);
        tell_edges(call);
        reply_empty(call, 204);
        call_commit(call, TAKE_PTR(change));
}
