/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading, at the start and by the readers: the same questions to every engine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/engine.h"
#include "lib/base/buffer.h"

/* What we wrote ourselves; were it damaged, it reads as not set. */
static void take_mac(const struct sql_row *row, int column, struct mac_address *to)
{
        if (mac_parse(sql_text(row, column), to) < 0)
                *to = (struct mac_address){0};
}

static void take_address(const struct sql_row *row, int column, struct ip_address *to)
{
        if (ip_parse(sql_text(row, column), to) < 0)
                *to = (struct ip_address){0};
}

#define TAKE_TEXT(row, column, field) sql_take_text(row, column, field, sizeof(field))

static int load_document(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;
        const struct store_document document = {
                .kind = sql_text(row, 0),
                .name = sql_text(row, 1),
                .version = sql_number(row, 2),
                .at_ms = sql_number(row, 3),
                .body = sql_text(row, 4),
        };

        return load->document(load->context, &document);
}

static int load_boot(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;
        struct store_boot boot = {0};

        TAKE_TEXT(row, 0, boot.number);
        take_mac(row, 1, &boot.mac);
        take_address(row, 2, &boot.address);
        boot.made_ms = sql_number(row, 3);
        TAKE_TEXT(row, 4, boot.public_key);
        boot.is_void = sql_number(row, 5) != 0;
        return load->boot(load->context, &boot);
}

static int load_claim(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;
        struct store_claim claim = {.id = sql_number(row, 0)};

        TAKE_TEXT(row, 1, claim.boot);
        take_mac(row, 2, &claim.mac);
        take_address(row, 3, &claim.address);
        if (uuid_parse(sql_text(row, 4), &claim.uuid) < 0)
                claim.uuid = (struct uuid){0};
        TAKE_TEXT(row, 5, claim.public_key);
        TAKE_TEXT(row, 6, claim.token_hash);
        TAKE_TEXT(row, 7, claim.node);
        claim.made_ms = sql_number(row, 8);
        claim.last_seq = sql_number(row, 9);
        return load->claim(load->context, &claim);
}

static int load_edge(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;
        struct store_edge edge = {.id = sql_number(row, 0)};

        TAKE_TEXT(row, 1, edge.name);
        TAKE_TEXT(row, 2, edge.credential_hash);
        edge.joined_ms = sql_number(row, 3);
        edge.last_seq = sql_number(row, 4);
        return load->edge(load->context, &edge);
}

static int load_token(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;
        struct store_token token = {0};

        TAKE_TEXT(row, 0, token.hash);
        TAKE_TEXT(row, 1, token.user);
        TAKE_TEXT(row, 2, token.role);
        TAKE_TEXT(row, 3, token.permissions);
        token.made_ms = sql_number(row, 4);
        token.expires_ms = sql_number(row, 5);
        return load->token(load->context, &token);
}

static int load_gone(void *context, const struct sql_row *row)
{
        const struct store_load *load = context;

        return load->gone ? load->gone(load->context, sql_text(row, 0), sql_text(row, 1),
                                       sql_number(row, 2))
                          : 0;
}

static int load_last_event(void *context, const struct sql_row *row)
{
        struct store_load *load = context;

        load->last_event = sql_number(row, 0);
        return 0;
}

/* clang-format off */
static const struct {
        const char *sql;
        sql_row_fn row;
} loads[] = {
        {"SELECT kind, name, version, at_ms, body FROM documents ORDER BY kind, name", load_document},
        {"SELECT number, mac, address, made_ms, public_key, is_void FROM boots",       load_boot},
        {"SELECT id, boot, mac, address, uuid, public_key, token_hash, node, made_ms, last_seq"
         " FROM claims ORDER BY id",                                                   load_claim},
        {"SELECT id, name, credential_hash, joined_ms, last_seq FROM edges",           load_edge},
        {"SELECT hash, \"user\", role, permissions, made_ms, expires_ms FROM tokens",  load_token},
        {"SELECT kind, name, max(version) FROM history h WHERE NOT EXISTS (SELECT 1 FROM documents d"
         " WHERE d.kind = h.kind AND d.name = h.name) GROUP BY kind, name ORDER BY kind, name",
         load_gone},
        {"SELECT max(id) FROM events",                                                 load_last_event},
};
/* clang-format on */

int engine_load(struct engine *engine, struct store_load *load, char *error)
{
        struct store_reader *reader = NULL;
        int rc = engine->kind->reader_open(engine, &reader);

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(loads); i++)
                rc = reader->kind->each(reader, loads[i].sql, NULL, 0, loads[i].row, load);
        if (rc < 0 && error && !error[0])
                snprintf(error, STORE_ERROR_SIZE, "%.100s: cannot be read: %.120s", engine->name,
                         reader && reader->error[0] ? reader->error : strerror(-rc));
        if (reader)
                reader->kind->reader_close(reader);
        return rc;
}

static struct sql_value text_value(const char *text)
{
        return text ? (struct sql_value){.text = text, .size = strlen(text)}
                    : (struct sql_value){.is_null = true};
}

struct walk {
        store_event_fn event;
        store_version_fn version;
        const char *kind, *name;
        void *context;
};

static int take_event(void *context, const struct sql_row *row)
{
        const struct walk *walk = context;

        return walk->event(walk->context, sql_number(row, 0), sql_text(row, 1), sql_text(row, 2));
}

static int macs_as_json(const struct store_event_query *query, struct buffer *to)
{
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < query->mac_count; i++)
                buffer_format(to, "%s\"%s\"", i > 0 ? "," : "[", mac_text(text, &query->macs[i]));
        buffer_text(to, query->mac_count > 0 ? "]" : "[]");
        return to->rc;
}

/* Of some machines: by the index of MACs, which come in as a JSON list. */
static void ask_events(const struct store_reader *reader, const struct store_event_query *query,
                       struct buffer *to)
{
        if (query->is_newest)
                buffer_text(to, "SELECT * FROM (");
        buffer_text(to, "SELECT id, step, body FROM events WHERE ");
        if (query->macs)
                buffer_format(to, "mac IN (%s) AND ", reader->kind->list);
        buffer_format(to, "id > ?1 AND (?3 IS NULL OR boot = ?3) ORDER BY id%s LIMIT ?4",
                      query->is_newest ? " DESC" : "");
        if (query->is_newest)
                buffer_text(to, ") AS newest ORDER BY id");
}

int store_read_events(struct store_reader *reader, const struct store_event_query *query,
                      store_event_fn fn, void *context)
{
        _buffer_ struct buffer macs = {0}, sql = {0};
        struct walk walk = {.event = fn, .context = context};
        int rc = query->macs ? macs_as_json(query, &macs) : 0;

        ask_events(reader, query, &sql);
        if (rc == 0)
                rc = sql.rc;
        if (rc < 0)
                return rc;

        const struct sql_value values[] = {
                {.number = query->after},
                text_value(macs.bytes),
                text_value(query->boot),
                {.number = query->limit},
        };

        return reader->kind->each(reader, sql.bytes, values, ARRAY_SIZE(values), take_event, &walk);
}

static int take_version(void *context, const struct sql_row *row)
{
        const struct walk *walk = context;
        const struct store_document document = {
                .kind = walk->kind,
                .name = walk->name,
                .version = sql_number(row, 0),
                .at_ms = sql_number(row, 1),
                .body = sql_text_or_null(row, 2),
        };

        return walk->version(walk->context, &document);
}

static int take_body(void *context, const struct sql_row *row)
{
        char **body = context;

        *body = strdup(sql_text(row, 0));
        return *body ? 0 : -ENOMEM;
}

int store_read_document(struct store_reader *reader, const char *kind, const char *name, char **ret)
{
        const struct sql_value values[] = {text_value(kind), text_value(name)};
        char *body = NULL;
        int rc;

        rc = reader->kind->each(reader, "SELECT body FROM documents WHERE kind = ?1 AND name = ?2",
                                values, ARRAY_SIZE(values), take_body, &body);
        if (rc < 0) {
                free(body);
                return rc;
        }
        if (!body)
                return -ENOENT;
        *ret = body;
        return 0;
}

int store_read_versions(struct store_reader *reader, const char *kind, const char *name,
                        store_version_fn fn, void *context)
{
        const struct sql_value values[] = {text_value(kind), text_value(name)};
        struct walk walk = {.version = fn, .kind = kind, .name = name, .context = context};

        /* By the order of writing: what was deleted and made anew begins at 1 again. */
        return reader->kind->each(reader,
                                  "SELECT version, at_ms, body FROM history"
                                  " WHERE kind = ?1 AND name = ?2 ORDER BY rowid DESC",
                                  values, ARRAY_SIZE(values), take_version, &walk);
}

int store_read_backup(struct store_reader *reader, const char *path)
{
        return reader->kind->copy ? reader->kind->copy(reader, path) : -EOPNOTSUPP;
}
