/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the route itself says of a request: which queries it has, and whether it takes a body, and
 * of which kind. What nobody would read is refused: whoever sent it believes that it counts.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controller/api/call.h"
#include "controller/api/openapi.h"
#include "lib/base/text.h"

/* A filter that is misspelt would choose everything. Edges and agents may be of a newer release. */
static enum problem check_query(struct call *call, char *detail)
{
        const struct route *route = call->match.route;
        const char *name;

        if (!text_has_prefix(route->path, "/api/"))
                return PROBLEM_NONE;
        for (size_t i = 0; (name = serve_query_name(call->request, i)) != NULL; i++) {
                char safe[64];

                if (route_has_query(route, name))
                        continue;
                snprintf(detail, DOC_ERROR_SIZE, "This call has no '%s'%s%s.",
                         text_escape(safe, sizeof(safe), name), route->query[0] ? "; it has: " : "",
                         route->query);
                return PROBLEM_QUERY;
        }
        return PROBLEM_NONE;
}

/* "application/json", with or without parameters (RFC 9110 8.3.1). None at all is taken for that.
 */
static bool is_json(const char *type)
{
        static const char json[] = "application/json";
        const size_t len = strlen(json);

        return !type || (strncasecmp(type, json, len) == 0 &&
                         (type[len] == '\0' || strchr("; \t", type[len])));
}

/* Nothing, or an object without members: some clients send one with each POST. */
static bool says_nothing(const char *body, size_t size)
{
        static const char empty[] = "{}";
        const char *left = empty;

        for (size_t i = 0; i < size; i++) {
                if (body[i] == ' ' || body[i] == '\t' || body[i] == '\r' || body[i] == '\n')
                        continue;
                if (*left == '\0' || body[i] != *left++)
                        return false;
        }
        return left == empty || *left == '\0';
}

static enum problem check_body(struct call *call, char *detail)
{
        const struct route *route = call->match.route;
        const char *body;
        size_t size;

        body = serve_body(call->request, &size);
        if (strcmp(route->takes, "bytes") == 0)
                return PROBLEM_NONE;
        if (route->takes[0])
                return is_json(serve_header(call->request, "Content-Type")) ? PROBLEM_NONE
                                                                            : PROBLEM_MEDIA_TYPE;
        if (says_nothing(body, size))
                return PROBLEM_NONE;
        snprintf(detail, DOC_ERROR_SIZE, "This call takes no body%s%s.",
                 route->query[0] ? "; it has: " : "", route->query);
        return PROBLEM_BODY;
}

enum problem call_check(struct call *call, char *detail)
{
        const enum problem problem = check_query(call, detail);

        return problem == PROBLEM_NONE ? check_body(call, detail) : problem;
}
