/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest is what an installer believes before it reads a byte of the
 * image: so its numbers must fit one another here, once, and every reader of
 * frames may calculate with them without a check of its own.
 */

#include "image/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/table.h"

#define FORMAT         1
#define SIZE_MAX_BYTES (IMAGE_FRAMES_MAX * IMAGE_FRAME_SIZE)
#define MADE_MAX       ((uint64_t)INT64_MAX)

static const struct doc_field fields[] = {
        DOC_FIELD(struct image_manifest, format, DOC_U32, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, size, DOC_U64, DOC_REQUIRED, .max = SIZE_MAX_BYTES),
        DOC_FIELD(struct image_manifest, frame_size, DOC_U32, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, sector_size, DOC_U32, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, os, DOC_TEXT, 0),
        DOC_FIELD(struct image_manifest, architecture, DOC_TEXT, 0),
        DOC_FIELD(struct image_manifest, stored_size, DOC_U64, DOC_REQUIRED, .max = INT64_MAX),
        DOC_FIELD(struct image_manifest, stored_sha256, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, table_sha256, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct image_manifest, made_ms, DOC_U64, 0, .max = MADE_MAX),
};
static DOC_TABLE(table, struct image_manifest, "image manifest", fields);

static bool is_hex(const char *text, size_t size)
{
        return strlen(text) == size && strspn(text, "0123456789abcdef") == size;
}

/* For people, on one line of a terminal: no control bytes. */
static bool is_line(const char *text)
{
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return false;
        return true;
}

bool image_name_is_valid(const char *name)
{
        static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
        const size_t size = strlen(name);

        return size > 0 && size < IMAGE_NAME_SIZE && strspn(name, first) > 0 &&
               strspn(name, others) == size;
}

bool image_id_is_valid(const char *id)
{
        return is_hex(id, IMAGE_ID_SIZE - 1);
}

void image_id(const struct image_manifest *manifest, char ret[static IMAGE_ID_SIZE])
{
        memcpy(ret, manifest->table_sha256, IMAGE_ID_SIZE - 1);
        ret[IMAGE_ID_SIZE - 1] = '\0';
}

uint64_t image_frame_count(const struct image_manifest *manifest)
{
        return manifest->size / IMAGE_FRAME_SIZE + (manifest->size % IMAGE_FRAME_SIZE != 0);
}

uint32_t image_frame_size(const struct image_manifest *manifest, uint64_t number)
{
        const uint64_t left = manifest->size - number * IMAGE_FRAME_SIZE;

        return left < IMAGE_FRAME_SIZE ? (uint32_t)left : IMAGE_FRAME_SIZE;
}

uint64_t image_table_offset(const struct image_manifest *manifest)
{
        return manifest->stored_size - image_frame_count(manifest) * IMAGE_ROW_SIZE;
}

bool image_size_is_valid(uint64_t size, uint32_t sector_size)
{
        return (sector_size == 512 || sector_size == 4096) && size > 0 && size <= SIZE_MAX_BYTES &&
               size % sector_size == 0;
}

/* Between a byte for each frame and the most that each may take. */
static bool stored_size_fits(const struct image_manifest *manifest)
{
        const uint64_t count = image_frame_count(manifest);
        const uint64_t table_size = IMAGE_TABLE_HEAD + count * IMAGE_ROW_SIZE;
        uint64_t frames;

        if (manifest->stored_size < table_size)
                return false;
        frames = manifest->stored_size - table_size;
        return frames >= count && frames <= count * IMAGE_STORED_MAX;
}

static const char *what_is_wrong(const struct image_manifest *manifest)
{
        if (manifest->format != FORMAT)
                return "'format' is not 1: it is made by a newer Cloudie";
        if (!image_name_is_valid(manifest->name))
                return "'name' must be 1 to 63 of a-z, 0-9, dot and dash, no dot or dash first";
        if (manifest->frame_size != IMAGE_FRAME_SIZE)
                return "'frame_size' is not 4194304";
        if (!image_size_is_valid(manifest->size, manifest->sector_size))
                return "'size' and 'sector_size' do not fit: sectors have 512 or 4096 bytes, a "
                       "disk is a multiple of them, of 16 TiB at most";
        if (!stored_size_fits(manifest))
                return "'stored_size' does not fit 'size'";
        if (!is_hex(manifest->stored_sha256, SHA256_TEXT_SIZE - 1) ||
            !is_hex(manifest->table_sha256, SHA256_TEXT_SIZE - 1))
                return "a SHA-256 is 64 lower-case hex digits";
        if (!is_line(manifest->os) || !is_line(manifest->architecture))
                return "'os' and 'architecture' are one line";
        return NULL;
}

int image_manifest_parse(const char *text, size_t size, char *error, struct image_manifest *ret)
{
        static const struct doc_limits limits = {.size = IMAGE_MANIFEST_MAX,
                                                 .depth = 4, /* flat; room for what comes later */
                                                 .count = 256};
        struct image_manifest manifest = {0};
        const char *wrong;
        int rc;

        rc = doc_decode_text(&table, text, size, &limits, error, &manifest);
        if (rc < 0)
                return rc == -ENOMEM ? rc : -EBADMSG;
        wrong = what_is_wrong(&manifest);
        if (wrong) {
                snprintf(error, DOC_ERROR_SIZE, "image manifest: %s", wrong);
                return -EBADMSG;
        }
        *ret = manifest;
        return 0;
}

int image_manifest_print(const struct image_manifest *manifest, char **ret)
{
        _doc_ struct doc *object = doc_encode(&table, manifest);

        return object ? doc_print(object, DOC_PRETTY, ret) : -ENOMEM;
}

int image_manifest_open(const struct public_key *key, struct reader text, struct reader signature,
                        char *error, bool *ret_is_signed, struct image_manifest *ret)
{
        int rc;

        *ret_is_signed = false;
        error[0] = '\0';
        if (reader_left(&text) > IMAGE_MANIFEST_MAX ||
            reader_left(&signature) > IMAGE_SIGNATURE_MAX) {
                snprintf(error, DOC_ERROR_SIZE, "image manifest: it or its signature is too large");
                return -EBADMSG;
        }
        rc = minisign_verify(key, text.at, reader_left(&text), (const char *)signature.at,
                             reader_left(&signature));
        if (rc < 0) {
                snprintf(error, DOC_ERROR_SIZE, "image manifest: %s",
                         rc == -EKEYREJECTED ? "it is not signed by this site's key"
                                             : "its signature is no signature");
                return rc;
        }
        *ret_is_signed = true;
        return image_manifest_parse((const char *)text.at, reader_left(&text), error, ret);
}
