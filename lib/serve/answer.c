/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answer: what a handler reads of its request, and the plain answer. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/serve/private.h"

const char *serve_method(const struct serve_request *request)
{
        return request->method;
}

const char *serve_path(const struct serve_request *request)
{
        return request->target.path;
}

const char *serve_query(struct serve_request *request, const char *name)
{
        for (size_t i = 0; i < request->target.query_count; i++) {
                if (!strcmp(request->target.query[i].name, name))
                        return request->target.query[i].value;
        }
        return NULL;
}

const char *serve_query_name(const struct serve_request *request, size_t index)
{
        return index < request->target.query_count ? request->target.query[index].name : NULL;
}

const char *serve_header(struct serve_request *request, const char *name)
{
        for (size_t i = 0; i < request->header_count; i++) {
                if (!strcasecmp(request->headers[i].name, name))
                        return request->headers[i].value;
        }
        return NULL;
}

/* RFC 6750 2.1; the scheme's case does not count (RFC 9110 11.1). */
const char *serve_bearer(struct serve_request *request)
{
        static const char scheme[] = "Bearer ";
        const char *value = serve_header(request, "Authorization");

        if (!value || strncasecmp(value, scheme, strlen(scheme)) != 0)
                return NULL;
        value += strlen(scheme);
        value += strspn(value, " ");
        return *value ? value : NULL;
}

const void *serve_body(const struct serve_request *request, size_t *ret_size)
{
        *ret_size = request->body.size;
        return request->body.bytes ? request->body.bytes : "";
}

const char *serve_peer(const struct serve_request *request)
{
        return request->peer_text;
}

struct sockaddr_storage serve_peer_address(const struct serve_request *request)
{
        return request->peer;
}

void serve_set_data(struct serve_request *request, void *data)
{
        request->data = data;
}

void *serve_data(const struct serve_request *request)
{
        return request->data;
}

void response_add_headers(struct MHD_Response *response, const char *content_type,
                          const struct serve_header_row *rows)
{
        if (content_type)
                MHD_add_response_header(response, "Content-Type", content_type);
        for (; rows && rows->name; rows++)
                MHD_add_response_header(response, rows->name, rows->value);
}

void serve_answer(struct serve_request *request, unsigned status, const char *content_type,
                  char *take_body, size_t size, const struct serve_header_row *headers)
{
        struct MHD_Response *response;

        response = MHD_create_response_from_buffer(
                size, take_body, take_body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        if (response)
                response_add_headers(response, content_type, headers);
        else
                free(take_body);
        request_answer(request, status, response, NULL);
}
