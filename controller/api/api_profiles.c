/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Profiles, for people: /api/v1/profiles. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/profiles.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"

static int compare(const void *a, const void *b)
{
        return strcmp((*(struct profile_entry *const *)a)->name,
                      (*(struct profile_entry *const *)b)->name);
}

void handle_profiles(struct call *call)
{
        const struct map *profiles = call->api->logic->profiles;
        _free_ struct profile_entry **sorted =
                calloc(map_count(profiles) + 1, sizeof(struct profile_entry *));
        _buffer_ struct buffer text = {0};
        size_t at = 0, count = 0;
        char *taken = NULL;
        void *value;

        if (!sorted) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        while (map_next(profiles, &at, &value))
                sorted[count++] = value;
        qsort(sorted, count, sizeof(struct profile_entry *), compare);
        buffer_text(&text, "{\"items\":[");
        for (size_t i = 0; i < count; i++) {
                buffer_text(&text, i > 0 ? "," : "");
                buffer_add(&text, sorted[i]->text, sorted[i]->text_size);
        }
        buffer_text(&text, "]}");
        if (buffer_take(&text, &taken) < 0)
                taken = NULL;
        reply_text(call, 200, taken);
        call_send(call);
}

/* NULL: it has answered. */
static struct profile_entry *profile_of(struct call *call)
{
        struct profile_entry *entry = profile_find(call->api->logic, call->match.name);
        char detail[NODE_NAME_SIZE + 32];

        if (entry)
                return entry;
        snprintf(detail, sizeof(detail), "There is no profile '%s'.", call->match.name);
        call_refuse(call, PROBLEM_PROFILE_UNKNOWN, detail);
        return NULL;
}

static void reply_profile(struct call *call, const struct profile_entry *entry)
{
        reply_text(call, 200, strdup(entry->text));
        reply_etag(call, entry->version);
}

void handle_profile(struct call *call)
{
        const struct profile_entry *entry = profile_of(call);

        if (!entry)
                return;
        reply_profile(call, entry);
        call_send(call);
}

/* Is it one? It is read again when it is kept: that costs less than to carry the tree over. */
enum problem prepare_profile(struct call *call, char *detail)
{
        struct profile profile = {0};
        const char *body;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = profile_read(call->match.name, body, size, detail, &profile, NULL);
        if (rc == -ENOMEM)
                return PROBLEM_NO_MEMORY;
        return rc < 0 ? PROBLEM_PROFILE_MALFORMED : PROBLEM_NONE;
}

void handle_profile_put(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct profile_entry *old = profile_find(call->api->logic, call->match.name);
        struct profile_entry *entry = NULL;
        char error[DOC_ERROR_SIZE] = "";
        _doc_ struct doc *document = NULL;
        struct profile profile = {0};
        const char *body;
        size_t size;
        int rc = change ? 0 : -ENOMEM;

        if (!call_may_change(call, old ? old->version : 0))
                return;
        body = serve_body(call->request, &size);
        if (rc == 0)
                rc = profile_read(call->match.name, body, size, error, &profile, &document);
        if (rc == 0)
                rc = profile_put(call->api->logic, &profile, document, clock_wall_ms(), change,
                                 &entry);
        if (rc < 0 || !entry) {
                call_refuse(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
                return;
        }
        reply_profile(call, entry);
        call_commit(call, TAKE_PTR(change));
}

void handle_profile_delete(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct profile_entry *entry = profile_of(call);

        if (!entry || !call_may_change(call, entry->version))
                return;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        profile_delete(call->api->logic, entry, clock_wall_ms(), change);
        reply_empty(call, 204);
        call_commit(call, TAKE_PTR(change));
}
