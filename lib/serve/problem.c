/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problem: what the library itself has to refuse, in the form of docs/protocol.md. */
#include <stdlib.h>
#include <string.h>

#include "lib/serve/private.h"

struct problem_row {
        unsigned status;
        const char *text;
};

#define PROBLEM(status, title, code, detail, hint)                                                 \
        {                                                                                          \
                status, "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" #status    \
                        ",\"code\":\"" code "\",\"detail\":\"" detail "\",\"hint\":\"" hint "\"}"  \
        }

/* clang-format off */
static const struct problem_row rows[PROBLEM_COUNT] = {
        [PROBLEM_TARGET] = PROBLEM(400, "Bad Request", "target-malformed",
                "The path or the query of the request is malformed.",
                "Escape each special character as % and two hex digits, once, and send no . or .. segment."),
        [PROBLEM_HEAD] = PROBLEM(400, "Bad Request", "header-malformed",
                "A header of the request is malformed, or there is not one Host.",
                "Send names without blanks, values without control characters, and one Host."),
        [PROBLEM_FRAMING] = PROBLEM(400, "Bad Request", "framing-ambiguous",
                "Where the body of the request ends could be read in more than one way.",
                "Send one Content-Length, or Transfer-Encoding: chunked, and not both."),
        [PROBLEM_METHOD] = PROBLEM(501, "Not Implemented", "method-unknown",
                "The method of the request is unknown.",
                "Use GET, HEAD, POST, PUT, PATCH or DELETE."),
        [PROBLEM_BODY] = PROBLEM(413, "Content Too Large", "body-too-large",
                "The body of the request is larger than this path accepts.",
                "Send less at once; docs/protocol.md names the limits."),
        [PROBLEM_RANGE] = PROBLEM(416, "Range Not Satisfiable", "range-not-satisfiable",
                "The range that was asked for lies behind the end of the file.",
                "Content-Range tells the size of the file."),
        [PROBLEM_INTERNAL] = PROBLEM(500, "Internal Server Error", "internal",
                "The server could not put its answer together.",
                "Its log says why."),
        [PROBLEM_STOPPING] = PROBLEM(503, "Service Unavailable", "stopping",
                "The server is stopping.",
                "Ask again in a few seconds."),
        [PROBLEM_BUSY] = PROBLEM(503, "Service Unavailable", "busy",
                "More bodies of requests are on their way than the server may hold.",
                "Ask again in a few seconds."),
};
/* clang-format on */

struct MHD_Response *problem_response(enum problem problem, unsigned *ret_status)
{
        const struct problem_row *row = &rows[problem];
        char *text = strdup(row->text);
        struct MHD_Response *response;

        *ret_status = row->status;
        if (!text)
                return NULL;
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                free(text);
                return NULL;
        }
        response_add_headers(response, "application/problem+json", NULL);
        return response;
}
