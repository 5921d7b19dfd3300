/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * An image (design section 9): NAME.raw.zst, NAME.json, NAME.json.sig.
 *
 * The first is a plain Zstandard file: one independent frame for each
 * IMAGE_FRAME_SIZE bytes of the disk (the last may be shorter), zero ones too,
 * and at the end a skippable frame (RFC 8878 3.1.2) whose content is the table.
 * The manifest holds the table's SHA-256, the table that of each frame's plain
 * bytes; the signature covers the manifest's exact bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/trust/hash.h"
#include "lib/trust/signature.h"

#define IMAGE_FRAME_SIZE    ((uint32_t)4 << 20)
#define IMAGE_FRAMES_MAX    ((uint64_t)4 << 20) /* 16 TiB of disk: a table of 185 MB */
#define IMAGE_ROW_SIZE      44                  /* bytes of the table, a frame */
#define IMAGE_TABLE_MAGIC   0x184d2a5cU         /* of the skippable frame, little endian */
#define IMAGE_TABLE_HEAD    8                   /* its magic number and its size: 4 bytes each */
#define IMAGE_MANIFEST_MAX  ((size_t)16 << 10)
#define IMAGE_SIGNATURE_MAX ((size_t)2 << 10)
#define IMAGE_ID_SIZE       33
#define IMAGE_NAME_SIZE     64 /* as a host name's label: [a-z0-9.-], no dot or dash first */
/* What zstd makes at most of a frame that it cannot make smaller (ZSTD_compressBound). */
#define IMAGE_STORED_MAX (IMAGE_FRAME_SIZE + (IMAGE_FRAME_SIZE >> 8) + 512)

struct image_manifest {
        uint32_t format; /* 1 */
        char name[IMAGE_NAME_SIZE];
        uint64_t size;                        /* bytes on the disk; a multiple of the sector size */
        uint32_t frame_size;                  /* IMAGE_FRAME_SIZE */
        uint32_t sector_size;                 /* what its partition table counts in: 512 or 4096 */
        char os[128];                         /* what is in it, for people; "" not said */
        char architecture[16];                /* "x86_64"; "" not said */
        uint64_t stored_size;                 /* of NAME.raw.zst, the table's frame included */
        char stored_sha256[SHA256_TEXT_SIZE]; /* of NAME.raw.zst: for caches */
        char table_sha256[SHA256_TEXT_SIZE];
        uint64_t made_ms; /* wall clock */
};

/**
 * image_manifest_parse() - read NAME.json
 * @error:  DOC_ERROR_SIZE bytes, one sentence
 *
 * Return: 0; -EBADMSG if a field is missing or makes no sense (another format, sizes that do not
 *         fit one another); -ENOMEM.
 */
int image_manifest_parse(const char *text, size_t size, char *error, struct image_manifest *ret);
/* Its text, NUL-terminated, the caller's. The same manifest gives the same bytes. 0, -ENOMEM. */
int image_manifest_print(const struct image_manifest *manifest, char **ret);

/*
 * Signature first, then the rest: nothing is parsed that is not this site's.
 * 0; -EKEYREJECTED, or -EBADMSG of the signature's own text: not signed by @key; else as
 * image_manifest_parse() with *ret_is_signed true.
 */
int image_manifest_open(const struct public_key *key, struct reader text, struct reader signature,
                        char *error, bool *ret_is_signed, struct image_manifest *ret);

bool image_name_is_valid(const char *name);
/* Whether a disk image may have it: above 0, whole sectors of 512 or 4096, IMAGE_FRAMES_MAX. */
bool image_size_is_valid(uint64_t size, uint32_t sector_size);
bool image_id_is_valid(const char *id); /* 32 lower-case hex digits */
void image_id(const struct image_manifest *manifest, char ret[static IMAGE_ID_SIZE]);

uint64_t image_frame_count(const struct image_manifest *manifest);
/* Plain bytes of a frame: IMAGE_FRAME_SIZE, or less for the last. */
uint32_t image_frame_size(const struct image_manifest *manifest, uint64_t number);
/* Where the table's bytes lie in NAME.raw.zst; its size is IMAGE_ROW_SIZE * frames. */
uint64_t image_table_offset(const struct image_manifest *manifest);
