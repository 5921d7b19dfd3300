/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Frames of an image, and the table that says where each is and what must come out of it. */

#include "image/manifest.h"
#include "lib/base/writer.h"

struct image_frame {
        uint64_t offset; /* in NAME.raw.zst */
        uint32_t stored; /* bytes there; at most IMAGE_STORED_MAX */
        bool is_zero;    /* all its plain bytes are zero */
        struct sha256 plain;
};

/*
 * Zstandard frames (RFC 8878 3.1.1) that an image may hold. What anybody's zstd
 * makes of IMAGE_FRAME_SIZE bytes is one, whether it says the size in its head or
 * not. Refused are: a size other than the expected one, a window above
 * IMAGE_WINDOW_MAX, a dictionary, the formats before 1.0, skippable frames, and
 * any byte behind the one frame.
 */
#define IMAGE_WINDOW_MAX                                                                           \
        ((uint64_t)8 << 20) /* what zstd's levels up to 19 ask for; RFC 8878 says                  \
                               that every decoder should hold it */

/*
 * The table: a row is offset (64 bits), stored size (31 bits) and zero flag (the
 * highest bit of the same 32), SHA-256 of the plain bytes; little endian.
 */
struct image_table;

/**
 * image_table_parse() - check and read the table
 * @bytes:  the skippable frame's content; must outlive the table
 *
 * Frames must lie one behind the other from 0 on, without a gap, up to the table;
 * a row with the zero flag must have the hash of zero bytes.
 *
 * Return: 0.
 *         -EKEYREJECTED if its SHA-256 is not the manifest's.
 *         -EBADMSG if a row makes no sense.
 *         -ENOMEM.
 */
int image_table_parse(const struct image_manifest *manifest, struct reader bytes,
                      struct image_table **ret);
struct image_table *image_table_free(struct image_table *table);
CLEANUP_DEFINE(struct image_table *, image_table_free)
/* @number is below image_frame_count(). */
void image_table_frame(const struct image_table *table, uint64_t number, struct image_frame *ret);

/* One for each thread: what decompressing and hashing need. */
struct image_decoder;
int image_decoder_new(struct image_decoder **ret); /* -ENOMEM */
struct image_decoder *image_decoder_free(struct image_decoder *decoder);
CLEANUP_DEFINE(struct image_decoder *, image_decoder_free)

/**
 * image_frame_decode() - the plain bytes of a frame, verified
 * @stored:  one whole Zstandard frame
 * @to:      @size bytes; what is there on failure must not be used
 * @size:    plain bytes that must come out, exactly
 * @hash:    that they must have
 *
 * Return: 0; -EBADMSG: not a frame, or of another size; -EKEYREJECTED: another hash; -ENOMEM.
 */
int image_frame_decode(struct image_decoder *decoder, struct reader stored, void *to, size_t size,
                       const struct sha256 *hash);

/* The same for bytes that nobody vouched for yet: 0, -EBADMSG, -ENOMEM. @ret is their hash. */
int image_frame_unpack(struct image_decoder *decoder, struct reader stored, void *to, size_t size,
                       struct sha256 *ret);

/* A row's IMAGE_ROW_SIZE bytes. */
void image_table_write(struct writer *to, const struct image_frame *frame);

/*
 * The skippable frame's head (IMAGE_TABLE_HEAD bytes) for a table of @size bytes; and whether
 * @head is that. 0, -EBADMSG.
 */
void image_table_head_write(struct writer *to, uint64_t size);
int image_table_head_parse(struct reader head, uint64_t size);

/*
 * The other way: @level 1 to 19. @size: 1 to IMAGE_FRAME_SIZE. @to: IMAGE_STORED_MAX bytes.
 * @ret: the row but for its offset. The same bytes, level and version of zstd give the same frame.
 */
struct image_encoder;
int image_encoder_new(int level, struct image_encoder **ret); /* -EINVAL: no such level; -ENOMEM */
struct image_encoder *image_encoder_free(struct image_encoder *encoder);
CLEANUP_DEFINE(struct image_encoder *, image_encoder_free)
/* 0, -EINVAL: no such size; -ENOMEM */
int image_frame_encode(struct image_encoder *encoder, const void *plain, size_t size, void *to,
                       struct image_frame *ret);
bool image_is_zero(const void *bytes, size_t size);
