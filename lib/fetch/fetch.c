/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fetch: one easy handle a client. It is reset before each call, which keeps
 * its connections, so that no option of one call is left to the next.
 *
 * It links with Debian's libcurl as well as with the static one of the ramdisk,
 * which knows HTTP and OpenSSL and nothing else.
 */
#include "lib/fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/fetch/error.h"
#include "lib/fetch/event.h"

#define CONNECT_TIMEOUT_MS 5000
#define SILENCE_DEFAULT_MS 30000
#define LIMIT_DEFAULT      ((size_t)8 << 20)

/* Our servers drop a connection that was idle for 60 s. One that is about to be
 * dropped is not used again, for libcurl would repeat the request on a new one. */
#define IDLE_MAX_S 45L

struct fetch {
        CURL *easy;
        char *ca_file;
        char *pin;
        atomic_bool is_cancelled;
};

/* One call under way. */
struct call {
        struct fetch *fetch;
        const struct fetch_request *request;
        struct curl_slist *headers;
        struct buffer body;
        char etag[80];
        uint64_t retry_after_s;
        uint64_t range_start; /* of the answer's Content-Range */
        bool has_range;
        bool is_checked;   /* the head of the answer was looked at */
        bool is_to_sink;   /* the body goes to the sink */
        const char *wrong; /* why the answer is not taken; NULL: it is */
        int rc;            /* why a callback of ours ended the call */
        curl_off_t moved;  /* bytes when last looked */
        uint64_t moved_ms; /* and when they last changed */
        bool wants_events;
        char words[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void init_global(void)
{
        global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int fetch_new(const struct fetch_trust *trust, struct fetch **ret)
{
        CLEANUP(fetch_free) struct fetch *fetch = calloc(1, sizeof(*fetch));

        pthread_once(&once, init_global);
        if (!fetch || global_result != CURLE_OK)
                return -ENOMEM;
        atomic_init(&fetch->is_cancelled, false);
        fetch->easy = curl_easy_init();
        if (!fetch->easy)
                return -ENOMEM;
        if (trust && trust->ca_file) {
                fetch->ca_file = strdup(trust->ca_file);
                if (!fetch->ca_file)
                        return -ENOMEM;
        }
        if (trust && trust->pin) {
                fetch->pin = strdup(trust->pin);
                if (!fetch->pin)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(fetch);
        return 0;
}

struct fetch *fetch_free(struct fetch *fetch)
{
        if (!fetch)
                return NULL;
        curl_easy_cleanup(fetch->easy);
        free(fetch->ca_file);
        free(fetch->pin);
        free(fetch);
        return NULL;
}

void fetch_cancel(struct fetch *fetch)
{
        atomic_store(&fetch->is_cancelled, true);
}

void fetch_response_done(struct fetch_response *response)
{
        free(response->body);
        *response = (struct fetch_response){.body = NULL};
}

/* libcurl calls this all along, and once a second when nothing moves. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
        struct call *call = context;
        unsigned silence_ms = call->request->silence_ms;
        uint64_t now_ms = clock_monotonic_ms();

        (void)down_total;
        (void)up_total;
        if (atomic_load(&call->fetch->is_cancelled)) {
                call->rc = -ECANCELED;
                return 1;
        }
        if (down + up != call->moved) {
                call->moved = down + up;
                call->moved_ms = now_ms;
        }
        if (now_ms - call->moved_ms > (silence_ms ? silence_ms : SILENCE_DEFAULT_MS)) {
                call->rc = -ETIMEDOUT;
                return 1;
        }
        return 0;
}

/* The value of one header line, its blanks cut off, or -ENOENT if it is another's. */
static int header_value(const char *line, size_t len, const char *name, char *to, size_t size)
{
        size_t name_len = strlen(name);

        if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
                return -ENOENT;
        line += name_len + 1;
        len -= name_len + 1;
        while (len > 0 && (*line == ' ' || *line == '\t')) {
                line++;
                len--;
        }
        while (len > 0 && strchr(" \t\r\n", line[len - 1]))
                len--;
        return text_copy_bytes(to, size, line, len);
}

/* "bytes 10-14/99" (RFC 9110 14.4): 10. Cuts @text behind it. */
static bool range_start_parse(char *text, uint64_t *ret)
{
        static const char unit[] = "bytes ";
        char *end = strchr(text, '-');

        if (!end || !text_has_prefix(text, unit))
                return false;
        *end = '\0';
        return text_parse_u64(text + strlen(unit), UINT64_MAX, ret) == 0;
}

static size_t on_header(char *line, size_t one, size_t len, void *context)
{
        struct call *call = context;
        char range[64], seconds[16];

        (void)one;
        if (len > 5 && !strncmp(line, "HTTP/", 5)) {
                /* A new head: what came before was an interim answer (RFC 9110 15.2). */
                call->etag[0] = '\0';
                call->retry_after_s = 0;
                call->has_range = false;
                return len;
        }
        (void)header_value(line, len, "ETag", call->etag, sizeof(call->etag));
        if (header_value(line, len, "Retry-After", seconds, sizeof(seconds)) == 0)
                (void)text_parse_u64(seconds, UINT32_MAX, &call->retry_after_s);
        if (header_value(line, len, "Content-Range", range, sizeof(range)) == 0)
                call->has_range = range_start_parse(range, &call->range_start);
        return len;
}

static bool is_range_wanted(const struct fetch_request *request)
{
        return request->range_start > 0 || request->range_end > 0;
}

/* What is wrong with the head of this answer, if anything; and where its body goes. */
static const char *check_head(struct call *call)
{
        const struct fetch_request *request = call->request;
        CURL *easy = call->fetch->easy;
        const char *type = NULL;
        long status = 0;
        bool is_success;

        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        is_success = status >= 200 && status < 300;
        call->is_checked = true;
        if (call->wants_events) {
                if (status != 200 || !type || !text_has_prefix(type, "text/event-stream"))
                        return "answered with something that is not a stream of events";
        } else if (is_success && is_range_wanted(request)) {
                /* The bytes of another place must never be taken for those asked for. */
                if (status != 206 || !call->has_range || call->range_start != request->range_start)
                        return "did not send the range that was asked for";
        }
        call->is_to_sink = request->sink && is_success;
        return NULL;
}

/* Is as much welcome as the answer says? */
static int ask_sink(const struct call *call)
{
        const struct fetch_request *request = call->request;
        curl_off_t size = -1;

        if (!call->is_to_sink || !request->sink_size ||
            curl_easy_getinfo(call->fetch->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) !=
                    CURLE_OK ||
            size < 0)
                return 0;
        return request->sink_size(request->sink_context, (uint64_t)size);
}

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
        struct call *call = context;

        (void)one;
        if (!call->is_checked) {
                call->wrong = check_head(call);
                if (call->wrong) {
                        call->rc = -EPROTO;
                        return 0;
                }
                call->rc = ask_sink(call);
                if (call->rc < 0)
                        return 0;
        }
        if (len == 0)
                return 0;
        if (call->is_to_sink) {
                int rc = call->request->sink(call->request->sink_context, bytes, len);

                /* Of a listener to events, any other return than 0 ends the call as well. */
                if (rc < 0 || (call->wants_events && rc > 0))
                        call->rc = rc;
                return call->rc != 0 ? 0 : len; /* what is not @len is the end for libcurl */
        }
        buffer_add(&call->body, bytes, len);
        call->rc = call->body.rc;
        return call->rc < 0 ? 0 : len;
}

/* Whoever smuggles a line end into a header writes headers of his own. */
static int add_header(struct call *call, const char *name, const char *value)
{
        _buffer_ struct buffer line = {0};
        struct curl_slist *longer;

        if (strpbrk(name, "\r\n") || strpbrk(value, "\r\n"))
                return -EINVAL;
        buffer_format(&line, "%s%s", name, value);
        if (line.rc < 0)
                return line.rc;
        longer = curl_slist_append(call->headers, line.bytes);
        if (!longer)
                return -ENOMEM;
        call->headers = longer;
        return 0;
}

static int set_headers(struct call *call)
{
        const struct fetch_request *request = call->request;
        const char *type = request->content_type ? request->content_type : "application/json";
        int rc = 0;

        if (request->bearer)
                rc = add_header(call, "Authorization: Bearer ", request->bearer);
        if (rc == 0 && request->body)
                rc = add_header(call, "Content-Type: ", type);
        if (rc == 0 && call->wants_events)
                rc = add_header(call, "Accept: ", "text/event-stream");
        for (size_t i = 0; rc == 0 && request->headers && request->headers[i]; i++)
                rc = add_header(call, request->headers[i], "");
        return rc;
}

static void set_trust(const struct fetch *fetch)
{
        CURL *easy = fetch->easy;

        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (fetch->pin) {
                /* The pin is the trust: no certificate can add to it, and names need not match. */
                curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, fetch->pin);
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        } else if (fetch->ca_file) {
                curl_easy_setopt(easy, CURLOPT_CAINFO, fetch->ca_file);
                /* Or the anchors of the system would go on counting beside it. */
                curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        }
}

static void set_method(CURL *easy, const struct fetch_request *request)
{
        const char *method = request->method;

        if (request->body) {
                curl_easy_setopt(easy, CURLOPT_POST, 1L);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        }
        if (method && !strcmp(method, "HEAD"))
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        else if (method)
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_options(struct call *call)
{
        const struct fetch_request *request = call->request;
        CURL *easy = call->fetch->easy;
        char range[48];

        curl_easy_reset(easy);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->words);
        curl_easy_setopt(easy, CURLOPT_URL, request->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
        set_trust(call->fetch);
        set_method(easy, request);
        if (!is_range_wanted(request))
                return;
        if (request->range_end > 0)
                snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, request->range_start,
                         request->range_end);
        else
                snprintf(range, sizeof(range), "%" PRIu64 "-", request->range_start);
        curl_easy_setopt(easy, CURLOPT_RANGE, range);
}

/* The sentence for what ended the call in one of our own callbacks. */
static int own_error(const struct call *call, char *error)
{
        char origin[ORIGIN_SIZE];
        long status = 0;

        origin_text(origin, call->request->url);
        curl_easy_getinfo(call->fetch->easy, CURLINFO_RESPONSE_CODE, &status);
        if (!error)
                return call->rc;
        if (call->wrong)
                snprintf(error, FETCH_ERROR_SIZE, "%s %s (status %ld).", origin, call->wrong,
                         status);
        else if (call->rc == -ECANCELED)
                snprintf(error, FETCH_ERROR_SIZE, "Asking %s was cancelled.", origin);
        else if (call->rc == -ETIMEDOUT)
                snprintf(error, FETCH_ERROR_SIZE,
                         "%s has gone silent: is it overloaded, or was the network cut?", origin);
        else if (call->rc == -E2BIG)
                snprintf(error, FETCH_ERROR_SIZE, "%s sent more than is accepted here.", origin);
        else
                snprintf(error, FETCH_ERROR_SIZE, "What %s sent could not be taken: %s.", origin,
                         strerror(call->rc < 0 ? -call->rc : call->rc));
        return call->rc;
}

static int call_perform(struct call *call, char *error)
{
        CURL *easy = call->fetch->easy;
        long os_error = 0;
        CURLcode code;

        if (atomic_load(&call->fetch->is_cancelled)) {
                call->rc = -ECANCELED;
                return own_error(call, error);
        }
        code = curl_easy_perform(easy);
        /* An answer without a body has never come by on_body(). */
        if (code == CURLE_OK && !call->is_checked) {
                call->wrong = check_head(call);
                call->rc = call->wrong ? -EPROTO : 0;
        }
        if (call->rc != 0)
                return own_error(call, error);
        if (code == CURLE_OK)
                return 0;
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
        return error_of(code, os_error, call->words, call->request->url, error);
}

static int call_run(struct call *call, char *error)
{
        struct fetch *fetch = call->fetch;
        int rc;

        call->body.limit = call->request->limit ? call->request->limit : LIMIT_DEFAULT;
        call->moved_ms = clock_monotonic_ms();
        if (error)
                error[0] = '\0';
        rc = set_headers(call);
        if (rc == 0) {
                set_options(call);
                rc = call_perform(call, error);
        } else if (error) {
                snprintf(error, FETCH_ERROR_SIZE, "The request cannot be put together: %s.",
                         strerror(-rc));
        }
        /* Nothing of this call may be looked at by the next one. */
        curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(fetch->easy, CURLOPT_ERRORBUFFER, NULL);
        curl_slist_free_all(call->headers);
        call->headers = NULL;
        if (rc == -ECANCELED)
                atomic_store(&fetch->is_cancelled, false);
        return rc;
}

int fetch_do(struct fetch *fetch, const struct fetch_request *request, char *error,
             struct fetch_response *ret)
{
        struct call call = {.fetch = fetch, .request = request};
        struct fetch_response response = {.status = 0};
        const char *type = NULL;
        long status = 0;
        int rc;

        rc = call_run(&call, error);
        if (rc == 0) {
                response.body_size = call.body.size;
                rc = buffer_take(&call.body, &response.body);
        }
        if (rc < 0) {
                buffer_done(&call.body);
                return rc;
        }
        curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
        response.status = (unsigned)status;
        response.retry_after_s = (unsigned)call.retry_after_s;
        snprintf(response.content_type, sizeof(response.content_type), "%s", type ? type : "");
        (void)text_copy(response.etag, sizeof(response.etag), call.etag);
        *ret = response;
        return 0;
}

/* The stream of events is a body like any other, with a sink of ours. */
struct listener {
        struct event_parser parser;
        fetch_event_fn event;
        void *context;
        int said; /* what @event returned to end it */
};

static int on_event(void *context, const char *id, const char *name, const char *data)
{
        struct listener *listener = context;

        listener->said = listener->event(listener->context, id, name, data);
        return listener->said;
}

static int listener_sink(void *context, const void *bytes, size_t size)
{
        struct listener *listener = context;

        return event_parser_add(&listener->parser, bytes, size, on_event, listener);
}

int fetch_events(struct fetch *fetch, const struct fetch_request *request, fetch_event_fn event,
                 void *context, char *error)
{
        struct listener listener = {.event = event, .context = context};
        struct fetch_request listening = *request;
        struct call call = {.fetch = fetch, .request = &listening, .wants_events = true};
        int rc;

        event_parser_init(&listener.parser);
        listening.sink = listener_sink;
        listening.sink_context = &listener;
        rc = call_run(&call, error);
        buffer_done(&call.body);
        event_parser_done(&listener.parser);
        if (listener.said != 0 && error)
                error[0] = '\0';
        return listener.said != 0 ? listener.said : rc;
}
