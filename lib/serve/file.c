/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * File: what images and boot assets are sent by. MHD sends the file with
 * sendfile(2) where the connection is plain, and reads it piece by piece under TLS.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/serve/private.h"
#include "lib/serve/range.h"

/* Up to here head and body go out together, which costs less than a sendfile(2) of its own. */
#define SMALL_MAX ((uint64_t)16 << 10)

/* An entity tag is a short hash; what does not fit is not sent. */
#define ETAG_SIZE 128

/* "HTTP/1.1 206 Partial Content", the headers that MHD adds, and the empty line. */
#define HEAD_FIXED                                                                                 \
        (sizeof("HTTP/1.1 206 Partial Content\r\n") +                                              \
         sizeof("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n") +                                       \
         sizeof("Content-Length: 1234567\r\n"))

struct file_answer {
        int fd;
        uint64_t size;
        const char *content_type;
        char etag[ETAG_SIZE]; /* quoted; "" without */
        struct range part;
        unsigned status;
        bool is_sent; /* a body; none for HEAD */
};

/* Callers have a hash; the wire wants quotes (RFC 9110 8.8.3). */
static void set_etag(struct file_answer *answer, const char *etag)
{
        const char *quote = etag[0] == '"' || !strncmp(etag, "W/\"", 3) ? "" : "\"";
        int len = snprintf(answer->etag, sizeof(answer->etag), "%s%s%s", quote, etag, quote);

        if (len < 0 || (size_t)len >= sizeof(answer->etag))
                answer->etag[0] = '\0';
}

/* RFC 9110 13.2.2: first If-None-Match, then If-Range and Range. */
static void decide(struct serve_request *request, struct file_answer *answer)
{
        const char *none_match = serve_header(request, "If-None-Match");
        const char *if_range = serve_header(request, "If-Range");
        const char *range = serve_header(request, "Range");
        bool is_get = !strcmp(serve_method(request), "GET");

        answer->status = 200;
        answer->part = (struct range){.start = 0, .length = answer->size};
        if (none_match && answer->etag[0] && range_none_match(none_match, answer->etag)) {
                answer->status = 304;
                return;
        }
        /* Only GET knows ranges (RFC 9110 14.2). */
        if (!is_get || (if_range && !(answer->etag[0] && range_if_range(if_range, answer->etag))))
                return;
        switch (range_parse(range, answer->size, &answer->part)) {
        case RANGE_PART:
                answer->status = 206;
                return;
        case RANGE_UNSATISFIABLE:
                answer->status = 416;
                return;
        case RANGE_WHOLE:
        case RANGE_ANSWER_COUNT:
                return;
        }
}

/* NULL: it cannot be read, or is shorter by now. */
static struct MHD_Response *body_in_memory(const struct file_answer *answer)
{
        const size_t size = (size_t)answer->part.length;
        struct MHD_Response *response;
        char *bytes = malloc(size);

        if (!bytes)
                return NULL;
        if (pread(answer->fd, bytes, size, (off_t)answer->part.start) != (ssize_t)size) {
                free(bytes);
                return NULL;
        }
        response = MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
        if (!response)
                free(bytes);
        return response;
}

static struct MHD_Response *body_of(struct file_answer *answer)
{
        struct MHD_Response *response;

        if (answer->status == 416)
                return problem_response(PROBLEM_RANGE, &answer->status);
        if (answer->status == 304)
                return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        if (answer->is_sent && answer->part.length > 0 && answer->part.length <= SMALL_MAX) {
                response = body_in_memory(answer);
                if (response)
                        return response;
        }
        sendfile_expect(answer->fd, answer->part.start + answer->part.length);
        response = MHD_create_response_from_fd_at_offset64(answer->part.length, answer->fd,
                                                           answer->part.start);
        if (response)
                (void)TAKE_FD(answer->fd);
        return response;
}

static void add_headers(struct MHD_Response *response, const struct file_answer *answer)
{
        char text[96];

        if (answer->status == 200 || answer->status == 206)
                response_add_headers(response, answer->content_type, NULL);
        if (answer->etag[0])
                MHD_add_response_header(response, "ETag", answer->etag);
        MHD_add_response_header(response, "Accept-Ranges", "bytes");
        if (answer->status == 206) {
                snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                         answer->part.start, answer->part.start + answer->part.length - 1,
                         answer->size);
                MHD_add_response_header(response, "Content-Range", text);
        } else if (answer->status == 416) {
                snprintf(text, sizeof(text), "bytes */%" PRIu64, answer->size);
                MHD_add_response_header(response, "Content-Range", text);
        }
}

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
        uint64_t *bytes = context;

        (void)kind;
        *bytes += strlen(name) + strlen(": \r\n") + strlen(value);
        return MHD_YES;
}

static struct MHD_Response *response_of(struct file_answer *answer, uint64_t *ret_head)
{
        struct MHD_Response *response = body_of(answer);

        *ret_head = HEAD_FIXED;
        if (!response)
                return NULL;
        add_headers(response, answer);
        MHD_get_response_headers(response, count_header, ret_head);
        return response;
}

void serve_answer_file(struct serve_request *request, int take_fd, const char *content_type,
                       const char *etag, serve_sent_fn sent, void *sent_context)
{
        struct file_answer answer = {.fd = take_fd, .content_type = content_type};
        struct sent tell = {.fn = sent, .context = sent_context, .since_ms = clock_monotonic_ms()};
        struct MHD_Response *response;
        struct stat st;

        if (fstat(take_fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                response = problem_response(PROBLEM_INTERNAL, &answer.status);
        } else {
                answer.size = (uint64_t)st.st_size;
                answer.is_sent = strcmp(serve_method(request), "HEAD") != 0;
                if (etag)
                        set_etag(&answer, etag);
                decide(request, &answer);
                response = response_of(&answer, &tell.mark);
                if (answer.status < 300 && answer.is_sent)
                        tell.size = answer.part.length;
        }
        if (answer.fd >= 0)
                close(answer.fd);
        tell.is_file = answer.status < 400;
        tell.is_counted = tell.size > SMALL_MAX; /* else one write: all of it, or as good as none */
        request_answer(request, answer.status, response, &tell);
}
