/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zstd itself decompresses whatever it is given: several frames, frames to be
 * skipped, formats of ten years ago. Of an image's frame we know how large it
 * becomes and that it is one; so its head is read here first, and nothing is
 * decompressed that says something else. The room for the result is the window,
 * so no claim of a stranger decides how much memory is used.
 */

#include "image/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define FRAME_MAGIC 0xfd2fb528U /* RFC 8878 3.1.1 */
#define ZERO_FLAG   ((uint32_t)1 << 31)

/* The table */

struct image_table {
        uint64_t count;
        struct reader rows;
};

struct image_decoder {
        ZSTD_DCtx *context;
};

struct image_encoder {
        ZSTD_CCtx *context;
};

static int row_parse(struct reader *rows, struct image_frame *ret)
{
        uint32_t stored = 0;
        int rc;

        rc = reader_le64(rows, &ret->offset);
        if (rc == 0)
                rc = reader_le32(rows, &stored);
        if (rc == 0)
                rc = reader_copy(rows, ret->plain.bytes, sizeof(ret->plain.bytes));
        if (rc < 0)
                return rc;
        ret->is_zero = stored & ZERO_FLAG;
        ret->stored = stored & ~ZERO_FLAG;
        return 0;
}

void image_table_write(struct writer *to, const struct image_frame *frame)
{
        writer_le64(to, frame->offset);
        writer_le32(to, frame->stored | (frame->is_zero ? ZERO_FLAG : 0));
        writer_bytes(to, frame->plain.bytes, sizeof(frame->plain.bytes));
}

void image_table_head_write(struct writer *to, uint64_t size)
{
        writer_le32(to, IMAGE_TABLE_MAGIC);
        writer_le32(to, (uint32_t)size); /* IMAGE_FRAMES_MAX rows are 185 MB */
}

int image_table_head_parse(struct reader head, uint64_t size)
{
        uint32_t magic, said;

        if (reader_le32(&head, &magic) < 0 || reader_le32(&head, &said) < 0)
                return -EBADMSG;
        return magic == IMAGE_TABLE_MAGIC && said == size && reader_left(&head) == 0 ? 0 : -EBADMSG;
}

/* Hashes of zero bytes: of a whole frame, and of the last one. Made when first needed. */
struct zeroes {
        bool has_full, has_last;
        struct sha256 full, last;
};

static int zero_hash(uint32_t size, struct sha256 *ret)
{
        _free_ uint8_t *bytes = calloc(1, size);

        return bytes ? sha256_of(bytes, size, ret) : -ENOMEM;
}

static int check_zero(struct zeroes *zeroes, uint32_t size, const struct sha256 *plain)
{
        const bool is_full = size == IMAGE_FRAME_SIZE;
        bool *has = is_full ? &zeroes->has_full : &zeroes->has_last;
        struct sha256 *hash = is_full ? &zeroes->full : &zeroes->last;

        if (!*has) {
                const int rc = zero_hash(size, hash);

                if (rc < 0)
                        return rc;
                *has = true;
        }
        return sha256_is_equal(plain, hash) ? 0 : -EBADMSG;
}

static int check_rows(const struct image_manifest *manifest, struct reader rows)
{
        const uint64_t count = image_frame_count(manifest);
        struct zeroes zeroes = {0};
        uint64_t offset = 0;

        for (uint64_t i = 0; i < count; i++) {
                struct image_frame frame;
                int rc;

                rc = row_parse(&rows, &frame);
                if (rc < 0)
                        return rc;
                if (frame.offset != offset || frame.stored == 0 || frame.stored > IMAGE_STORED_MAX)
                        return -EBADMSG;
                offset += frame.stored; /* count * IMAGE_STORED_MAX is far below 2^64 */
                if (!frame.is_zero)
                        continue;
                rc = check_zero(&zeroes, image_frame_size(manifest, i), &frame.plain);
                if (rc < 0)
                        return rc;
        }
        return offset == image_table_offset(manifest) - IMAGE_TABLE_HEAD ? 0 : -EBADMSG;
}

int image_table_parse(const struct image_manifest *manifest, struct reader bytes,
                      struct image_table **ret)
{
        CLEANUP(image_table_free) struct image_table *table = NULL;
        struct sha256 is, should;
        int rc;

        rc = sha256_of(bytes.at, reader_left(&bytes), &is);
        if (rc < 0)
                return rc;
        if (sha256_parse(manifest->table_sha256, &should) < 0 || !sha256_is_equal(&is, &should))
                return -EKEYREJECTED;
        if (reader_left(&bytes) != image_frame_count(manifest) * IMAGE_ROW_SIZE)
                return -EBADMSG;
        rc = check_rows(manifest, bytes);
        if (rc < 0)
                return rc;
        table = calloc(1, sizeof(*table));
        if (!table)
                return -ENOMEM;
        table->count = image_frame_count(manifest);
        table->rows = bytes;
        *ret = TAKE_PTR(table);
        return 0;
}

struct image_table *image_table_free(struct image_table *table)
{
        free(table);
        return NULL;
}

void image_table_frame(const struct image_table *table, uint64_t number, struct image_frame *ret)
{
        struct reader rows = table->rows;

        *ret = (struct image_frame){0};
        if (number < table->count && reader_skip(&rows, (size_t)number * IMAGE_ROW_SIZE) == 0)
                (void)row_parse(&rows, ret);
}

/* Decompressing */

int image_decoder_new(struct image_decoder **ret)
{
        CLEANUP(image_decoder_free) struct image_decoder *decoder = calloc(1, sizeof(*decoder));

        if (!decoder)
                return -ENOMEM;
        decoder->context = ZSTD_createDCtx();
        if (!decoder->context)
                return -ENOMEM;
        *ret = TAKE_PTR(decoder);
        return 0;
}

struct image_decoder *image_decoder_free(struct image_decoder *decoder)
{
        if (decoder)
                ZSTD_freeDCtx(decoder->context);
        free(decoder);
        return NULL;
}

/* RFC 8878 3.1.1.1.2: exponent in 5 bits, eighths of it in 3. */
static int check_window(struct reader *head)
{
        uint64_t base, window;
        uint8_t byte;
        int rc;

        rc = reader_u8(head, &byte);
        if (rc < 0)
                return rc;
        base = (uint64_t)1 << (10 + (byte >> 3));
        window = base + base / 8 * (byte & 7);
        return window <= IMAGE_WINDOW_MAX ? 0 : -EBADMSG;
}

/* RFC 8878 3.1.1.1.4: little endian; of two bytes it is 256 less. */
static int check_content_size(struct reader *head, unsigned flag, bool is_single, size_t size)
{
        static const unsigned widths[] = {0, 2, 4, 8};
        const unsigned width = flag == 0 && is_single ? 1 : widths[flag];
        uint64_t said = flag == 1 ? 256 : 0;

        if (width == 0)
                return 0; /* it does not say */
        for (unsigned i = 0; i < width; i++) {
                uint8_t byte;

                if (reader_u8(head, &byte) < 0)
                        return -EBADMSG;
                said += (uint64_t)byte << (8 * i);
        }
        return said == size ? 0 : -EBADMSG;
}

/* RFC 8878 3.1.1.1 */
static int check_head(struct reader head, size_t size)
{
        uint32_t magic;
        uint8_t descriptor;
        bool is_single;
        int rc;

        if (reader_le32(&head, &magic) < 0 || magic != FRAME_MAGIC ||
            reader_u8(&head, &descriptor) < 0)
                return -EBADMSG;
        if (descriptor & 0x0b) /* the reserved bit, a dictionary */
                return -EBADMSG;
        is_single = descriptor & 0x20;
        rc = is_single ? 0 : check_window(&head);
        return rc < 0 ? rc : check_content_size(&head, descriptor >> 6, is_single, size);
}

static int unpack(struct image_decoder *decoder, struct reader stored, void *to, size_t size)
{
        const size_t left = reader_left(&stored);
        size_t got;

        if (left > IMAGE_STORED_MAX || size == 0 || check_head(stored, size) < 0)
                return -EBADMSG;
        if (ZSTD_findFrameCompressedSize(stored.at, left) != left)
                return -EBADMSG; /* cut off, or bytes behind it */
        got = ZSTD_decompressDCtx(decoder->context, to, size, stored.at, left);
        if (ZSTD_isError(got))
                return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
        return got == size ? 0 : -EBADMSG;
}

int image_frame_unpack(struct image_decoder *decoder, struct reader stored, void *to, size_t size,
                       struct sha256 *ret)
{
        const int rc = unpack(decoder, stored, to, size);

        return rc < 0 ? rc : sha256_of(to, size, ret);
}

int image_frame_decode(struct image_decoder *decoder, struct reader stored, void *to, size_t size,
                       const struct sha256 *hash)
{
        struct sha256 is;
        int rc;

        rc = image_frame_unpack(decoder, stored, to, size, &is);
        if (rc < 0)
                return rc;
        return sha256_is_equal(&is, hash) ? 0 : -EKEYREJECTED;
}

/* Compressing */

int image_encoder_new(int level, struct image_encoder **ret)
{
        CLEANUP(image_encoder_free) struct image_encoder *encoder = NULL;

        if (level < 1 || level > 19)
                return -EINVAL;
        encoder = calloc(1, sizeof(*encoder));
        if (!encoder)
                return -ENOMEM;
        encoder->context = ZSTD_createCCtx();
        /* The checksum is for `zstd -t`: whoever has no manifest can still tell a damaged file. */
        if (!encoder->context ||
            ZSTD_isError(
                    ZSTD_CCtx_setParameter(encoder->context, ZSTD_c_compressionLevel, level)) ||
            ZSTD_isError(ZSTD_CCtx_setParameter(encoder->context, ZSTD_c_checksumFlag, 1)))
                return -ENOMEM;
        *ret = TAKE_PTR(encoder);
        return 0;
}

struct image_encoder *image_encoder_free(struct image_encoder *encoder)
{
        if (encoder)
                ZSTD_freeCCtx(encoder->context);
        free(encoder);
        return NULL;
}

int image_frame_encode(struct image_encoder *encoder, const void *plain, size_t size, void *to,
                       struct image_frame *ret)
{
        struct image_frame frame = {0};
        size_t stored;
        int rc;

        if (size == 0 || size > IMAGE_FRAME_SIZE)
                return -EINVAL;
        rc = sha256_of(plain, size, &frame.plain);
        if (rc < 0)
                return rc;
        stored = ZSTD_compress2(encoder->context, to, IMAGE_STORED_MAX, plain, size);
        if (ZSTD_isError(stored))
                return -ENOMEM;
        frame.stored = (uint32_t)stored;
        frame.is_zero = image_is_zero(plain, size);
        *ret = frame;
        return 0;
}

bool image_is_zero(const void *bytes, size_t size)
{
        const uint8_t *p = bytes;

        /* Each byte equals the one before it, and the first is zero. */
        return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}
