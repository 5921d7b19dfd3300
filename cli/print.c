/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/operation.h"

#define CELL_SIZE 256
#define TREE_MAX  24 /* levels; inventories have no more (doc_limits_inventory) */

void cell_text(char *to, size_t size, const struct doc *value)
{
        if (doc_is_text(value))
                (void)text_escape(to, size, doc_text(value));
        else if (doc_is_number(value))
                snprintf(to, size, "%" PRId64, doc_number(value));
        else if (doc_is_bool(value))
                snprintf(to, size, "%s", doc_bool(value) ? "yes" : "no");
        else
                to[0] = '\0';
}

void cell_size(char *to, size_t size, const struct doc *value)
{
        char text[TEXT_SIZE_MAX];

        snprintf(to, size, "%s", text_size(text, (uint64_t)doc_number(value)));
}

void cell_when(char *to, size_t size, const struct doc *value)
{
        const time_t seconds = (time_t)(doc_number(value) / 1000);
        struct tm tm;

        to[0] = '\0';
        if (localtime_r(&seconds, &tm))
                strftime(to, size, "%Y-%m-%d %H:%M:%S", &tm);
}

void cell_yes(char *to, size_t size, const struct doc *value)
{
        (void)text_copy(to, size, doc_bool(value) ? "yes" : "");
}

void cell_count(char *to, size_t size, const struct doc *value)
{
        snprintf(to, size, "%zu", doc_count(value));
}

void cell_names(char *to, size_t size, const struct doc *value)
{
        size_t n = 0;

        to[0] = '\0';
        for (size_t i = 0; i < doc_count(value); i++) {
                const char *name = doc_get_text(doc_at(value, i), "name");
                char safe[64];

                n += (size_t)snprintf(to + n, size - n, "%s%s", n > 0 ? "," : "",
                                      text_escape(safe, sizeof(safe), name ? name : "?"));
                if (n >= size)
                        return;
        }
}

void cell_operation(char *to, size_t size, const struct doc *value)
{
        struct operation o = {0};
        const char *kind;

        to[0] = '\0';
        if (doc_decode(&operation_table, value, NULL, &o) < 0)
                return;
        kind = operation_kind_names[o.kind] ? operation_kind_names[o.kind] : "";
        if (o.state == OPERATION_RUNNING && o.total > 0)
                snprintf(to, size, "%s %s %u%%", kind, operation_steps[o.step].name,
                         (unsigned)((double)o.done * 100 / (double)o.total));
        else if (o.state == OPERATION_RUNNING)
                snprintf(to, size, "%s %s", kind, operation_steps[o.step].name);
        else if (o.state == OPERATION_WAITING)
                snprintf(to, size, "%s waits", kind);
        else if (o.state == OPERATION_FAILED)
                snprintf(to, size, "failed %s", node_causes[o.cause].name);
        else if (o.state == OPERATION_ABORTED)
                snprintf(to, size, "aborted");
}

static void print_value(FILE *to, const char *name, const struct doc *value, int level)
{
        char cell[4096], safe[CELL_SIZE];
        const char *child_name;
        struct doc *child;
        size_t at = 0;

        if (level > TREE_MAX)
                return;
        text_escape(safe, sizeof(safe), name);
        if (!doc_is_object(value) && !doc_is_list(value)) {
                cell_text(cell, sizeof(cell), value);
                fprintf(to, "%*s%s: %s\n", 2 * level, "", safe, cell);
                return;
        }

        fprintf(to, "%*s%s:\n", 2 * level, "", safe);
        while (doc_next(value, &at, &child_name, &child) > 0)
                print_value(to, child_name, child, level + 1);
        for (size_t i = 0; doc_is_list(value) && i < doc_count(value); i++)
                print_value(to, "-", doc_at(value, i), level + 1);
}

void print_tree(FILE *to, const struct doc *value)
{
        const char *name;
        struct doc *child;

        for (size_t at = 0; doc_next(value, &at, &name, &child) > 0;)
                print_value(to, name, child, 0);
}

/*
 * JSON text, with DEL and U+0080..U+009F escaped too (RFC 8259 7 lets them stand as they are):
 * terminals obey them. They are found only inside strings, and mean there what they meant.
 */
void print_json(FILE *to, const char *text)
{
        for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
                if (at[0] == 0x7f)
                        fputs("\\u007f", to);
                else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
                        fprintf(to, "\\u%04x", *++at);
                else
                        putc(*at, to);
        }
}

int print_document(enum output output, const struct doc *value)
{
        _free_ char *text = NULL;

        if (doc_print(value, output == OUTPUT_YAML ? DOC_YAML : DOC_PRETTY, &text) < 0) {
                fprintf(stderr, "cloudie: no memory\n");
                return EXIT_FAILURE;
        }
        if (output == OUTPUT_YAML)
                fputs(text, stdout);
        else
                print_json(stdout, text);
        return 0;
}

static void rate_text(char *to, size_t size, uint64_t bytes, uint64_t took_ms)
{
        char text[TEXT_SIZE_MAX];

        to[0] = '\0';
        if (bytes > 0 && took_ms > 0)
                snprintf(to, size, "%s/s",
                         text_size(text, bytes / took_ms * 1000 + bytes % took_ms));
}

void print_event(FILE *to, const struct node_event *event, uint64_t first_ms)
{
        const double since = event->at_ms >= first_ms ? (double)(event->at_ms - first_ms) / 1000
                                                      : -(double)(first_ms - event->at_ms) / 1000;
        const bool is_of_machine = mac_is_usable(&event->mac);
        char mac[MAC_TEXT_SIZE], text[EVENT_TEXT_SIZE], size[TEXT_SIZE_MAX] = "", rate[32],
                                                        took[32] = "", who[NODE_NAME_SIZE];

        if (event->bytes > 0)
                text_size(size, event->bytes);
        if (event->took_ms > 0)
                snprintf(took, sizeof(took), "%.1f s", (double)event->took_ms / 1000);
        rate_text(rate, sizeof(rate), event->bytes, event->took_ms);
        text_escape(who, sizeof(who), event->node);
        fprintf(to, "%+8.1f s  %-17s  %-13s  %-40s %10s %8s %12s\n", since,
                who[0]          ? who
                : is_of_machine ? mac_text(mac, &event->mac)
                                : "",
                node_steps[event->step].name,
                text_escape(text, sizeof(text),
                            event->text[0] ? event->text : node_steps[event->step].title),
                size, took, rate);
        fflush(to);
}
