/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whoever uploads an image says what he likes; what the table says is what came
 * out of the decoder here. So a frame that passes is one that an installer can
 * decode, and its hash is of these bytes and no others.
 */

#include "image/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define ROWS_LIMIT   ((size_t)IMAGE_FRAMES_MAX * IMAGE_ROW_SIZE)
#define SECTOR_LEAST 512

struct image_import {
        int fd;
        struct image_manifest sizes; /* only its size is known yet */
        uint64_t next, offset;
        struct buffer rows;
        struct sha256_stream *hash; /* of all that was written */
        image_unpack_fn unpack;
        void *context;
        struct image_decoder *decoder; /* ours, made when it is first needed */
        uint8_t *plain;
        bool is_ended;
};

static int write_at(int fd, const void *bytes, size_t size, uint64_t offset)
{
        const uint8_t *at = bytes;

        while (size > 0) {
                const ssize_t done = pwrite(fd, at, size, (off_t)offset);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                at += done;
                size -= (size_t)done;
                offset += (uint64_t)done;
        }
        return 0;
}

/* -EBADMSG: the file ends before. */
static int read_at(int fd, void *to, size_t size, uint64_t offset)
{
        uint8_t *at = to;

        while (size > 0) {
                const ssize_t got = pread(fd, at, size, (off_t)offset);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG;
                at += got;
                size -= (size_t)got;
                offset += (uint64_t)got;
        }
        return 0;
}

static int unpack_here(void *context, struct reader stored, uint32_t size, struct image_frame *ret)
{
        struct image_import *import = context;
        int rc;

        if (!import->plain)
                import->plain = malloc(image_frame_size(&import->sizes, 0));
        if (!import->plain || (!import->decoder && image_decoder_new(&import->decoder) < 0))
                return -ENOMEM;
        rc = image_frame_unpack(import->decoder, stored, import->plain, size, &ret->plain);
        if (rc == 0)
                ret->is_zero = image_is_zero(import->plain, size);
        return rc;
}

int image_import_new(int fd, uint64_t size, struct image_import **ret)
{
        CLEANUP(image_import_free) struct image_import *import = NULL;

        if (!image_size_is_valid(size, SECTOR_LEAST))
                return -EINVAL;
        import = calloc(1, sizeof(*import));
        if (!import)
                return -ENOMEM;
        import->fd = fd;
        import->sizes.size = size;
        import->rows.limit = ROWS_LIMIT;
        import->unpack = unpack_here;
        import->context = import;
        if (sha256_stream_new(&import->hash) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(import);
        return 0;
}

void image_import_unpack_by(struct image_import *import, image_unpack_fn unpack, void *context)
{
        import->unpack = unpack;
        import->context = context;
}

struct image_import *image_import_free(struct image_import *import)
{
        if (!import)
                return NULL;
        buffer_done(&import->rows);
        sha256_stream_free(import->hash);
        image_decoder_free(import->decoder);
        free(import->plain);
        free(import);
        return NULL;
}

uint64_t image_import_next(const struct image_import *import)
{
        return import->next;
}

bool image_import_is_ended(const struct image_import *import)
{
        return import->is_ended;
}

/* Puts bytes behind what is there, or leaves the file as it was. The hash goes on only with them.
 */
static int put(struct image_import *import, const void *bytes, size_t size)
{
        int rc = write_at(import->fd, bytes, size, import->offset);

        if (rc == 0)
                rc = sha256_stream_add(import->hash, bytes, size);
        if (rc < 0) {
                /* A file that cannot even be cut is written over by the next try. */
                if (ftruncate(import->fd, (off_t)import->offset) < 0)
                        return rc;
                return rc;
        }
        import->offset += size;
        return 0;
}

int image_import_add(struct image_import *import, struct reader stored)
{
        struct image_frame frame = {0};
        uint8_t row[IMAGE_ROW_SIZE];
        struct writer writer = writer_over(row, sizeof(row));
        uint32_t size;
        int rc;

        if (import->is_ended || import->next >= image_frame_count(&import->sizes))
                return -EOVERFLOW;
        size = image_frame_size(&import->sizes, import->next);
        rc = import->unpack(import->context, stored, size, &frame);
        if (rc < 0)
                return rc;
        frame.offset = import->offset;
        frame.stored = (uint32_t)reader_left(&stored);
        image_table_write(&writer, &frame);

        buffer_add(&import->rows, row, sizeof(row));
        if (import->rows.rc < 0)
                return import->rows.rc;
        rc = put(import, stored.at, frame.stored);
        if (rc < 0) {
                import->rows.size -= sizeof(row);
                return rc;
        }
        import->next++;
        return 0;
}

/* Both or none: a table that is half on disk is written over by the next try. */
static int put_table(struct image_import *import)
{
        uint8_t head[IMAGE_TABLE_HEAD];
        struct writer writer = writer_over(head, sizeof(head));
        int rc;

        image_table_head_write(&writer, import->rows.size);
        rc = write_at(import->fd, head, sizeof(head), import->offset);
        if (rc == 0)
                rc = write_at(import->fd, import->rows.bytes, import->rows.size,
                              import->offset + sizeof(head));
        if (rc == 0 && fsync(import->fd) < 0)
                rc = -errno;
        if (rc == 0)
                rc = sha256_stream_add(import->hash, head, sizeof(head));
        if (rc == 0)
                rc = sha256_stream_add(import->hash, import->rows.bytes, import->rows.size);
        if (rc == 0)
                import->offset += sizeof(head) + import->rows.size;
        return rc;
}

int image_import_end(struct image_import *import, struct image_manifest *manifest)
{
        struct image_manifest made = *manifest;
        struct sha256 stored, table;
        int rc;

        if (import->is_ended || !image_name_is_valid(made.name) ||
            !image_size_is_valid(import->sizes.size, made.sector_size))
                return -EINVAL;
        if (import->next < image_frame_count(&import->sizes))
                return -EAGAIN;
        rc = sha256_of(import->rows.bytes, import->rows.size, &table);
        if (rc == 0)
                rc = put_table(import);
        if (rc < 0)
                return rc;
        import->is_ended = true;
        rc = sha256_stream_end(import->hash, &stored);
        if (rc < 0)
                return rc;
        made.format = 1;
        made.size = import->sizes.size;
        made.frame_size = IMAGE_FRAME_SIZE;
        made.stored_size = import->offset;
        sha256_text(made.stored_sha256, &stored);
        sha256_text(made.table_sha256, &table);
        *manifest = made;
        return 0;
}

/* Verifying */

struct verify {
        int fd;
        const struct image_manifest *manifest;
        struct image_table *table;
        struct image_decoder *decoder;
        struct sha256_stream *hash;
        uint8_t *rows, *stored, *plain;
};

static void verify_done(struct verify *verify)
{
        image_table_free(verify->table);
        image_decoder_free(verify->decoder);
        sha256_stream_free(verify->hash);
        free(verify->rows);
        free(verify->stored);
        free(verify->plain);
}

static int verify_table(struct verify *verify)
{
        const struct image_manifest *manifest = verify->manifest;
        const uint64_t at = image_table_offset(manifest);
        const size_t size = (size_t)(manifest->stored_size - at);
        uint8_t head[IMAGE_TABLE_HEAD];
        /* Not fstat(): libc makes a call of it that can ask for any path, and a confined child may
         * not. */
        const off_t end = lseek(verify->fd, 0, SEEK_END);
        int rc;

        if (end < 0)
                return -errno;
        if ((uint64_t)end != manifest->stored_size)
                return -EBADMSG;
        verify->rows = malloc(size);
        if (!verify->rows)
                return -ENOMEM;
        rc = read_at(verify->fd, head, sizeof(head), at - sizeof(head));
        if (rc == 0)
                rc = image_table_head_parse(reader_over(head, sizeof(head)), size);
        if (rc == 0)
                rc = read_at(verify->fd, verify->rows, size, at);
        if (rc == 0)
                rc = image_table_parse(manifest, reader_over(verify->rows, size), &verify->table);
        return rc;
}

int image_check_fd(int fd, const struct image_manifest *manifest)
{
        __attribute__((cleanup(verify_done))) struct verify verify = {.fd = fd,
                                                                      .manifest = manifest};

        return verify_table(&verify);
}

static int verify_frame(struct verify *verify, uint64_t number)
{
        struct image_frame frame;
        int rc;

        image_table_frame(verify->table, number, &frame);
        rc = read_at(verify->fd, verify->stored, frame.stored, frame.offset);
        if (rc == 0)
                rc = sha256_stream_add(verify->hash, verify->stored, frame.stored);
        if (rc == 0)
                rc = image_frame_decode(verify->decoder, reader_over(verify->stored, frame.stored),
                                        verify->plain, image_frame_size(verify->manifest, number),
                                        &frame.plain);
        return rc;
}

/* Each frame's plain bytes may be right and its stored ones not those of the manifest. */
static int verify_whole(struct verify *verify)
{
        const uint64_t rows_at = image_table_offset(verify->manifest);
        uint8_t head[IMAGE_TABLE_HEAD];
        struct writer writer = writer_over(head, sizeof(head));
        struct sha256 is, should;
        int rc;

        image_table_head_write(&writer, verify->manifest->stored_size - rows_at);
        rc = sha256_stream_add(verify->hash, head, sizeof(head));
        if (rc == 0)
                rc = sha256_stream_add(verify->hash, verify->rows,
                                       (size_t)(verify->manifest->stored_size - rows_at));
        if (rc == 0)
                rc = sha256_stream_end(verify->hash, &is);
        if (rc < 0)
                return rc;
        return sha256_parse(verify->manifest->stored_sha256, &should) == 0 &&
                               sha256_is_equal(&is, &should)
                       ? 0
                       : -EKEYREJECTED;
}

int image_verify_fd(int fd, const struct image_manifest *manifest, image_go_on_fn go_on,
                    void *context, uint64_t *ret_frame)
{
        __attribute__((cleanup(verify_done))) struct verify verify = {.fd = fd,
                                                                      .manifest = manifest};
        const uint64_t count = image_frame_count(manifest);
        int rc;

        *ret_frame = UINT64_MAX;
        verify.stored = malloc(IMAGE_STORED_MAX);
        verify.plain = malloc(IMAGE_FRAME_SIZE);
        if (!verify.stored || !verify.plain || sha256_stream_new(&verify.hash) < 0 ||
            image_decoder_new(&verify.decoder) < 0)
                return -ENOMEM;
        rc = verify_table(&verify);
        if (rc < 0)
                return rc;
        for (uint64_t i = 0; i < count; i++) {
                if (go_on && !go_on(context, i))
                        return -ECANCELED;
                rc = verify_frame(&verify, i);
                if (rc < 0) {
                        *ret_frame = i;
                        return rc;
                }
        }
        return verify_whole(&verify);
}
