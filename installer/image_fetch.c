/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/image_fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"

#define PAUSE_FIRST_MS 250
#define PAUSE_MAX_MS   2000
#define PAUSE_ASKED_MS 10000 /* longer than this no edge may make us wait */
#define SILENCE_MS     15000 /* within 4 MiB; then it is asked anew */
#define URL_SIZE       512
#define NS_OF_MS       1000000

struct sink {
        uint8_t *to;
        size_t space, size;
};

static int take_bytes(void *context, const void *bytes, size_t size)
{
        struct sink *sink = context;

        if (size > sink->space - sink->size)
                return -EBADMSG;
        memcpy(sink->to + sink->size, bytes, size);
        sink->size += size;
        return 0;
}

int image_source_init(struct image_source *source, const char *edge, const char *id,
                      uint32_t patience_ms)
{
        source->edge = edge;
        source->id = id;
        source->patience_ms = patience_ms;
        atomic_init(&source->is_given_up, false);
        return fetch_new(NULL, &source->fetch);
}

void image_source_done(struct image_source *source)
{
        source->fetch = fetch_free(source->fetch);
}

/* 0, a final fault, or -EAGAIN: it may be there in a while; then @ret_pause_ms: 0: not said. */
static int ask(struct image_source *source, struct fetch *fetch, const struct image_range *range,
               struct sink *sink, char *error, uint32_t *ret_pause_ms)
{
        static const char *const anew[] = {"Cache-Control: no-cache", NULL};
        char url[URL_SIZE];
        struct fetch_request request = {.url = url,
                                        .silence_ms = SILENCE_MS,
                                        .sink = take_bytes,
                                        .sink_context = sink,
                                        .range_start = range->start};
        _response_ struct fetch_response response = {0};
        int rc;

        snprintf(url, sizeof(url), "%s/images/%s%s", source->edge, source->id, range->suffix);
        if (range->is_anew)
                request.headers = anew;
        if (range->size > 0)
                request.range_end = range->start + range->size - 1;
        rc = fetch_do(fetch, &request, error, &response);
        if (rc == -EBADMSG)
                snprintf(error, FETCH_ERROR_SIZE, "%s is longer than it may be", range->suffix);
        if (rc == -EBADMSG || rc == -ENOMEM || rc == -ECANCELED)
                return rc;
        if (rc < 0)
                return -EAGAIN;
        if (response.status == 200 || response.status == 206) {
                if (range->size == 0 || sink->size == range->size)
                        return 0;
                snprintf(error, FETCH_ERROR_SIZE, "%s is shorter than it must be", range->suffix);
                return -EBADMSG;
        }
        *ret_pause_ms = response.retry_after_s < PAUSE_ASKED_MS / 1000
                                ? response.retry_after_s * 1000
                                : PAUSE_ASKED_MS;
        snprintf(error, FETCH_ERROR_SIZE, "the edge answers %u for %s%s", response.status,
                 source->id, range->suffix);
        if (response.status == 404)
                return -ENOENT;
        return response.status == 416 ? -EBADMSG : -EAGAIN;
}

static void wait_ms(const struct image_source *source, uint32_t pause_ms)
{
        const uint64_t end = clock_monotonic_ms() + pause_ms;
        const struct timespec step = {.tv_nsec = 50L * NS_OF_MS};

        while (!atomic_load(&source->is_given_up) && clock_monotonic_ms() < end)
                nanosleep(&step, NULL);
}

int image_fetch(struct image_source *source, struct fetch *fetch, const struct image_range *range,
                void *to, char *error, size_t *ret_size)
{
        const uint64_t start_ms = clock_monotonic_ms();
        uint32_t pause_ms = PAUSE_FIRST_MS, asked_ms;
        struct sink sink;
        int rc;

        for (;;) {
                if (atomic_load(&source->is_given_up))
                        return -ECANCELED;
                sink = (struct sink){.to = to, .space = range->space};
                asked_ms = 0;
                rc = ask(source, fetch, range, &sink, error, &asked_ms);
                if (rc != -EAGAIN)
                        break;
                if (clock_monotonic_ms() - start_ms >= source->patience_ms)
                        return -EHOSTUNREACH;
                wait_ms(source, asked_ms > 0 ? asked_ms : pause_ms);
                pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
        }
        if (rc == 0 && ret_size)
                *ret_size = sink.size;
        return rc;
}
