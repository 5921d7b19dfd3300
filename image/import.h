/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Import: an image comes into being frame by frame, in their order. What is
 * handed in is a stored frame as somebody else compressed it; it is decompressed
 * and hashed here, so that the table says what is really in it.
 */

#include "image/frame.h"

struct image_import;

/**
 * image_import_new() - begin
 * @fd:    empty file, open for reading and writing; the caller's; holds NAME.raw.zst in the end
 * @size:  bytes of the disk image
 *
 * Return: 0; -EINVAL: no size that an image may have; -ENOMEM.
 */
int image_import_new(int fd, uint64_t size, struct image_import **ret);
struct image_import *image_import_free(struct image_import *import);
CLEANUP_DEFINE(struct image_import *, image_import_free)

/*
 * Whoever decompresses in this process's place, where the frames are a stranger's: the contract of
 * image_frame_unpack(); fills plain and is_zero of @ret. Its own errors are handed on, too.
 */
typedef int (*image_unpack_fn)(void *context, struct reader stored, uint32_t size,
                               struct image_frame *ret);
void image_import_unpack_by(struct image_import *import, image_unpack_fn unpack, void *context);

/* Which frame is expected next; image_frame_count() when all are there. */
uint64_t image_import_next(const struct image_import *import);
/* Whether the table was written: it cannot be ended again. */
bool image_import_is_ended(const struct image_import *import);

/* The next frame. 0; -EBADMSG: not one frame of the right size; -EOVERFLOW: all are there;
 * -errno of writing: the file is then unchanged and the frame may come again. */
int image_import_add(struct image_import *import, struct reader stored);

/**
 * image_import_end() - write the table, fill sizes and hashes of the manifest, sync
 * @manifest:  in: name, sector_size, os, architecture, made_ms; out: the rest
 *
 * Return: 0, once; -EAGAIN: frames are missing; -EINVAL: the manifest's name or sector size makes
 *         no sense, or it was ended before; -errno of writing: it may be tried again.
 */
int image_import_end(struct image_import *import, struct image_manifest *manifest);

/**
 * image_verify_fd() - read all of NAME.raw.zst and check every frame
 * @fd:        of it
 * @go_on:     asked before each frame; false ends it; may be NULL
 * @ret_frame: on failure the frame that is wrong; UINT64_MAX: the table itself, or the whole
 *             file's hash
 *
 * Return: 0, -EKEYREJECTED, -EBADMSG, -ECANCELED, -errno of reading.
 */
typedef bool (*image_go_on_fn)(void *context, uint64_t frame);
int image_verify_fd(int fd, const struct image_manifest *manifest, image_go_on_fn go_on,
                    void *context, uint64_t *ret_frame);

/*
 * The same without the frames, in a time that depends on the table alone: the file has the
 * manifest's size, and its table is the one that was hashed. 0, -EKEYREJECTED, -EBADMSG, -ENOMEM,
 * -errno of reading.
 */
int image_check_fd(int fd, const struct image_manifest *manifest);
