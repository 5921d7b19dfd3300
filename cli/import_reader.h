/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Who reads a disk image for `image import`: it may be anybody's, and whoever imports it has
 * credentials, keys and all his files. So a child that holds nothing but the open
 * file looks at it and compresses its frames; it opens, connects and runs nothing.
 */

#include "image/frame.h"
#include "lib/daemon/spawner.h"

struct import_reader;

#define IMPORT_READER_SIZE 160 /* of a reason */

/* What the first look at an image says. */
struct import_look {
        uint32_t sector_size;
        struct sha256 first; /* of its first frame's plain bytes */
};

/* The child; a test has its own one do what it must not. */
extern const struct child_kind import_reader_kind;

/**
 * import_reader_new() - the child
 * @fd:     the image, stays the caller's
 * @size:   its bytes, more than none
 * @level:  of zstd
 *
 * Must be called while there is one thread.
 *
 * Return: 0; -errno: there is no child.
 */
int import_reader_new(int fd, uint64_t size, int level, struct import_reader **ret);
struct import_reader *import_reader_free(struct import_reader *reader);
CLEANUP_DEFINE(struct import_reader *, import_reader_free)

/**
 * import_reader_look() - what it is
 * import_reader_frame() - a frame of it, compressed
 * @number:  below the image's number of frames
 * @stored:  IMAGE_STORED_MAX bytes
 * @why:     on failure the reason
 *
 * What the child says is believed of this image alone: a table that another file would have is what
 * whoever made the image could have had it say anyway.
 *
 * Return: 0; -EPIPE: the file ends before; -errno of reading; -EOWNERDEAD: the child gave no
 * answer.
 */
int import_reader_look(struct import_reader *reader, char why[static IMPORT_READER_SIZE],
                       struct import_look *ret);
int import_reader_frame(struct import_reader *reader, uint64_t number, uint8_t *stored,
                        char why[static IMPORT_READER_SIZE], struct image_frame *ret);
