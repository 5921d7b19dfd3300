/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * File: what images and boot assets are sent by. MHD sends the file with
 * sendfile(2) where the connection is plain, and reads it piece by piece under TLS.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
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

struct serve_file {
        atomic_uint refs;
        int fd;
        uint64_t size;
        const char *content_type;
        char etag[ETAG_SIZE]; /* quoted; "" without */
        /* Of a short file: all of it, with its headers. MHD gives one response to many. */
        struct MHD_Response *whole;
        uint64_t whole_head;
};

struct file_answer {
        const struct serve_file *file;
        struct range part;
        unsigned status;
        bool is_sent;            /* a body; none for HEAD */
        struct patched *patched; /* NULL: as it is */
};

/* Callers have a hash; the wire wants quotes (RFC 9110 8.8.3). */
static void set_etag(struct serve_file *file, const char *etag)
{
        const char *quote = etag[0] == '"' || !strncmp(etag, "W/\"", 3) ? "" : "\"";
        int len = snprintf(file->etag, sizeof(file->etag), "%s%s%s", quote, etag, quote);

        if (len < 0 || (size_t)len >= sizeof(file->etag))
                file->etag[0] = '\0';
}

/* RFC 9110 13.2.2: first If-None-Match, then If-Range and Range. */
static void decide(struct serve_request *request, struct file_answer *answer)
{
        const char *none_match = serve_header(request, "If-None-Match");
        const char *if_range = serve_header(request, "If-Range");
        const char *range = serve_header(request, "Range");
        const char *etag = answer->file->etag;
        bool is_get = !strcmp(serve_method(request), "GET");

        answer->status = 200;
        answer->part = (struct range){.start = 0, .length = answer->file->size};
        if (none_match && etag[0] && range_none_match(none_match, etag)) {
                answer->status = 304;
                return;
        }
        /* Only GET knows ranges (RFC 9110 14.2). */
        if (!is_get || (if_range && !(etag[0] && range_if_range(if_range, etag))))
                return;
        switch (range_parse(range, answer->file->size, &answer->part)) {
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
        if (pread(answer->file->fd, bytes, size, (off_t)answer->part.start) != (ssize_t)size) {
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
        if (!answer->patched && answer->is_sent && answer->part.length > 0 &&
            answer->part.length <= SMALL_MAX) {
                response = body_in_memory(answer);
                if (response)
                        return response;
        }

        _close_ int fd = fcntl(answer->file->fd, F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
                return NULL;
        if (answer->patched)
                return patched_response(TAKE_PTR(answer->patched), TAKE_FD(fd), answer->part.start,
                                        answer->part.length);
        sendfile_expect(fd, answer->part.start + answer->part.length);
        response = MHD_create_response_from_fd_at_offset64(answer->part.length, fd,
                                                           answer->part.start);
        if (response)
                (void)TAKE_FD(fd);
        return response;
}

static void add_headers(struct MHD_Response *response, const struct file_answer *answer)
{
        char text[96];

        if (answer->status == 200 || answer->status == 206)
                response_add_headers(response, answer->file->content_type, NULL);
        if (answer->file->etag[0])
                MHD_add_response_header(response, "ETag", answer->file->etag);
        MHD_add_response_header(response, "Accept-Ranges", "bytes");
        if (answer->status == 206) {
                snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                         answer->part.start, answer->part.start + answer->part.length - 1,
                         answer->file->size);
                MHD_add_response_header(response, "Content-Range", text);
        } else if (answer->status == 416) {
                snprintf(text, sizeof(text), "bytes */%" PRIu64, answer->file->size);
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

static uint64_t head_size(struct MHD_Response *response)
{
        uint64_t size = HEAD_FIXED;

        MHD_get_response_headers(response, count_header, &size);
        return size;
}

/* On a plain file; its descriptor is the caller's in any case. */
static int file_init(struct serve_file *file, int fd, const char *content_type, const char *etag)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        *file = (struct serve_file){.fd = fd, .content_type = content_type};
        file->size = (uint64_t)st.st_size;
        if (etag)
                set_etag(file, etag);
        return 0;
}

static int keep_whole(struct serve_file *file)
{
        const struct file_answer answer = {
                .file = file, .part = {.length = file->size}, .status = 200, .is_sent = true};

        if (file->size == 0 || file->size > SMALL_MAX)
                return 0;
        file->whole = body_in_memory(&answer);
        if (!file->whole)
                return -EIO;
        add_headers(file->whole, &answer);
        file->whole_head = head_size(file->whole);
        return 0;
}

int serve_file_new(int take_fd, const char *content_type, const char *etag, struct serve_file **ret)
{
        struct serve_file *file = calloc(1, sizeof(*file));
        int rc;

        if (!file) {
                close(take_fd);
                return -ENOMEM;
        }
        rc = file_init(file, take_fd, content_type, etag);
        file->fd = take_fd;
        atomic_init(&file->refs, 1);
        if (rc == 0)
                rc = keep_whole(file);
        if (rc < 0) {
                serve_file_unref(file);
                return rc;
        }
        *ret = file;
        return 0;
}

struct serve_file *serve_file_ref(struct serve_file *file)
{
        atomic_fetch_add(&file->refs, 1);
        return file;
}

struct serve_file *serve_file_unref(struct serve_file *file)
{
        if (!file || atomic_fetch_sub(&file->refs, 1) != 1)
                return NULL;
        if (file->whole)
                MHD_destroy_response(file->whole);
        close(file->fd);
        free(file);
        return NULL;
}

static struct file_answer answer_of(struct serve_request *request, const struct serve_file *file)
{
        struct file_answer answer = {.file = file};

        answer.is_sent = strcmp(serve_method(request), "HEAD") != 0;
        decide(request, &answer);
        return answer;
}

/* NULL: there is no memory, or no descriptor, for it. */
static struct MHD_Response *response_new(struct file_answer *answer)
{
        struct MHD_Response *response = body_of(answer);

        if (response)
                add_headers(response, answer);
        return response;
}

static void tell_of(struct sent *tell, const struct file_answer *answer, uint64_t head)
{
        if (answer->status < 300 && answer->is_sent)
                tell->size = answer->part.length;
        tell->mark = head;
        tell->is_file = answer->status < 400;
        tell->is_counted =
                tell->size > SMALL_MAX; /* else one write: all of it, or as good as none */
}

void serve_answer_kept(struct serve_request *request, struct serve_file *file, serve_sent_fn sent,
                       void *sent_context)
{
        struct sent tell = {.fn = sent, .context = sent_context, .since_ms = clock_monotonic_ms()};
        struct file_answer answer = answer_of(request, file);
        struct MHD_Response *response;

        if (file->whole && answer.status == 200) {
                response = file->whole;
                tell.file = serve_file_ref(file);
                tell_of(&tell, &answer, file->whole_head);
        } else {
                response = response_new(&answer);
                tell_of(&tell, &answer, response ? head_size(response) : 0);
        }
        request_answer(request, answer.status, response, &tell);
}

void serve_answer_file(struct serve_request *request, int take_fd, const char *content_type,
                       const char *etag, serve_sent_fn sent, void *sent_context)
{
        struct sent tell = {.fn = sent, .context = sent_context};
        struct MHD_Response *response;
        struct serve_file file = {.fd = take_fd};
        unsigned status;

        if (file_init(&file, take_fd, content_type, etag) == 0) {
                serve_answer_kept(request, &file, sent, sent_context);
        } else {
                tell.since_ms = clock_monotonic_ms();
                response = problem_response(PROBLEM_INTERNAL, &status);
                request_answer(request, status, response, &tell);
        }
        close(take_fd);
}

void serve_answer_patched(struct serve_request *request, int take_fd, const char *content_type,
                          const struct serve_patches *patches, serve_sent_fn sent,
                          void *sent_context)
{
        struct sent tell = {.fn = sent, .context = sent_context, .since_ms = clock_monotonic_ms()};
        struct patched *patched = patched_new(patches);
        struct serve_file file = {.fd = take_fd};
        struct MHD_Response *response;
        unsigned status;

        if (patched && file_init(&file, take_fd, content_type, NULL) == 0) {
                struct file_answer answer = answer_of(request, &file);

                answer.patched = patched;
                response = response_new(&answer);
                patched = answer.patched;
                status = answer.status;
                tell_of(&tell, &answer, response ? head_size(response) : 0);
        } else {
                response = problem_response(PROBLEM_INTERNAL, &status);
        }
        request_answer(request, status, response, &tell);
        patched_free(patched);
        close(take_fd);
}
