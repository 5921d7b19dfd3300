/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inventories, as the readers ask for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/engine.h"

static int take_text(void *context, const struct sql_row *row)
{
        char **text = context;

        if (*text)
                return 0;
        *text = strdup(sql_text(row, 0));
        return *text ? 0 : -ENOMEM;
}

static int read_text(struct store_reader *reader, const char *sql, const char *parameter,
                     char **ret)
{
        const struct sql_value value = {.text = parameter, .size = strlen(parameter)};
        char *text = NULL;
        const int rc = reader->kind->each(reader, sql, &value, 1, take_text, &text);

        if (rc < 0) {
                free(text);
                return rc;
        }
        if (!text)
                return -ENOENT;
        *ret = text;
        return 0;
}

int store_read_inventory(struct store_reader *reader, const char *node, char **ret)
{
        return read_text(reader, "SELECT body FROM inventories WHERE node = ?1", node, ret);
}

int store_read_inventory_body(struct store_reader *reader, const char *hash, char **ret)
{
        return read_text(reader, "SELECT body FROM inventory_bodies WHERE hash = ?1", hash, ret);
}

struct history {
        store_sighting_fn fn;
        void *context;
};

static int take_sighting(void *context, const struct sql_row *row)
{
        const struct history *history = context;
        struct store_sighting sighting = {
                .first_ms = sql_number(row, 1),
                .last_ms = sql_number(row, 2),
                .times = sql_number(row, 3),
                .changes = sql_number(row, 4),
        };

        sql_take_text(row, 0, sighting.hash, sizeof(sighting.hash));
        return history->fn(history->context, &sighting);
}

int store_read_history(struct store_reader *reader, const char *node, store_sighting_fn fn,
                       void *context)
{
        const struct sql_value value = {.text = node, .size = strlen(node)};
        struct history history = {fn, context};

        return reader->kind->each(
                reader,
                "SELECT hash, first_ms, last_ms, times, changes FROM inventory_history"
                " WHERE node = ?1 ORDER BY id DESC",
                &value, 1, take_sighting, &history);
}

struct all_facts {
        store_facts_fn fn;
        void *context;
};

static int take_facts(void *context, const struct sql_row *row)
{
        const struct all_facts *all = context;

        return all->fn(all->context, sql_text(row, 0), sql_text(row, 1));
}

int store_read_facts(struct store_reader *reader, store_facts_fn fn, void *context)
{
        struct all_facts all = {fn, context};

        return reader->kind->each(
                reader,
                "SELECT h.node, b.facts FROM inventory_history h"
                " JOIN inventory_bodies b ON b.hash = h.hash"
                " WHERE h.id = (SELECT max(id) FROM inventory_history WHERE node = h.node)"
                " AND b.facts IS NOT NULL ORDER BY h.node",
                NULL, 0, take_facts, &all);
}
