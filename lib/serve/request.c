/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Request: its life from the first line to the last byte of its answer.
 *
 * All texts are copied out of MHD's memory before the handler is called: they
 * live until the answer whatever becomes of the connection, and reading them
 * from any thread needs no lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/serve/private.h"

/*
 * Of a body above its limit so much is read and thrown away, so that the client
 * gets to read why: one that is cut off in the middle of sending sees a reset
 * connection instead. What announces more than that is refused by its head.
 */
#define SURPLUS_MAX ((size_t)1 << 20)

/* The same of a body that is ignored: as much as any path of ours takes, so that a client with an
 * old token reads that, and not that its body was too large. */
#define IGNORED_MAX ((size_t)16 << 20)

/* Gives back what the body takes of all that may be held. */
static void drop_body(struct serve_request *r)
{
        atomic_fetch_sub(&r->serve->bodies, r->body.size);
        buffer_done(&r->body);
}

static void request_free(struct serve_request *r)
{
        drop_body(r);
        serve_unref(r->serve);
        free(r->headers);
        free(r->target_texts);
        free(r->raw_target);
        free(r);
}

static void request_unref(struct serve_request *r)
{
        if (atomic_fetch_sub(&r->refs, 1) == 1)
                request_free(r);
}

/*
 * MHD would take the query apart as well, into the little memory that a connection has. Where that
 * does not do, libmicrohttpd 0.9.75 forgets the request without a word, and us with it: who sends
 * thousands of arguments could take all memory. We have our own copy, so MHD gets none. The text
 * is MHD's buffer, const only in the name of the callback.
 */
static void cut_query(const char *uri)
{
        char *query = strchr((char *)(uintptr_t)uri, '?');

        if (query)
                query[1] = '\0';
}

/* MHD shows the target as it was sent only here; what we return comes back with each call. */
void *request_on_target(void *context, const char *uri, struct MHD_Connection *connection)
{
        struct serve *serve = context;
        struct serve_request *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->serve = serve_ref(serve);
        atomic_init(&r->refs, 1);
        list_init(&r->link);
        r->connection = connection;
        r->raw_target = strdup(uri);
        cut_query(uri);
        pthread_mutex_lock(&serve->lock);
        list_append(&serve->requests, &r->link);
        pthread_mutex_unlock(&serve->lock);
        return r;
}

static void set_peer(struct serve_request *r)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        struct sockaddr_in four = {.sin_family = AF_INET};
        struct sockaddr_in6 six;

        if (!info || !info->client_addr)
                return;
        if (info->client_addr->sa_family == AF_INET) {
                memcpy(&four, info->client_addr, sizeof(four));
        } else if (info->client_addr->sa_family == AF_INET6) {
                memcpy(&six, info->client_addr, sizeof(six));
                if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
                        memcpy(&r->peer, &six, sizeof(six));
                        inet_ntop(AF_INET6, &six.sin6_addr, r->peer_text, sizeof(r->peer_text));
                        return;
                }
                /* An IPv4 client of a socket that serves both (RFC 4291 2.5.5.2). */
                four.sin_port = six.sin6_port;
                memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[12], 4);
        } else {
                return;
        }
        memcpy(&r->peer, &four, sizeof(four));
        inet_ntop(AF_INET, &four.sin_addr, r->peer_text, sizeof(r->peer_text));
}

/* Counting first, then copying into one block: rows, and their texts behind them. */
struct header_copy {
        struct path_pair *rows;
        size_t count;
        char *texts;
        size_t size;
};

static char *copy_text(struct header_copy *copy, const char *text, size_t len)
{
        char *at = copy->texts ? copy->texts + copy->size : NULL;

        if (at) {
                memcpy(at, text, len);
                at[len] = '\0';
        }
        copy->size += len + 1;
        return at;
}

static enum MHD_Result copy_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
        struct header_copy *copy = context;
        struct path_pair row;
        size_t len;

        (void)kind;
        if (!value)
                value = "";
        /* MHD leaves the blanks behind a value, which do not belong to it (RFC 9110 5.5). */
        for (len = strlen(value); len > 0 && strchr(" \t", value[len - 1]);)
                len--;
        row.name = copy_text(copy, name, strlen(name));
        row.value = copy_text(copy, value, len);
        if (copy->rows)
                copy->rows[copy->count] = row;
        copy->count++;
        return MHD_YES;
}

static int copy_headers(struct serve_request *r)
{
        struct header_copy size = {.rows = NULL};
        struct header_copy copy = {.rows = NULL};

        MHD_get_connection_values(r->connection, MHD_HEADER_KIND, copy_header, &size);
        if (size.count == 0)
                return 0;
        copy.rows = calloc(1, size.count * sizeof(*copy.rows) + size.size);
        if (!copy.rows)
                return -ENOMEM;
        copy.texts = (char *)(copy.rows + size.count);
        MHD_get_connection_values(r->connection, MHD_HEADER_KIND, copy_header, &copy);
        r->headers = copy.rows;
        r->header_count = copy.count;
        return 0;
}

/* Only from MHD's own thread, and with no answer given yet. */
static enum MHD_Result refuse(struct serve_request *r, enum problem problem)
{
        unsigned status;
        struct MHD_Response *response = problem_response(problem, &status);
        enum MHD_Result rc;

        if (!response)
                return MHD_NO;
        /* What follows a head may be a body, or the next request: nobody knows. */
        if (r->state == REQUEST_NEW)
                MHD_add_response_header(response, "Connection", "close");
        pthread_mutex_lock(&r->serve->lock);
        r->state = REQUEST_SENDING;
        pthread_mutex_unlock(&r->serve->lock);
        rc = MHD_queue_response(r->connection, status, response);
        MHD_destroy_response(response);
        return rc;
}

static size_t surplus_max(const struct serve_request *r)
{
        return r->is_ignored ? IGNORED_MAX : SURPLUS_MAX;
}

/* May a body of the announced size come? Without an announcement (chunked) it is counted. */
static bool is_body_welcome(struct serve_request *r)
{
        const char *text = serve_header(r, "Content-Length");
        uint64_t size;

        if (!text || text_parse_u64(text, UINT64_MAX, &size) < 0 || size <= r->limit)
                return true;
        /* Whoever asks first has sent nothing yet, and can be told at once. */
        if (serve_header(r, "Expect") && !r->is_ignored)
                return false;
        return size - r->limit <= surplus_max(r);
}

/*
 * Does the head say once, and clearly, where the body ends (RFC 9112 6.3)? MHD takes the first
 * of two lengths, and chunks before a length; a proxy in front may do otherwise, and then what
 * one takes for a body is the next request for the other.
 */
static bool is_framed(const struct serve_request *r)
{
        size_t count = 0;

        for (size_t i = 0; i < r->header_count; i++) {
                if (strcasecmp(r->headers[i].name, "Content-Length") == 0)
                        count++;
                if (strcasecmp(r->headers[i].name, "Transfer-Encoding") != 0)
                        continue;
                count++;
                if (strcasecmp(r->headers[i].value, "chunked") != 0)
                        return false;
        }
        return count <= 1;
}

/* A token (RFC 9110 5.6.2). MHD takes what stands before the colon as it is: "Content-Length " is
 * another header for it, and the same for a lenient proxy. */
static bool is_token(const char *name)
{
        static const char marks[] = "!#$%&'*+-.^_`|~";

        if (!*name)
                return false;
        for (; *name; name++)
                if (!(*name >= '0' && *name <= '9') &&
                    !((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') && !strchr(marks, *name))
                        return false;
        return true;
}

/* Control bytes (RFC 9110 5.5), above all a CR of its own, which ends the line for some. */
static bool has_control_byte(const char *value)
{
        for (; *value; value++)
                if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
                        return true;
        return false;
}

/* Headers that all read alike; and the one host that HTTP/1.1 demands (RFC 9112 3.2). */
static bool is_head_clear(const struct serve_request *r, const char *version)
{
        size_t hosts = 0;

        for (size_t i = 0; i < r->header_count; i++) {
                if (!is_token(r->headers[i].name) || has_control_byte(r->headers[i].value))
                        return false;
                hosts += strcasecmp(r->headers[i].name, "Host") == 0;
        }
        return hosts == 1 || (hosts == 0 && strcmp(version, "HTTP/1.1") != 0);
}

/* The head is there, the body not yet. An answer from here ends the connection. */
static enum MHD_Result on_head(struct serve_request *r, const char *method, const char *version)
{
        struct serve *serve = r->serve;

        if (!r->raw_target)
                return MHD_NO;
        r->target_texts = malloc(PATH_SPACE(strlen(r->raw_target)));
        if (!r->target_texts || copy_headers(r) < 0)
                return MHD_NO;
        if (!is_head_clear(r, version))
                return refuse(r, PROBLEM_HEAD);
        if (!is_framed(r))
                return refuse(r, PROBLEM_FRAMING);
        if (text_copy(r->method, sizeof(r->method), method) < 0)
                return refuse(r, PROBLEM_METHOD);
        if (path_parse(r->raw_target, r->target_texts, &r->target) < 0)
                return refuse(r, PROBLEM_TARGET);
        set_peer(r);
        if (serve->body_limit)
                r->limit = serve->body_limit(serve->context, r);
        if (r->limit == SERVE_BODY_IGNORED) {
                r->is_ignored = true;
                r->limit = 0;
        }
        if (!is_body_welcome(r))
                return refuse(r, PROBLEM_BODY);

        r->body.limit = r->limit;
        pthread_mutex_lock(&serve->lock);
        r->state = REQUEST_READING;
        pthread_mutex_unlock(&serve->lock);
        return MHD_YES;
}

/* False: there is no room for so much more beside the bodies of all others. */
static bool take_room(struct serve *serve, size_t size)
{
        const size_t held = atomic_fetch_add(&serve->bodies, size);

        if (held <= serve->bodies_max && size <= serve->bodies_max - held)
                return true;
        atomic_fetch_sub(&serve->bodies, size);
        return false;
}

static enum MHD_Result on_body(struct serve_request *r, const char *bytes, size_t *size)
{
        if (r->surplus == 0 && *size <= r->limit - r->body.size && !r->is_crowded_out)
                r->is_crowded_out = !take_room(r->serve, *size);
        else
                r->surplus += *size;
        if (r->surplus > r->limit + surplus_max(r))
                return MHD_NO;
        if (r->surplus > 0 || r->is_crowded_out)
                drop_body(r);
        else
                buffer_add(&r->body, bytes, *size);
        if (r->body.rc < 0) {
                atomic_fetch_sub(&r->serve->bodies, *size);
                return MHD_NO;
        }
        *size = 0;
        return MHD_YES;
}

static void response_drop(struct MHD_Response *response, struct serve_file *of)
{
        if (of)
                serve_file_unref(of);
        else if (response)
                MHD_destroy_response(response);
}

/* The answer goes to MHD, on its own thread. */
static enum MHD_Result send_answer(struct serve_request *r)
{
        struct MHD_Response *response;
        struct serve_file *of;
        enum MHD_Result rc;

        pthread_mutex_lock(&r->serve->lock);
        response = TAKE_PTR(r->response);
        of = TAKE_PTR(r->sent.file);
        r->state = REQUEST_SENDING;
        if (r->sent.fn && r->sent.is_counted) {
                const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

                r->sent.mark += info ? sent_count(info->connect_fd) : 0;
        }
        pthread_mutex_unlock(&r->serve->lock);
        if (!response)
                return MHD_NO;
        rc = MHD_queue_response(r->connection, r->status, response);
        response_drop(response, of);
        return rc;
}

/* Under the lock: an answer that the handler did not give. */
static void answer_stopping(struct serve_request *r)
{
        r->response = problem_response(PROBLEM_STOPPING, &r->status);
        r->state = REQUEST_ANSWERED;
}

static enum MHD_Result on_whole(struct serve_request *r)
{
        struct serve *serve = r->serve;
        bool is_answered;

        if (r->is_crowded_out)
                return refuse(r, PROBLEM_BUSY);
        if (r->surplus > 0 && !r->is_ignored)
                return refuse(r, PROBLEM_BODY);
        atomic_fetch_add(&r->refs, 1); /* the handler's, until the answer */
        pthread_mutex_lock(&serve->lock);
        r->state = REQUEST_HANDLED;
        pthread_mutex_unlock(&serve->lock);
        serve->handler(serve->context, r);

        pthread_mutex_lock(&serve->lock);
        if (r->state == REQUEST_HANDLED && serve->is_stopping)
                answer_stopping(r);
        is_answered = r->state == REQUEST_ANSWERED;
        if (!is_answered) {
                r->state = REQUEST_SUSPENDED;
                MHD_suspend_connection(r->connection);
        }
        pthread_mutex_unlock(&serve->lock);
        return is_answered ? send_answer(r) : MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): MHD chose the parameters */
enum MHD_Result request_on_call(void *context, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *bytes,
                                size_t *size, void **request)
{
        struct serve_request *r = *request;
        enum request_state state;

        (void)context;
        (void)connection;
        (void)url;
        if (!r)
                return MHD_NO;
        pthread_mutex_lock(&r->serve->lock);
        state = r->state;
        pthread_mutex_unlock(&r->serve->lock);
        switch (state) {
        case REQUEST_NEW:
                return on_head(r, method, version);
        case REQUEST_READING:
                return *size > 0 ? on_body(r, bytes, size) : on_whole(r);
        case REQUEST_ANSWERED:
                return send_answer(r);
        case REQUEST_HANDLED:
        case REQUEST_SUSPENDED:
        case REQUEST_SENDING:
        case REQUEST_ENDED:
        case REQUEST_STATE_COUNT:
                break;
        }
        return MHD_NO;
}

static void tell_sent(const struct sent *sent, bool is_whole, uint64_t count)
{
        uint64_t bytes = sent->size;

        if (!sent->fn)
                return;
        if (!is_whole)
                bytes = sent->is_counted && count > sent->mark ? count - sent->mark : 0;
        if (bytes > sent->size)
                bytes = sent->size;
        sent->fn(sent->context, is_whole, bytes, clock_monotonic_ms() - sent->since_ms);
}

void request_on_completed(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code)
{
        struct serve_request *r = TAKE_PTR(*request);
        struct MHD_Response *unsent;
        struct sent sent;
        uint64_t count = 0;
        bool is_whole;

        (void)context;
        if (!r)
                return;
        pthread_mutex_lock(&r->serve->lock);
        is_whole = r->state == REQUEST_SENDING && r->sent.is_file &&
                   code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
        r->state = REQUEST_ENDED;
        r->connection = NULL;
        list_remove(&r->link);
        unsent = TAKE_PTR(r->response);
        sent = r->sent;
        if (r->serve->is_stopping)
                pthread_cond_signal(&r->serve->ended);
        pthread_mutex_unlock(&r->serve->lock);

        if (sent.fn && sent.is_counted && !is_whole && !unsent) {
                const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

                count = info ? sent_count(info->connect_fd) : 0;
        }
        tell_sent(&sent, is_whole, count);
        response_drop(unsent, sent.file);
        request_unref(r);
}

void request_stop(struct serve_request *r)
{
        if (r->state != REQUEST_SUSPENDED)
                return;
        answer_stopping(r);
        MHD_resume_connection(r->connection);
}

void request_answer(struct serve_request *r, unsigned status, struct MHD_Response *take_response,
                    const struct sent *sent)
{
        struct serve *serve = r->serve;
        bool is_taken;

        pthread_mutex_lock(&serve->lock);
        is_taken = r->state == REQUEST_HANDLED || r->state == REQUEST_SUSPENDED;
        if (is_taken) {
                bool is_suspended = r->state == REQUEST_SUSPENDED;

                r->response = take_response;
                r->status = status;
                if (sent)
                        r->sent = *sent;
                r->state = REQUEST_ANSWERED;
                if (is_suspended)
                        MHD_resume_connection(r->connection);
        }
        pthread_mutex_unlock(&serve->lock);

        if (!is_taken) {
                if (sent)
                        tell_sent(sent, false, 0);
                response_drop(take_response, sent ? sent->file : NULL);
        }
        request_unref(r);
}
