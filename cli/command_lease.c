/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses are whose, as the edges said last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define PATH "/api/v1/leases"
/* An edge that was not heard for so long is away: it says every 15 s how things are. */
#define OLD_MS 60000

static const struct column lease_columns[] = {
        {"ADDRESS",  "address",     NULL,      false},
        {"NETWORK",  "network",     NULL,      false},
        {"STATE",    "state",       NULL,      false},
        {"MAC",      "mac",         NULL,      false},
        {"NODE",     "node",        NULL,      false},
        {"NAME",     "name",        NULL,      false},
        {"RESERVED", "is_reserved", cell_yes,  false},
        {"EXPIRES",  "expires_ms",  cell_when, false},
        {"EDGE",     "edge",        NULL,      false},
};

static const struct column pool_columns[] = {
        {"NETWORK",   "network", NULL, false},
        {"FIRST",     "first",   NULL, false},
        {"LAST",      "last",    NULL, false},
        {"ADDRESSES", "size",    NULL, true },
        {"TAKEN",     "taken",   NULL, true },
        {"EDGE",      "edge",    NULL, false},
};

/* What is shown may be old: said beside it, and not in its place. */
static void warn_of_old(const struct doc *edges)
{
        char name[200], when[64];

        for (size_t i = 0; i < doc_count(edges); i++) {
                const struct doc *edge = doc_at(edges, i);
                const int64_t heard_ms = doc_get_number(edge, "heard_ms", 0);

                text_escape(name, sizeof(name), doc_get_text(edge, "name"));
                if (heard_ms == 0) {
                        fprintf(stderr,
                                "cloudie: edge %s has told nothing of its leases since the "
                                "controller started\n",
                                name);
                } else if ((int64_t)clock_wall_ms() - heard_ms > OLD_MS) {
                        cell_when(when, sizeof(when), doc_get(edge, "heard_ms"));
                        fprintf(stderr, "cloudie: edge %s was heard last at %s\n", name, when);
                }
        }
}

int command_lease_list(const struct command_context *context)
{
        _doc_ struct doc *all = doc_list();
        char after[64] = "";

        for (;;) {
                _buffer_ struct buffer path = {0};
                _doc_ struct doc *page = NULL;
                const struct doc *items;
                int rc;

                buffer_text(&path, PATH "?limit=1000");
                call_query(&path, "network", context->network);
                call_query(&path, "select", context->select);
                call_query(&path, "after", after[0] ? after : NULL);
                rc = call_get(context->call, &path, &page);
                if (rc != 0)
                        return rc;
                items = doc_get(page, "items");
                for (size_t i = 0; i < doc_count(items); i++)
                        if (doc_append(all, doc_copy(doc_at(items, i))) < 0)
                                return EXIT_FAILURE;
                if (!doc_get_text(page, "next")) {
                        warn_of_old(doc_get(page, "edges"));
                        break;
                }
                if (text_copy(after, sizeof(after), doc_get_text(page, "next")) < 0)
                        return EXIT_FAILURE;
        }
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, all);
        if (doc_count(all) == 0) {
                fprintf(stderr, "cloudie: no address is leased or reserved%s\n",
                        context->select || context->network ? " there" : "");
                return 0;
        }
        return print_table(lease_columns, ARRAY_SIZE(lease_columns), all);
}

int command_lease_show(const struct command_context *context)
{
        return each_show(context, PATH);
}

int command_lease_pools(const struct command_context *context)
{
        return each_list(context, "/api/v1/pools", pool_columns, ARRAY_SIZE(pool_columns),
                         "no edge has told of a pool since the controller started");
}
