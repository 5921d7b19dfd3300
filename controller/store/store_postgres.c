/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PostgreSQL behind the store
 *
 * The session that writes holds an advisory lock of the database: the seat. It
 * is gone exactly when the session is, so that whoever gets it after a process
 * was killed sees all that this one has committed, and nothing can be committed
 * behind its back. A batch is one pipeline: what it costs is one round trip.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/engine.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define SEAT          "1131177061" /* "Clde"; of advisory locks each database has its own */
#define OLDEST_SERVER 130000
#define UNREAD_MAX    256 /* statements of which no answer was read yet: they lie in memory */
#define TYPE_TEXT     25
#define TYPE_NUMBER   20

struct postgres {
        struct engine engine;
        PGconn *db;
        char *where, *password, *site;          /* of the readers' connections, too */
        unsigned used[OP_COUNT][OP_STATEMENTS]; /* sql_used() */
        size_t unread;
};

struct postgres_reader {
        struct store_reader reader;
        PGconn *db;
};

struct postgres_row {
        struct sql_row row;
        PGresult *result;
};

/* A row leads from the version of its place to the next; never change one that was released. What
 * is put in order is ordered as SQLite does, whatever the database's language is. */
/* clang-format off */
static const char *const migrations[] = {
        "CREATE TABLE documents(kind TEXT COLLATE \"C\", name TEXT COLLATE \"C\", version BIGINT,"
        " at_ms BIGINT, body TEXT, PRIMARY KEY(kind, name));"
        "CREATE TABLE history(rowid BIGSERIAL PRIMARY KEY, kind TEXT COLLATE \"C\","
        " name TEXT COLLATE \"C\", version BIGINT, at_ms BIGINT, body TEXT);"
        "CREATE INDEX history_of ON history(kind, name, version);"
        "CREATE TABLE inventories(node TEXT COLLATE \"C\" PRIMARY KEY, at_ms BIGINT, body TEXT);"
        "CREATE TABLE events(id BIGINT PRIMARY KEY, at_ms BIGINT, mac TEXT COLLATE \"C\","
        " boot TEXT COLLATE \"C\", step TEXT, body TEXT);"
        "CREATE INDEX events_of ON events(mac, id);"
        "CREATE TABLE boots(number TEXT COLLATE \"C\" PRIMARY KEY, mac TEXT, address TEXT,"
        " made_ms BIGINT, public_key TEXT, is_void BIGINT);"
        "CREATE TABLE claims(id BIGINT PRIMARY KEY, boot TEXT, mac TEXT, address TEXT, uuid TEXT,"
        " public_key TEXT, token_hash TEXT, node TEXT, made_ms BIGINT, last_seq BIGINT);"
        "CREATE TABLE edges(id BIGINT PRIMARY KEY, name TEXT, credential_hash TEXT,"
        " joined_ms BIGINT, last_seq BIGINT);"
        "CREATE TABLE tokens(hash TEXT COLLATE \"C\" PRIMARY KEY, \"user\" TEXT, role TEXT,"
        " permissions TEXT, made_ms BIGINT, expires_ms BIGINT);"
        "CREATE TABLE inventory_bodies(hash TEXT COLLATE \"C\" PRIMARY KEY, body TEXT, facts TEXT);"
        "CREATE TABLE inventory_history(id BIGSERIAL PRIMARY KEY, node TEXT COLLATE \"C\","
        " hash TEXT COLLATE \"C\", first_ms BIGINT, last_ms BIGINT, times BIGINT, changes BIGINT,"
        " size BIGINT);"
        "CREATE INDEX inventory_history_of ON inventory_history(node, id);"
        "CREATE INDEX inventory_history_with ON inventory_history(hash);"
        "CREATE TABLE inventory_baselines(node TEXT COLLATE \"C\" PRIMARY KEY,"
        " hash TEXT COLLATE \"C\");"
        "CREATE INDEX inventory_baselines_with ON inventory_baselines(hash);"
        /* What nothing refers to any more goes with the last reference. */
        "CREATE FUNCTION forget_body() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM inventory_bodies WHERE hash = OLD.hash"
        " AND NOT EXISTS (SELECT 1 FROM inventory_history WHERE hash = OLD.hash)"
        " AND NOT EXISTS (SELECT 1 FROM inventory_baselines WHERE hash = OLD.hash);"
        " RETURN NULL; END $$;"
        "CREATE TRIGGER forget_body_of_history AFTER DELETE ON inventory_history"
        " FOR EACH ROW EXECUTE FUNCTION forget_body();"
        "CREATE TRIGGER forget_body_of_baseline AFTER DELETE OR UPDATE ON inventory_baselines"
        " FOR EACH ROW EXECUTE FUNCTION forget_body();",
};
/* clang-format on */

/* What libpq says is lines, and ends with one. */
static int fail(const char *name, const char *what, const char *said, char *error)
{
        snprintf(error, STORE_ERROR_SIZE, "%.100s: %s: %.*s", name, what, (int)strcspn(said, "\n"),
                 said);
        return -EIO;
}

static int fail_engine(struct postgres *engine, const char *what)
{
        return fail(engine->engine.name, what, PQerrorMessage(engine->db), engine->engine.error);
}

static int run(PGconn *db, const char *sql)
{
        PGresult *result = PQexec(db, sql);
        const ExecStatusType status = PQresultStatus(result);

        PQclear(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -EIO;
}

/* One row's one column; "" for NULL. False: the question failed, or has no row. */
static bool ask(PGconn *db, const char *sql, char *to, size_t size)
{
        PGresult *result = PQexec(db, sql);
        const bool is_there = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

        if (is_there && text_copy(to, size, PQgetvalue(result, 0, 0)) < 0)
                to[0] = '\0';
        PQclear(result);
        return is_there;
}

/* ------------------------------------------------------------ connecting */

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
        for (; options->keyword; options++)
                if (strcmp(options->keyword, keyword) == 0)
                        return options->val ? options->val : "";
        return "";
}

/* How it is called in sentences: without what may be secret. A password has no place in a file
 * that all may read. */
static int look_at(const char *where, char *error, char **ret_name)
{
        struct buffer name = {0};
        char *said = NULL;
        PQconninfoOption *options = PQconninfoParse(where, &said);
        int rc = -EBADMSG;

        /* What libpq says of it quotes it, and with it what may be a password. */
        if (!options)
                snprintf(error, STORE_ERROR_SIZE,
                         "'store' is no address of a database: "
                         "postgresql://USER@HOST/DATABASE?OPTION=VALUE&OPTION=VALUE");
        else if (option_of(options, "password")[0])
                snprintf(error, STORE_ERROR_SIZE,
                         "'store' has a password in it: put that into a file of its own, and name "
                         "it in 'store_password_file'");
        else
                rc = 0;
        if (rc == 0) {
                const char *host = option_of(options, "host");

                buffer_format(&name, "PostgreSQL database '%s' on %s", option_of(options, "dbname"),
                              host[0] ? host : "this host");
                rc = buffer_take(&name, ret_name);
        }
        PQconninfoFree(options);
        PQfreemem(said);
        return rc;
}

/* Who is cut off notices within 10 s, and ends, before the server (30 s) gives the seat away. Over
 * TCP it must be the right server, unless the address says otherwise. What follows "dbname" is not
 * overridden by it. */
static int connect_to(const char *where, const char *password, PGconn **ret)
{
        const char *const keywords[] = {"connect_timeout",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "keepalives_count",
                                        "tcp_user_timeout",
                                        "gssencmode",
                                        "sslmode",
                                        "dbname",
                                        "client_encoding",
                                        "fallback_application_name",
                                        "password",
                                        NULL};
        const char *const values[] = {"10",          "4",   "2",    "3",        "8000",   "disable",
                                      "verify-full", where, "UTF8", "cloudied", password, NULL};
        PGconn *db = PQconnectdbParams(keywords, values, 1);
        int rc;

        if (!db)
                return -ENOMEM;
        *ret = db;
        if (PQstatus(db) != CONNECTION_OK)
                return -EIO;
        rc = run(db, "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5;"
                     "SET tcp_keepalives_count = 3; SET tcp_user_timeout = 30000;"
                     "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0;"
                     "SET lock_timeout = 0; SET client_min_messages = warning");
        return rc;
}

/* A pooler gives one session to many: two could have the seat. What it calls the session is its
 * own invention. */
static bool is_direct(PGconn *db)
{
        char pid[24];

        return ask(db, "SELECT pg_backend_pid()", pid, sizeof(pid)) &&
               strtol(pid, NULL, 10) == PQbackendPID(db);
}

static int check_server(struct postgres *engine, char *error)
{
        const char *encoding = PQparameterStatus(engine->db, "server_encoding");

        if (!is_direct(engine->db)) {
                snprintf(error, STORE_ERROR_SIZE,
                         "%.150s: a pooler stands before it; give the address of the server "
                         "itself",
                         engine->engine.name);
                return -EPROTO;
        }
        if (PQserverVersion(engine->db) < OLDEST_SERVER) {
                snprintf(error, STORE_ERROR_SIZE, "%.180s: needs PostgreSQL %d or newer",
                         engine->engine.name, OLDEST_SERVER / 10000);
                return -EPROTO;
        }
        if (!encoding || strcmp(encoding, "UTF8") != 0) {
                snprintf(error, STORE_ERROR_SIZE,
                         "%.150s: its encoding is not UTF8; make it with ENCODING 'UTF8'",
                         engine->engine.name);
                return -EPROTO;
        }
        /* Stronger settings stay. */
        return run(engine->db, "SELECT set_config('synchronous_commit', 'on', false)"
                               " WHERE current_setting('synchronous_commit') IN ('off', 'local')");
}

/* ------------------------------------------------------------ tables */

/* The version of its tables, 0: it is empty. -EPROTO: it is not for us. */
static int read_version(struct postgres *engine, char *error)
{
        const char *name = engine->engine.name;
        char text[STORE_ADDRESS_SIZE];
        long version;

        if (!ask(engine->db,
                 "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')"
                 " AND relnamespace = current_schema()::regnamespace",
                 text, sizeof(text)))
                return fail(name, "cannot be read", PQerrorMessage(engine->db), error);
        if (strcmp(text, "0") == 0)
                return 0;
        if (!ask(engine->db, "SELECT version FROM cloudie", text, sizeof(text))) {
                snprintf(error, STORE_ERROR_SIZE,
                         "%.150s: not written by cloudied; give it a database of its own", name);
                return -EPROTO;
        }
        version = strtol(text, NULL, 10);
        if (version > (long)ARRAY_SIZE(migrations)) {
                snprintf(error, STORE_ERROR_SIZE,
                         "%.150s: written by a newer cloudied; use the cloudied that wrote it",
                         name);
                return -EPROTO;
        }
        if (engine->site && ask(engine->db, "SELECT site FROM cloudie", text, sizeof(text)) &&
            text[0] && strcmp(text, engine->site) != 0) {
                snprintf(error, STORE_ERROR_SIZE,
                         "%.120s: of another site; copy the folder tls/ of the controller that "
                         "wrote it into this one's state folder",
                         name);
                return -EPROTO;
        }
        return (int)version;
}

/* A transaction for all: with several texts in one call, that is what PostgreSQL makes of them. */
static int migrate(struct postgres *engine, int version)
{
        const int newest = (int)ARRAY_SIZE(migrations);
        _buffer_ struct buffer sql = {0};

        buffer_text(&sql, "BEGIN;");
        if (version == 0)
                buffer_text(&sql, "CREATE TABLE cloudie(version BIGINT, site TEXT, address TEXT);"
                                  "INSERT INTO cloudie VALUES(0, '', '');");
        for (; version < newest; version++)
                buffer_text(&sql, migrations[version]);
        buffer_format(&sql, "UPDATE cloudie SET version = %d; COMMIT", newest);
        if (sql.rc < 0)
                return sql.rc;
        return run(engine->db, sql.bytes) < 0 ? fail_engine(engine, "its tables cannot be made")
                                              : 0;
}

/* "?1" is "$1" here. NULL without memory. */
static char *with_dollars(const char *sql)
{
        char *text = strdup(sql);

        for (char *at = text; at && *at; at++)
                if (*at == '?')
                        *at = '$';
        return text;
}

static int prepare(struct postgres *engine, enum op_kind kind, int which)
{
        const struct op_row *row = &op_rows[kind];
        _free_ char *sql = with_dollars(row->sql[which]);
        Oid types[SQL_VALUES_MAX];
        ExecStatusType status;
        PGresult *result;
        char name[16];
        int count = 0;

        if (!sql)
                return -ENOMEM;
        for (; row->types[count]; count++)
                types[count] = row->types[count] == 't' ? TYPE_TEXT : TYPE_NUMBER;
        snprintf(name, sizeof(name), "s%d_%d", (int)kind, which);
        result = PQprepare(engine->db, name, sql, count, types);
        status = PQresultStatus(result);
        PQclear(result);
        engine->used[kind][which] = sql_used(row->sql[which]);
        return status == PGRES_COMMAND_OK ? 0
                                          : fail_engine(engine, "its tables are not as expected");
}

static int prepare_all(struct postgres *engine)
{
        int rc = 0;

        for (int kind = 0; rc == 0 && kind < OP_COUNT; kind++)
                for (int i = 0; rc == 0 && i < OP_STATEMENTS && op_rows[kind].sql[i]; i++)
                        rc = prepare(engine, kind, i);
        return rc;
}

/* ------------------------------------------------------------ the seat */

/* Others read where we are, and whose this is; both are ours to say now. */
static int write_name(struct postgres *engine, const char *address)
{
        const char *const values[] = {address, engine->site ? engine->site : ""};
        PGresult *result = PQexecParams(engine->db,
                                        "UPDATE cloudie SET address = $1::text, site = CASE WHEN"
                                        " $2::text = '' THEN site ELSE $2::text END",
                                        2, NULL, values, NULL, NULL, 0);
        const ExecStatusType status = PQresultStatus(result);

        PQclear(result);
        return status == PGRES_COMMAND_OK ? 0 : fail_engine(engine, "cannot be written");
}

static int sit_down(struct postgres *engine, const char *address)
{
        int rc = read_version(engine, engine->engine.error);

        if (rc >= 0)
                rc = migrate(engine, rc);
        if (rc == 0)
                rc = write_name(engine, address);
        if (rc == 0)
                rc = prepare_all(engine);
        return rc < 0 ? rc : 1;
}

static int postgres_take_seat(struct engine *base, const char *address, char *holder)
{
        struct postgres *engine = (struct postgres *)base;
        char is_ours[8];

        if (!ask(engine->db, "SELECT pg_try_advisory_lock(" SEAT ")", is_ours, sizeof(is_ours)))
                return fail_engine(engine, "cannot be reached");
        if (is_ours[0] == 't')
                return sit_down(engine, address);
        /* Before the first has made its tables there is no address. */
        if (!ask(engine->db, "SELECT address FROM cloudie", holder, STORE_ADDRESS_SIZE))
                holder[0] = '\0';
        return 0;
}

static int postgres_look(struct engine *base)
{
        struct postgres *engine = (struct postgres *)base;

        return run(engine->db, "SELECT 1") < 0 ? fail_engine(engine, "cannot be reached") : 0;
}

static void postgres_close(struct engine *base)
{
        struct postgres *engine = (struct postgres *)base;

        PQfinish(engine->db);
        free(engine->engine.name);
        free(engine->where);
        if (engine->password)
                explicit_bzero(engine->password, strlen(engine->password));
        free(engine->password);
        free(engine->site);
        free(engine);
}

static int copy(const char *text, char **ret)
{
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

static int start(struct postgres *engine, const struct store_place *place, char *error)
{
        int rc = look_at(place->where, error, &engine->engine.name);

        if (rc == 0)
                rc = copy(place->where, &engine->where);
        if (rc == 0)
                rc = copy(place->password, &engine->password);
        if (rc == 0)
                rc = copy(place->site, &engine->site);
        if (rc < 0)
                return rc;
        rc = connect_to(engine->where, engine->password, &engine->db);
        if (rc == -EIO)
                return fail(engine->engine.name, "cannot be opened", PQerrorMessage(engine->db),
                            error);
        if (rc == 0)
                rc = check_server(engine, error);
        if (rc == 0)
                rc = read_version(engine, error);
        return rc < 0 ? rc : 0;
}

static int postgres_open(const struct store_place *place, char *error, struct engine **ret)
{
        struct postgres *engine = calloc(1, sizeof(*engine));
        int rc;

        if (!engine)
                return -ENOMEM;
        engine->engine.kind = &engine_postgres;
        rc = start(engine, place, error);
        if (rc < 0) {
                postgres_close(&engine->engine);
                return rc;
        }
        *ret = &engine->engine;
        return 0;
}

/* ------------------------------------------------------------ writing */

/* Values as texts, which is how they travel; numbers need a place. */
struct texts {
        const char *at[SQL_VALUES_MAX];
        char numbers[SQL_VALUES_MAX][24];
};

/* Those that a statement has no use for stay here: a body is large. */
static void put_texts(struct texts *to, const struct sql_value *values, size_t count, unsigned used)
{
        for (size_t i = 0; i < count; i++) {
                const struct sql_value *value = &values[i];

                to->at[i] = NULL;
                if (!(used & (1U << i)) || value->is_null)
                        continue;
                to->at[i] = value->text ? value->text : to->numbers[i];
                if (!value->text)
                        snprintf(to->numbers[i], sizeof(to->numbers[i]), "%lld",
                                 (long long)value->number);
        }
}

/* Every answer up to the next synchronisation. */
static int read_answers(struct postgres *engine)
{
        int rc = PQpipelineSync(engine->db) == 1 ? 0 : fail_engine(engine, "cannot be written");
        bool is_end = rc < 0;

        engine->unread = 0;
        while (!is_end) {
                PGresult *result = PQgetResult(engine->db);
                const ExecStatusType status = PQresultStatus(result);

                if (result && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
                    status != PGRES_PIPELINE_SYNC && rc == 0)
                        rc = fail(engine->engine.name, "cannot be written",
                                  PQresultErrorMessage(result), engine->engine.error);
                is_end = result && status == PGRES_PIPELINE_SYNC;
                PQclear(result);
                if (!is_end && PQstatus(engine->db) != CONNECTION_OK) {
                        is_end = true;
                        if (rc == 0)
                                rc = fail_engine(engine, "cannot be reached");
                }
        }
        return rc;
}

static int count_sent(struct postgres *engine, int is_sent)
{
        if (is_sent != 1)
                return fail_engine(engine, "cannot be written");
        return ++engine->unread < UNREAD_MAX ? 0 : read_answers(engine);
}

static int postgres_begin(struct engine *base)
{
        struct postgres *engine = (struct postgres *)base;

        if (PQenterPipelineMode(engine->db) != 1)
                return fail_engine(engine, "cannot be written");
        return count_sent(engine,
                          PQsendQueryParams(engine->db, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
}

static int postgres_apply(struct engine *base, const struct op *op)
{
        struct postgres *engine = (struct postgres *)base;
        struct sql_values values = {.count = 0};
        struct texts texts;
        char name[16];
        int rc = 0;

        op_rows[op->kind].fill(&values, op);
        for (int i = 0; rc == 0 && i < OP_STATEMENTS && op_rows[op->kind].sql[i]; i++) {
                put_texts(&texts, values.at, values.count, engine->used[op->kind][i]);
                snprintf(name, sizeof(name), "s%d_%d", (int)op->kind, i);
                rc = count_sent(engine, PQsendQueryPrepared(engine->db, name, (int)values.count,
                                                            texts.at, NULL, NULL, 0));
        }
        return rc;
}

static int postgres_commit(struct engine *base)
{
        struct postgres *engine = (struct postgres *)base;
        int rc = count_sent(engine,
                            PQsendQueryParams(engine->db, "COMMIT", 0, NULL, NULL, NULL, NULL, 0));

        if (rc == 0)
                rc = read_answers(engine);
        if (rc == 0 && PQexitPipelineMode(engine->db) != 1)
                rc = fail_engine(engine, "cannot be written");
        if (rc == 0 && PQtransactionStatus(engine->db) != PQTRANS_IDLE)
                rc = fail_engine(engine, "did not commit");
        return rc;
}

/* A failure is final, and with the connection what was begun is gone. */
static void postgres_rollback(struct engine *base)
{
        (void)base;
}

/* ------------------------------------------------------------ reading */

static int postgres_reader_open(struct engine *base, struct store_reader **ret)
{
        const struct postgres *engine = (const struct postgres *)base;
        struct postgres_reader *reader = calloc(1, sizeof(*reader));
        int rc;

        if (!reader)
                return -ENOMEM;
        reader->reader.kind = &engine_postgres;
        rc = connect_to(engine->where, engine->password, &reader->db);
        if (rc == 0)
                rc = run(reader->db, "SET default_transaction_read_only = on");
        if (rc < 0) {
                PQfinish(reader->db);
                free(reader);
                return rc;
        }
        *ret = &reader->reader;
        return 0;
}

static void postgres_reader_close(struct store_reader *reader)
{
        PQfinish(((struct postgres_reader *)reader)->db);
        free(reader);
}

static const char *postgres_text(const struct sql_row *row, int column)
{
        PGresult *result = ((const struct postgres_row *)row)->result;

        return PQgetisnull(result, 0, column) ? NULL : PQgetvalue(result, 0, column);
}

static int send_question(PGconn *db, const char *sql, const struct sql_value *values, size_t count)
{
        _free_ char *text = with_dollars(sql);
        Oid types[SQL_VALUES_MAX];
        struct texts texts;

        if (!text)
                return -ENOMEM;
        put_texts(&texts, values, count, UINT32_MAX);
        for (size_t i = 0; i < count; i++)
                types[i] = values[i].text || values[i].is_null ? TYPE_TEXT : TYPE_NUMBER;
        if (PQsendQueryParams(db, text, (int)count, types, texts.at, NULL, NULL, 0) != 1)
                return -EIO;
        return PQsetSingleRowMode(db) == 1 ? 0 : -EIO;
}

/* What is no text at all (SQLSTATE 22021) stands in no row; anything else is a failure. */
static int fail_reading(struct store_reader *reader, const PGresult *result)
{
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        if (state && strcmp(state, "22021") == 0)
                return 0;
        return fail("the database", "cannot be read", PQresultErrorMessage(result), reader->error);
}

static int postgres_each(struct store_reader *base, const char *sql, const struct sql_value *values,
                         size_t count, sql_row_fn fn, void *context)
{
        struct postgres_reader *reader = (struct postgres_reader *)base;
        struct postgres_row row = {.row = {&engine_postgres}};
        int rc;

        /* Somebody ended the session, or the server was started again: whoever writes has
         * noticed, too, and decides what that means. */
        if (PQstatus(reader->db) != CONNECTION_OK)
                PQreset(reader->db);
        rc = send_question(reader->db, sql, values, count);
        if (rc < 0)
                fail("the database", "cannot be asked", PQerrorMessage(reader->db), base->error);
        while ((row.result = PQgetResult(reader->db)) != NULL) {
                const ExecStatusType status = PQresultStatus(row.result);

                if (status == PGRES_SINGLE_TUPLE && rc == 0)
                        rc = fn(context, &row.row);
                else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK && rc == 0)
                        rc = fail_reading(base, row.result);
                PQclear(row.result);
        }
        return rc;
}

const struct engine_kind engine_postgres = {
        .open = postgres_open,
        .close = postgres_close,
        .take_seat = postgres_take_seat,
        .look = postgres_look,
        .begin = postgres_begin,
        .apply = postgres_apply,
        .commit = postgres_commit,
        .rollback = postgres_rollback,
        .reader_open = postgres_reader_open,
        .reader_close = postgres_reader_close,
        .each = postgres_each,
        .text = postgres_text,
        .list = "SELECT json_array_elements_text(?2::json)",
};
