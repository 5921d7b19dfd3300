/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/shape.h"
#include "lib/base/text.h"

#define WORD_SIZE 32 /* of a query's name; ours are shorter */
#define ID_SIZE   96 /* of an operation: method and path */

static const struct query {
        const char *name, *type, *help;
} queries[] = {
        {"select",       "string",  "a filter, docs/operations.md \"Choosing nodes\""    },
        {"state",        "string",  "of operations in this state alone"                  },
        {"limit",        "integer", "at most so many"                                    },
        {"sort",         "string",  "by this field of the filter; -FIELD: the last first"},
        {"after",        "string",  "what follows this: `next` of the page before"       },
        {"inventory",    "string",  "1: with the whole inventory"                        },
        {"boot",         "string",  "of this boot number alone"                          },
        {"at",           "integer", "as it was at this time, ms since 1970"              },
        {"back",         "integer", "so many rows before the newest"                     },
        {"since",        "integer", "since this time, ms since 1970"                     },
        {"class",        "string",  "of this class alone"                                },
        {"force",        "string",  "1: of a node in maintenance, or another one's, too" },
        {"dry_run",      "string",  "1: refused or not, nothing is written"              },
        {"generation",   "integer", "of the orders that are known"                       },
        {"sealed",       "string",  "1: secrets sealed to the key that claimed"          },
        {"follow",       "string",  "0: end after what is there"                         },
        {"size",         "integer", "of the disk, bytes"                                 },
        {"sector_size",  "integer", "of the disk, bytes"                                 },
        {"source",       "string",  "tells one file from another"                        },
        {"os",           "string",  "what is in it, for people"                          },
        {"architecture", "string",  "of what is in it"                                   },
        {"number",       "integer", "of the frame"                                       },
        {"network",      "string",  "of this network alone"                              },
};

static const char *const need_names[ROUTE_NEED_COUNT] = {
        [NEED_NOTHING] = "nothing", [NEED_EDGE] = "edge",         [NEED_AGENT] = "agent",
        [NEED_VIEWER] = "viewer",   [NEED_OPERATOR] = "operator", [NEED_ADMIN] = "admin",
};

/* The words of a text with blanks, one after the other. False at the end. */
static bool next_word(const char **at, char to[static WORD_SIZE])
{
        size_t len;

        *at += strspn(*at, " ");
        len = strcspn(*at, " ");
        if (len == 0 || len >= WORD_SIZE)
                return false;
        memcpy(to, *at, len);
        to[len] = '\0';
        *at += len;
        return true;
}

bool route_has_query(const struct route *route, const char *name)
{
        const char *at = route->query;
        char word[WORD_SIZE];

        while (next_word(&at, word))
                if (strcmp(word, name) == 0)
                        return true;
        return false;
}

static struct doc *parameter(const char *name, const char *in, const char *type, const char *help)
{
        struct doc *object = doc_object(), *schema = doc_object();

        (void)doc_set_text(schema, "type", type);
        (void)doc_set_text(object, "name", name);
        (void)doc_set_text(object, "in", in);
        if (strcmp(in, "path") == 0)
                (void)doc_set_bool(object, "required", true);
        (void)doc_set(object, "schema", schema);
        (void)doc_set_text(object, "description", help);
        return object;
}

/* What answers with JSON of ours can be asked for parts of it: no row says so itself. */
bool route_has_fields(const struct route *route)
{
        return strcmp(route->method, "GET") == 0 && text_has_prefix(route->path, "/api/") &&
               isupper((unsigned char)route->gives[0]) && strcmp(route->gives, "OpenApi") != 0;
}

static struct doc *parameters(const struct route *route)
{
        struct doc *list = doc_list();
        const char *at = route->query, *segment = strchr(route->path, '{');
        char word[WORD_SIZE];

        if (segment) {
                snprintf(word, sizeof(word), "%.*s", (int)strcspn(segment + 1, "}"), segment + 1);
                (void)doc_append(list, parameter(word, "path", "string", NULL));
        }
        while (next_word(&at, word)) {
                if (strcmp(word, "If-Match") == 0)
                        (void)doc_append(list, parameter(word, "header", "string",
                                                         "the ETag of what is to be changed"));
                if (strcmp(word, "Idempotency-Key") == 0)
                        (void)doc_append(list,
                                         parameter(word, "header", "string",
                                                   "the same once more: it is not done twice"));
                for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
                        if (strcmp(queries[i].name, word) == 0)
                                (void)doc_append(list, parameter(word, "query", queries[i].type,
                                                                 queries[i].help));
        }
        if (route_has_fields(route))
                (void)doc_append(list, parameter("fields", "query", "string",
                                                 "nothing but these members: name,status.phase"));
        return list;
}

/* {TYPE: {schema: {$ref}}}; bytes have no schema. */
static struct doc *content(const char *type, const char *shape)
{
        struct doc *object = doc_object(), *media = doc_object(), *schema = doc_object();
        char reference[96];

        if (shape) {
                snprintf(reference, sizeof(reference), "#/components/schemas/%s", shape);
                (void)doc_set_text(schema, "$ref", reference);
        }
        (void)doc_set(media, "schema", schema);
        (void)doc_set(object, type, media);
        return object;
}

static struct doc *content_of(const char *shape)
{
        if (strcmp(shape, "bytes") == 0)
                return content("application/octet-stream", NULL);
        if (strcmp(shape, "text") == 0)
                return content("text/plain", NULL);
        if (strcmp(shape, "stream") == 0)
                return content("text/event-stream", NULL);
        return content("application/json", shape);
}

static struct doc *answer(const char *description, struct doc *take_content)
{
        struct doc *object = doc_object();

        (void)doc_set_text(object, "description", description);
        (void)doc_set(object, "content", take_content);
        return object;
}

static struct doc *responses(const struct route *route)
{
        struct doc *object = doc_object();

        if (route->gives[0])
                (void)doc_set(object, "200", answer("done", content_of(route->gives)));
        else
                (void)doc_set(object, "204", answer("done", NULL));
        (void)doc_set(object, "default",
                      answer("what is wrong, and what to do",
                             content("application/problem+json", "Problem")));
        return object;
}

/* GET /api/v1/nodes/{name}/why: "getApiV1NodesNameWhy" */
static void operation_id(const struct route *route, char to[static ID_SIZE])
{
        bool is_upper = false;
        size_t used = 0;

        for (const char *at = route->method; *at && used < ID_SIZE - 1; at++)
                to[used++] = (char)tolower((unsigned char)*at);
        for (const char *at = route->path; *at && used < ID_SIZE - 1; at++) {
                if (isalnum((unsigned char)*at))
                        to[used++] = (char)(is_upper ? toupper((unsigned char)*at) : *at);
                is_upper = !isalnum((unsigned char)*at);
        }
        to[used] = '\0';
}

static struct doc *operation(const struct route *route)
{
        struct doc *object = doc_object(), *body = doc_object(), *security = doc_list();
        struct doc *bearer = doc_object();
        char id[ID_SIZE];

        operation_id(route, id);
        (void)doc_set_text(object, "operationId", id);
        (void)doc_set_text(object, "summary", route->help);
        (void)doc_set_text(object, "x-cloudie-needs", need_names[route->need]);
        (void)doc_set(object, "parameters", parameters(route));
        if (route->takes[0]) {
                (void)doc_set_bool(body, "required", true);
                (void)doc_set(body, "content", content_of(route->takes));
                (void)doc_set(object, "requestBody", body);
        } else {
                (void)doc_free(body);
        }
        (void)doc_set(object, "responses", responses(route));
        if (route->need == NEED_NOTHING) {
                (void)doc_free(bearer);
        } else {
                (void)doc_set(bearer, "bearer", doc_list());
                (void)doc_append(security, bearer);
        }
        (void)doc_set(object, "security", security);
        return object;
}

static struct doc *path_of(struct doc *paths, const char *path)
{
        const char *name;
        struct doc *value;
        size_t at = 0;

        /* A path has dots, which doc_get() would take for its own. */
        while (doc_next(paths, &at, &name, &value) > 0)
                if (strcmp(name, path) == 0)
                        return value;
        value = doc_object();
        return doc_set(paths, path, value) < 0 ? NULL : value;
}

static struct doc *components(void)
{
        struct doc *object = doc_object(), *schemes = doc_object(), *bearer = doc_object();

        (void)doc_set_text(bearer, "type", "http");
        (void)doc_set_text(bearer, "scheme", "bearer");
        (void)doc_set(schemes, "bearer", bearer);
        (void)doc_set(object, "securitySchemes", schemes);
        (void)doc_set(object, "schemas", shapes_schemas());
        return object;
}

struct doc *openapi_make(const struct route *table, size_t count)
{
        struct doc *object = doc_object(), *info = doc_object(), *paths = doc_object();

        (void)doc_set_text(info, "title", "Cloudie");
        (void)doc_set_text(info, "version", CLOUDIE_VERSION);
        (void)doc_set_text(info, "summary", "What cloudied answers to, from the table that routes");
        (void)doc_set_text(object, "openapi", "3.1.0");
        (void)doc_set(object, "info", info);
        for (size_t i = 0; i < count; i++) {
                struct doc *path = path_of(paths, table[i].path);
                char method[8] = "";

                for (size_t j = 0; j < sizeof(method) - 1 && table[i].method[j]; j++)
                        method[j] = (char)tolower((unsigned char)table[i].method[j]);
                (void)doc_set(path, method, operation(&table[i]));
        }
        (void)doc_set(object, "paths", paths);
        (void)doc_set(object, "components", components());
        return object;
}

void handle_openapi(struct call *call)
{
        reply_doc(call, 200, openapi_make(routes, route_count));
        call_send(call);
}
