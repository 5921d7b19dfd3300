/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside controller/images only: what is kept of each image and each upload. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "controller/images/images.h"
#include "image/import.h"

/* The files of an image, in the order in which they take their places: the manifest last. */
enum { FILE_DATA, FILE_SIGNATURE, FILE_MANIFEST, FILE_COUNT };
extern const char *const image_suffixes[FILE_COUNT];

/* NAME.raw.zst; and while it is on its way ".NAME.raw.zst.part" */
#define IMAGE_FILE_SIZE (IMAGE_NAME_SIZE + 24)
const char *image_file(char to[static IMAGE_FILE_SIZE], const char *name, unsigned which);
const char *image_part(char to[static IMAGE_FILE_SIZE], const char *name, unsigned which);

struct image {
        char name[IMAGE_NAME_SIZE];
        char broken[IMAGES_ERROR_SIZE]; /* why; "": it is not */
        bool has_manifest;              /* signed by our key, and of this name */
        bool is_leaving;                /* it is being deleted */
        bool is_held;                   /* it is being replaced */
        struct image_manifest manifest;
        uint64_t sizes[FILE_COUNT];
        char etags[FILE_COUNT][IMAGES_ETAG_SIZE];
};

/* Whoever set is_busy owns all but name, source and flags, without the lock. */
struct upload {
        bool is_used, is_busy;
        bool is_dropped;              /* images_expire() is to remove it, however young it is */
        struct image_manifest wanted; /* what is known of it before it is there */
        char source[IMAGES_SOURCE_SIZE];
        uint64_t heard_ms;
        int fd;
        struct image_import *import;
        struct spawner *spawner;
        struct spawned child;        /* that decompresses; made at the first frame */
        char why[IMAGES_ERROR_SIZE]; /* what became of it at this frame; "": nothing */
};
#define UPLOAD_EMPTY ((struct upload){.fd = -EBADF, .child = SPAWNED_NONE})

struct images {
        char *path;
        int folder;
        const struct signing_key *key;
        struct public_key public;
        struct spawner *spawner;
        uint64_t reserve;

        pthread_mutex_t lock; /* of all that follows; never held while the disk works for long */
        struct image *items[IMAGES_MAX]; /* sorted by name */
        size_t count;
        struct upload uploads[IMAGES_UPLOADS_MAX];
        pthread_t verifier;
        bool has_verifier; /* its thread was made and not joined */
        bool is_verifying;
        atomic_bool is_stopping;
        _Atomic uint64_t changes;
};

/* With the lock. NULL: none. An upload that is dropped is found, too. */
struct image *image_find(struct images *images, const char *name);
struct upload *upload_find(struct images *images, const char *name);

/* With the lock: takes the place of the one of its name, which is freed. 0; -EUSERS: there are
 * IMAGES_MAX; @take is freed. */
int image_put(struct images *images, struct image *take);

/* One sentence into @error (IMAGES_ERROR_SIZE bytes); yields @rc. */
#define IMAGES_FAIL(error, rc, ...) (snprintf((error), IMAGES_ERROR_SIZE, __VA_ARGS__), (rc))

/* Looks at the three files. A broken image is an image, too. NULL without memory. */
struct image *image_load(struct images *images, const char *name);
/* What is known of an image whose manifest and signature are these. NULL without memory. */
struct image *image_new(const char *name, const struct image_manifest *manifest, struct reader text,
                        struct reader signature);

/* Puts the parts of a finished import in their places; those that are there already stay. The
 * folder is not synced. 0, -errno. */
int image_commit(struct images *images, const char *name);

/* Finishes, removes and loads; at the start, when nobody else is here. 0, -errno, -ENOMEM. */
int images_scan(struct images *images);

/* An image_unpack_fn whose context is an upload: its child does it. */
int unpack_by_child(void *context, struct reader stored, uint32_t size, struct image_frame *ret);

/**
 * verify_by_child() - image_verify_fd(), elsewhere
 * @how:  IMAGES_ERROR_SIZE bytes; on -EOWNERDEAD what became of the child
 *
 * Return: as image_verify_fd(); -ECANCELED also when it stops; -EOWNERDEAD: the child has ended, or
 *         stood still and was ended: nothing is known of the image.
 */
int verify_by_child(struct images *images, int fd, const struct image_manifest *manifest, char *how,
                    uint64_t *ret_frame);

/* Ends uploads; nobody works on them any more. */
void uploads_close(struct images *images);
