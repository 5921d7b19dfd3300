/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * zstd cuts its input into jobs by the level alone, so the bytes are the same
 * with one worker or with sixty; only no worker at all cuts differently, hence
 * there is always one.
 */

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>
#include <zstd.h>

#include "image/zstd_writer.h"

/* Each worker of level 19 holds some 100 MB; more of them would be idle: jobs are 32 MB. */
#define WORKERS_MAX 8

struct zstd_writer {
        int fd;
        ZSTD_CCtx *stream; /* NULL: not compressed */
        char *chunk;
        size_t chunk_size;
};

static int put(struct zstd_writer *writer, const char *bytes, size_t size)
{
        while (size > 0) {
                const ssize_t done = write(writer->fd, bytes, size);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                bytes += done;
                size -= (size_t)done;
        }
        return 0;
}

static int workers(void)
{
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);

        if (cores < 1)
                return 1;
        return cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;
}

int zstd_writer_new(int fd, int level, struct zstd_writer **ret)
{
        CLEANUP(zstd_writer_free) struct zstd_writer *writer = calloc(1, sizeof(*writer));

        if (level < 0 || level > 19)
                return -EINVAL;
        if (!writer)
                return -ENOMEM;
        writer->fd = fd;
        if (level > 0) {
                writer->chunk_size = ZSTD_CStreamOutSize();
                writer->chunk = malloc(writer->chunk_size);
                writer->stream = ZSTD_createCCtx();
                if (!writer->chunk || !writer->stream)
                        return -ENOMEM;
                if (ZSTD_isError(ZSTD_CCtx_setParameter(writer->stream, ZSTD_c_compressionLevel,
                                                        level)) ||
                    ZSTD_isError(ZSTD_CCtx_setParameter(writer->stream, ZSTD_c_checksumFlag, 1)) ||
                    ZSTD_isError(
                            ZSTD_CCtx_setParameter(writer->stream, ZSTD_c_nbWorkers, workers())))
                        return -EINVAL;
        }
        *ret = TAKE_PTR(writer);
        return 0;
}

struct zstd_writer *zstd_writer_free(struct zstd_writer *writer)
{
        if (writer) {
                ZSTD_freeCCtx(writer->stream);
                free(writer->chunk);
                free(writer);
        }
        return NULL;
}

static int compress(struct zstd_writer *writer, ZSTD_inBuffer *in, ZSTD_EndDirective mode)
{
        bool is_done;

        do {
                ZSTD_outBuffer out = {.dst = writer->chunk, .size = writer->chunk_size};
                const size_t left = ZSTD_compressStream2(writer->stream, &out, in, mode);
                int rc;

                if (ZSTD_isError(left))
                        return -EIO;
                rc = put(writer, writer->chunk, out.pos);
                if (rc < 0)
                        return rc;
                is_done = mode == ZSTD_e_end ? left == 0 : in->pos == in->size;
        } while (!is_done);
        return 0;
}

int zstd_writer_add(struct zstd_writer *writer, const void *bytes, size_t size)
{
        ZSTD_inBuffer in = {.src = bytes, .size = size};

        if (!writer->stream)
                return put(writer, bytes, size);
        return compress(writer, &in, ZSTD_e_continue);
}

int zstd_writer_end(struct zstd_writer *writer)
{
        ZSTD_inBuffer in = {.src = NULL};

        return writer->stream ? compress(writer, &in, ZSTD_e_end) : 0;
}
