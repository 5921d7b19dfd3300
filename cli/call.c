/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define CALL_TIMEOUT_MS 30000

struct call {
        struct credential credential;
        struct fetch *fetch;
};

int call_new(const struct credential *credential, struct call **ret)
{
        const struct fetch_trust trust = {.pin = credential->pin};
        struct call *call = calloc(1, sizeof(*call));

        if (!call || fetch_new(&trust, &call->fetch) < 0) {
                fprintf(stderr, "cloudie: no memory\n");
                free(call);
                return EXIT_FAILURE;
        }
        call->credential = *credential;
        *ret = call;
        return 0;
}

struct call *call_free(struct call *call)
{
        if (!call)
                return NULL;
        fetch_free(call->fetch);
        free(call);
        return NULL;
}

static int fail(const struct call *call, int rc, const char *error)
{
        const char *hint = "";
        char safe[2 * FETCH_ERROR_SIZE];

        if (rc == -EKEYREJECTED)
                hint = "\ncloudie: the controller has another key than when you logged in; if that "
                       "is right, log in again";
        else if (rc == -ECONNREFUSED || rc == -EHOSTUNREACH || rc == -ETIMEDOUT)
                hint = "\ncloudie: is cloudied running there?";
        fprintf(stderr, "cloudie: %s: %s%s\n", call->credential.url,
                text_escape(safe, sizeof(safe), error[0] ? error : strerror(-rc)), hint);
        return EXIT_FAILURE;
}

/* application/problem+json, RFC 9457. */
static int print_problem(const struct call *call, unsigned status, const struct doc *answer)
{
        const char *detail = doc_get_text(answer, "detail");
        const char *hint = doc_get_text(answer, "hint");
        char safe[1024];

        fprintf(stderr, "cloudie: %s",
                text_escape(safe, sizeof(safe), detail ? detail : "the controller refuses"));
        if (!detail)
                fprintf(stderr, " (%s: status %u)", call->credential.url, status);
        if (hint)
                fprintf(stderr, "\ncloudie: %s", text_escape(safe, sizeof(safe), hint));
        if (status == 401 && !hint)
                fprintf(stderr, "\ncloudie: log in again: cloudie login LINK");
        fputc('\n', stderr);
        return EXIT_FAILURE;
}

int call_do(struct call *call, const char *method, const char *path, const char *if_match,
            const struct doc *body, struct doc **ret)
{
        _response_ struct fetch_response response = {0};
        _doc_ struct doc *answer = NULL;
        _free_ char *text = NULL;
        char url[CREDENTIAL_URL_SIZE + 512], match[128], error[FETCH_ERROR_SIZE] = "";
        const char *headers[] = {if_match ? match : NULL, NULL};
        struct fetch_request request = {
                .method = method, .url = url, .headers = headers, .timeout_ms = CALL_TIMEOUT_MS};
        int rc;

        snprintf(url, sizeof(url), "%s%s", call->credential.url, path);
        snprintf(match, sizeof(match), "If-Match: %s", if_match ? if_match : "");
        if (call->credential.token[0])
                request.bearer = call->credential.token;
        if (body) {
                rc = doc_print(body, DOC_COMPACT, &text);
                if (rc < 0)
                        return fail(call, rc, "");
                request.body = text;
                request.body_size = strlen(text);
        }

        rc = fetch_do(call->fetch, &request, error, &response);
        if (rc < 0)
                return fail(call, rc, error);
        if (response.body_size > 0)
                rc = doc_parse(response.body, response.body_size, &doc_limits_inventory, error,
                               &answer);
        if (response.status / 100 != 2)
                return print_problem(call, response.status, answer);
        if (rc < 0)
                return fail(call, rc, error);
        if (ret)
                *ret = TAKE_PTR(answer);
        return 0;
}

int call_events(struct call *call, const char *path, fetch_event_fn event, void *context)
{
        char url[CREDENTIAL_URL_SIZE + 512], error[FETCH_ERROR_SIZE] = "";
        const struct fetch_request request = {.url = url, .bearer = call->credential.token};
        int rc;

        snprintf(url, sizeof(url), "%s%s", call->credential.url, path);
        rc = fetch_events(call->fetch, &request, event, context, error);
        return rc < 0 ? fail(call, rc, error) : 0;
}

void call_escape(char *to, size_t size, const char *text)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789-._~";
        size_t n = 0;

        for (; *text && size - n > 3; text++) {
                if (strchr(plain, *text))
                        to[n++] = *text;
                else
                        n += (size_t)snprintf(to + n, size - n, "%%%02X", (unsigned char)*text);
        }
        to[n] = '\0';
}
