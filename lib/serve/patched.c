/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patched: a file with other bytes in a few places, made while it is sent. So a
 * thousand machines have an image each, and the disk has one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/serve/private.h"

/* Read and sent at once. Each answer under way holds one. */
#define PIECE ((size_t)128 << 10)

struct patched {
        int fd;
        uint64_t start;
        struct serve_patches patches;
};

static void bytes_free(const struct serve_patches *patches)
{
        for (size_t i = 0; i < patches->count; i++)
                free(patches->at[i].take_bytes);
}

struct patched *patched_new(const struct serve_patches *patches)
{
        struct patched *patched = calloc(1, sizeof(*patched));

        if (!patched) {
                bytes_free(patches);
                return NULL;
        }
        patched->fd = -EBADF;
        patched->patches = *patches;
        return patched;
}

struct patched *patched_free(struct patched *patched)
{
        if (!patched)
                return NULL;
        bytes_free(&patched->patches);
        if (patched->fd >= 0)
                close(patched->fd);
        free(patched);
        return NULL;
}

/* The part of @patch that lies in the @size bytes from @at on. */
static void lay_over(const struct serve_patch *patch, uint64_t at, char *to, size_t size)
{
        const uint64_t skip = at > patch->at ? at - patch->at : 0;
        const uint64_t place = patch->at > at ? patch->at - at : 0;
        size_t length;

        if (skip >= patch->size || place >= size)
                return;
        length = patch->size - (size_t)skip;
        if (length > size - (size_t)place)
                length = size - (size_t)place;
        memcpy(to + place, patch->take_bytes + skip, length);
}

static ssize_t read_piece(void *context, uint64_t position, char *to, size_t max)
{
        const struct patched *patched = context;
        const uint64_t at = patched->start + position;
        ssize_t size;

        do
                size = pread(patched->fd, to, max, (off_t)at);
        while (size < 0 && errno == EINTR);
        /* It is shorter by now: the length that was promised cannot be kept. */
        if (size <= 0)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        for (size_t i = 0; i < patched->patches.count; i++)
                lay_over(&patched->patches.at[i], at, to, (size_t)size);
        return size;
}

static void release(void *context)
{
        patched_free(context);
}

struct MHD_Response *patched_response(struct patched *take, int take_fd, uint64_t start,
                                      uint64_t length)
{
        struct MHD_Response *response;

        take->fd = take_fd;
        take->start = start;
        response = MHD_create_response_from_callback(length, PIECE, read_piece, take, release);
        if (!response)
                patched_free(take);
        return response;
}
