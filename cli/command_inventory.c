/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What machines were, what changed in them, and which is not as its siblings. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/each.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define QUERY_SIZE 512
#define BACK_MAX   1000000 /* a smaller number counts inventories */

static const struct column history_columns[] = {
        {"FROM",     "first_ms", cell_when, false},
        {"UNTIL",    "last_ms",  cell_when, false},
        {"SEEN",     "times",    NULL,      true },
        {"CHANGES",  "changes",  NULL,      true },
        {"ACCEPTED", "accepted", cell_yes,  false},
        {"HASH",     "hash",     NULL,      false},
};

static const struct column odd_columns[] = {
        {"NODE",          "node",          NULL, false},
        {"FACT",          "fact",          NULL, false},
        {"HAS",           "has",           NULL, false},
        {"SIBLINGS HAVE", "siblings_have", NULL, false},
        {"SAME",          "same",          NULL, true },
        {"OF",            "of",            NULL, true },
        {"CLASS",         "class",         NULL, false},
};

int since_parse(const char *text, uint64_t now_ms, char to[static SINCE_QUERY_SIZE])
{
        static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
        uint64_t number;

        if (text_parse_u64(text, BACK_MAX, &number) == 0) {
                snprintf(to, SINCE_QUERY_SIZE, "?back=%" PRIu64, number);
                return 0;
        }
        if (duration_parse(text, &number) == 0 && number <= now_ms) {
                snprintf(to, SINCE_QUERY_SIZE, "?since=%" PRIu64, now_ms - number);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                struct tm tm = {.tm_isdst = -1};
                const char *end = strptime(text, forms[i], &tm);
                time_t seconds;

                if (!end || *end)
                        continue;
                seconds = mktime(&tm);
                if (seconds < 0)
                        return -EINVAL;
                snprintf(to, SINCE_QUERY_SIZE, "?since=%" PRIu64, (uint64_t)seconds * 1000);
                return 0;
        }
        return -EINVAL;
}

static void print_sentences(const struct doc *list, const char *before)
{
        char cell[512];

        for (size_t i = 0; i < doc_count(list); i++) {
                cell_text(cell, sizeof(cell), doc_at(list, i));
                printf("%s%s\n", before, cell);
        }
}

static bool is_in(const struct doc *list, const char *text)
{
        for (size_t i = 0; i < doc_count(list); i++)
                if (text_is_equal(doc_text(doc_at(list, i)), text))
                        return true;
        return false;
}

static void print_diff(const struct doc *answer)
{
        const struct doc *before = doc_get(answer, "before"), *changes = doc_get(answer, "changes");
        const struct doc *drift = doc_get(answer, "drift");
        const int64_t count = doc_get_number(answer, "count", 0);
        _doc_ struct doc *passing = doc_list();
        char since[32] = "", until[32] = "";

        if (doc_get(before, "last_ms"))
                cell_when(since, sizeof(since), doc_get(before, "last_ms"));
        cell_when(until, sizeof(until), doc_get(answer, "after.first_ms"));
        printf("%s%s%s, and since %s:%s\n",
               doc_get_bool(before, "accepted", false) ? "Accepted" : "Then",
               since[0] ? ", last seen so " : "", since, until,
               count == 0 ? " nothing changed" : "");
        print_sentences(drift, "  ");
        for (size_t i = 0; i < doc_count(changes); i++)
                if (!is_in(drift, doc_text(doc_at(changes, i))))
                        (void)doc_append(passing, doc_copy(doc_at(changes, i)));
        if (doc_count(passing) > 0)
                puts("No drift:");
        print_sentences(passing, "  ");
        if (count > (int64_t)doc_count(changes))
                printf("  and %" PRId64 " more\n", count - (int64_t)doc_count(changes));
}

int command_node_diff(const struct command_context *context)
{
        char path[QUERY_SIZE], query[SINCE_QUERY_SIZE] = "", what[SINCE_QUERY_SIZE + 8];
        _doc_ struct doc *answer = NULL;
        int rc;

        if (context->since && since_parse(context->since, clock_wall_ms(), query) < 0) {
                fprintf(stderr, "cloudie: since when? --since 1 (so many inventories before the "
                                "newest), 2h, or '2026-11-20 11:25'\n");
                return EXIT_USAGE;
        }
        snprintf(what, sizeof(what), "/diff%s", query);
        each_path(path, sizeof(path), "/api/v1/nodes", context->argv[0], what);
        rc = call_do(context->call, "GET", path, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        print_diff(answer);
        return 0;
}

int command_node_inventories(const struct command_context *context)
{
        char path[QUERY_SIZE];

        each_path(path, sizeof(path), "/api/v1/nodes", context->argv[0], "/inventories");
        return each_list(context, path, history_columns, ARRAY_SIZE(history_columns),
                         "it has not reported yet");
}

int command_node_acknowledge(const struct command_context *context)
{
        return each_do(context, "/api/v1/nodes", "POST", "/acknowledge",
                       "as it is now is how it shall be");
}

/* Why a table is empty, or not the whole answer. */
static void tell_rest(const struct doc *answer, const char *class)
{
        const int64_t nodes = doc_get_number(answer, "nodes", 0);
        const int64_t without = doc_get_number(answer, "without_class", 0);
        const size_t rows = doc_count(doc_get(answer, "items"));
        char word[QUERY_SIZE];

        if (class && doc_count(doc_get(answer, "classes")) == 0)
                fprintf(stderr,
                        "cloudie: no node is of class '%s'; `cloudie node odd -o yaml` has all "
                        "classes\n",
                        text_escape(word, sizeof(word), class));
        else if (rows == 0)
                fprintf(stderr,
                        "cloudie: of %" PRId64 " nodes none differs from most of its siblings\n",
                        nodes);
        if (without > 0 && !class)
                fprintf(stderr,
                        "cloudie: %" PRId64 " of %" PRId64 " nodes tell no maker or no product, "
                        "and have no siblings\n",
                        without, nodes);
        if (doc_get_number(answer, "rows", 0) > (int64_t)rows)
                fprintf(stderr, "cloudie: and %" PRId64 " more rows: ask with --class\n",
                        doc_get_number(answer, "rows", 0) - (int64_t)rows);
}

int command_node_odd(const struct command_context *context)
{
        _buffer_ struct buffer path = {0};
        _doc_ struct doc *answer = NULL;
        int rc;

        buffer_text(&path, "/api/v1/odd");
        call_query(&path, "class", context->class);
        call_query(&path, "select", context->select);
        rc = call_get(context->call, &path, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        tell_rest(answer, context->class);
        if (doc_count(doc_get(answer, "items")) == 0)
                return 0;
        return print_table(odd_columns, ARRAY_SIZE(odd_columns), doc_get(answer, "items"));
}
