/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/trust/secret.h"

#define CALL_TIMEOUT_MS 30000
/* A controller that is started anew serves within a second. */
#define TRIES_MAX   4
#define TRY_PAUSE_S 1

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

void call_answer_done(struct call_answer *answer)
{
        answer->doc = doc_free(answer->doc);
}

/* Whole, whatever its length: a filter that was cut would choose other nodes. */
static int make_url(struct buffer *to, const struct call *call, const char *path)
{
        buffer_text(to, call->credential.url);
        buffer_text(to, path);
        return to->rc;
}

/* What came back, whatever it says. */
static void take_response(const struct fetch_response *response, struct call_answer *ret)
{
        ret->status = response->status;
        ret->retry_after_s = response->retry_after_s;
        if (response->body_size > 0)
                ret->rc = doc_parse(response->body, response->body_size, &doc_limits_inventory,
                                    ret->error, &ret->doc);
        /* A refusal is one whatever its body is. */
        if (ret->status / 100 != 2)
                ret->rc = 0;
}

bool call_try(struct call *call, const struct call_request *request, struct call_answer *ret)
{
        _response_ struct fetch_response response = {0};
        _buffer_ struct buffer url = {0};
        char match[128], key[128];
        const char *headers[3] = {NULL};
        size_t count = 0;
        struct fetch_request wanted = {
                .method = request->method,
                .headers = headers,
                /* What comes as a file may take as long as it comes. */
                .timeout_ms = request->sink          ? 0
                              : request->patience_ms ? request->patience_ms
                                                     : CALL_TIMEOUT_MS,
                .silence_ms = request->patience_ms,
                .content_type = request->content_type,
                .body = request->body,
                .body_size = request->body_size,
                .bearer = call->credential.token[0] ? call->credential.token : NULL,
                .sink = request->sink,
                .sink_context = request->sink_context,
        };

        *ret = (struct call_answer){.rc = make_url(&url, call, request->path)};
        if (ret->rc < 0)
                return false;
        wanted.url = url.bytes;
        snprintf(match, sizeof(match), "If-Match: %s", request->if_match ? request->if_match : "");
        snprintf(key, sizeof(key), "Idempotency-Key: %s", request->key ? request->key : "");
        if (request->if_match)
                headers[count++] = match;
        if (request->key)
                headers[count++] = key;
        ret->rc = fetch_do(call->fetch, &wanted, ret->error, &response);
        if (ret->rc == 0)
                take_response(&response, ret);
        return ret->rc == 0 && ret->status / 100 == 2;
}

int call_complain(const struct call *call, const struct call_answer *answer)
{
        if (answer->rc < 0)
                return fail(call, answer->rc, answer->error);
        return print_problem(call, answer->status, answer->doc);
}

/* Whether it may have arrived all the same; or the first try is still under way there. */
static bool is_lost(const struct call_answer *answer)
{
        return answer->rc == -ETIMEDOUT || answer->rc == -EPROTO || answer->rc == -ECONNREFUSED ||
               (answer->status == 409 &&
                text_is_equal(doc_get_text(answer->doc, "code"), "idempotency-key-busy"));
}

/* As call_try(); what is lost on its way is sent again, a few times. */
static bool try_once(struct call *call, struct call_request *request, struct call_answer *ret)
{
        char key[TOKEN_TEXT_SIZE];
        bool is_done;

        if (strcmp(request->method, "POST") == 0 && token_new(key) == 0)
                request->key = key;
        is_done = call_try(call, request, ret);
        for (unsigned tries = 1; tries < TRIES_MAX && request->key && !is_done && is_lost(ret);
             tries++) {
                call_answer_done(ret);
                sleep(TRY_PAUSE_S);
                is_done = call_try(call, request, ret);
        }
        request->key = NULL;
        return is_done;
}

int call_do(struct call *call, const char *method, const char *path, const char *if_match,
            const struct doc *body, struct doc **ret)
{
        _answer_ struct call_answer answer = {0};
        _free_ char *text = NULL;
        struct call_request request = {.method = method, .path = path, .if_match = if_match};
        int rc;

        if (body) {
                rc = doc_print(body, DOC_COMPACT, &text);
                if (rc < 0)
                        return fail(call, rc, "");
                request.body = text;
                request.body_size = strlen(text);
        }
        if (!try_once(call, &request, &answer))
                return call_complain(call, &answer);
        if (ret)
                *ret = TAKE_PTR(answer.doc);
        return 0;
}

int call_get(struct call *call, const struct buffer *path, struct doc **ret)
{
        if (path->rc < 0)
                return fail(call, path->rc, "");
        return call_do(call, "GET", path->bytes, NULL, NULL, ret);
}

int call_clone(const struct call *call, struct call **ret)
{
        return call_new(&call->credential, ret);
}

static int listen_to(struct call *call, const char *path, fetch_event_fn event, void *context,
                     char error[static FETCH_ERROR_SIZE])
{
        _buffer_ struct buffer url = {0};
        struct fetch_request request = {.bearer = call->credential.token};
        const int rc = make_url(&url, call, path);

        if (rc < 0)
                return rc;
        request.url = url.bytes;
        return fetch_events(call->fetch, &request, event, context, error);
}

int call_listen(struct call *call, const char *path, fetch_event_fn event, void *context)
{
        char error[FETCH_ERROR_SIZE];

        return listen_to(call, path, event, context, error);
}

int call_events(struct call *call, const char *path, fetch_event_fn event, void *context)
{
        char error[FETCH_ERROR_SIZE] = "";
        const int rc = listen_to(call, path, event, context, error);

        return rc < 0 ? fail(call, rc, error) : 0;
}

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789-._~";

void call_query(struct buffer *path, const char *name, const char *value)
{
        if (!value)
                return;
        buffer_format(path, "%c%s=", path->bytes && strchr(path->bytes, '?') ? '&' : '?', name);
        for (; *value; value++) {
                if (strchr(plain, *value))
                        buffer_add(path, value, 1);
                else
                        buffer_format(path, "%%%02X", (unsigned char)*value);
        }
}

void call_escape(char *to, size_t size, const char *text)
{
        size_t n = 0;

        for (; *text && size - n > 3; text++) {
                if (strchr(plain, *text))
                        to[n++] = *text;
                else
                        n += (size_t)snprintf(to + n, size - n, "%%%02X", (unsigned char)*text);
        }
        to[n] = '\0';
}
