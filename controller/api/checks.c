/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the route itself says of a request: which queries it has, and whether it takes a body, and
 * of which kind. What nobody would read is refused: whoever sent it believes that it counts.
 */
#include <errno.h>
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
        const bool has_fields = route_has_fields(route);
        const char *name;

        if (!text_has_prefix(route->path, "/api/"))
                return PROBLEM_NONE;
        for (size_t i = 0; (name = serve_query_name(call->request, i)) != NULL; i++) {
                char safe[64];

                if (route_has_query(route, name) || (has_fields && strcmp(name, "fields") == 0))
                        continue;
                snprintf(detail, DOC_ERROR_SIZE, "This call has no '%s'%s%s%s%s.",
                         text_escape(safe, sizeof(safe), name),
                         route->query[0] || has_fields ? "; it has: " : "", route->query,
                         route->query[0] && has_fields ? " " : "", has_fields ? "fields" : "");
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

/* What of the answer is wanted: call_send() picks it. */
static enum problem check_fields(struct call *call, char *detail)
{
        const char *fields = serve_query(call->request, "fields");
        int rc = 0;

        if (fields && route_has_fields(call->match.route))
                rc = members_parse(fields, detail, &call->members);
        if (rc == -ENOMEM)
                return PROBLEM_NO_MEMORY;
        return rc < 0 ? PROBLEM_QUERY : PROBLEM_NONE;
}

enum problem call_check(struct call *call, char *detail)
{
        enum problem problem = check_query(call, detail);

        if (problem == PROBLEM_NONE)
                problem = check_fields(call, detail);
        return problem == PROBLEM_NONE ? check_body(call, detail) : problem;
}

bool call_reads_dry_run(struct call *call, bool *ret)
{
        const char *text = serve_query(call->request, "dry_run");

        if (text && !text_is_equal(text, "1") && !text_is_equal(text, "true")) {
                call_refuse(call, PROBLEM_QUERY, "dry_run: 1, or left out");
                return false;
        }
        *ret = text != NULL;
        return true;
}
